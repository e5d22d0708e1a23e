/* Members of security groups that somebody has added by hand.
 *
 * Addresses: a file of lines per group, to which one is appended: a group of ten thousand is neither parsed nor written for one more.
 * Who is killed while he appends leaves a last line without its end, which nobody reads and the next writer cuts off. Removing writes
 * the file anew.
 *
 * NICs of instances: a file per instance, so that a start reads one. Both are durable. Whoever changes them holds the store's lock. */
#ifndef KVMCTL_VM_SECGROUP_MEMBERS_H
#define KVMCTL_VM_SECGROUP_MEMBERS_H

#include "vm/secgroup_store.h"

#define SECGROUP_ALL_NICS (-1)

/* An address, INSTANCE, or INSTANCE/NIC. */
struct secgroup_member {
	bool is_address;
	char address[46]; /* as inet_ntop writes it */
	bool ipv6;
	uint8_t bytes[16]; /* 4 of them for IPv4 */
	char *instance;
	int64_t nic; /* SECGROUP_ALL_NICS */
};
#define _cleanup_secgroup_member_ _cleanup_(secgroup_member_clear)
void secgroup_member_clear(struct secgroup_member *member);
/* ERROR_USAGE. */
int secgroup_member_parse(const char *text, struct secgroup_member *ret, struct error *err);
/* Addresses only. False: it is none (a prefix, a name). */
bool secgroup_address_parse(const char *text, struct secgroup_member *ret);

/* --- addresses --- */
/* The addresses: sorted, each once (strv_sort_unique). ret_changed[i] (or NULL): whether the i-th was not there before. All of them in
 * one write. */
int secgroup_addresses_add(const struct secgroup_store *store, const char *group, char *const *addresses,
			   bool *ret_changed, struct error *err);
int secgroup_addresses_remove(const struct secgroup_store *store, const char *group, char *const *addresses,
			      bool *ret_changed, struct error *err);
/* As they were added (strv). */
int secgroup_addresses(const struct secgroup_store *store, const char *group, char ***ret, struct error *err);
/* Which of these are there (ret[i]). */
int secgroup_addresses_have(const struct secgroup_store *store, const char *group, char *const *addresses, bool *ret,
			    struct error *err);

/* --- NICs --- */
/* nic: SECGROUP_ALL_NICS for all that the instance has and will have. */
int secgroup_instance_add(const struct secgroup_store *store, const char *group, const char *instance, int64_t nic,
			  bool *ret_changed, struct error *err);
/* SECGROUP_ALL_NICS: also those that a single NIC has. */
int secgroup_instance_remove(const struct secgroup_store *store, const char *group, const char *instance, int64_t nic,
			     bool *ret_changed, struct error *err);
/* Adds to *groups (strv) those that this NIC has by hand, none twice: for who starts it. */
int secgroup_instance_groups(const struct secgroup_store *store, const char *instance, int64_t nic, char ***groups,
			     struct error *err);
/* "web1" and "web1/0" (strv, sorted): what has the group by hand. */
int secgroup_instances(const struct secgroup_store *store, const char *group, char ***ret, struct error *err);

#endif
