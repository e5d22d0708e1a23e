/* Rules of a NIC in nft's language. Pure: a tree, a NIC and what the kernel can do go in, text comes out.
 *
 * Theory of operation. All rules are in the table "bridge kvmctl". Four base chains look the interface up in a map each, so that the
 * cost for one guest does not grow with their number, and go to a chain of the NIC:
 *
 *   o2   what the guest sends, frame by frame (layer LINK)            prerouting -300
 *   o3   what the guest sends, IP with its connections (NETWORK)      prerouting 10, behind br_netfilter's 0
 *   i3   what the guest gets, IP with its connections                 forward -10 (before br_netfilter's -1) and output
 *   i2   what the guest gets, frame by frame                          postrouting 300
 *
 * Runs of rules that begin alike are in chains of their own (o3-tap0/ipv4-1), entered by what they have in common.
 *
 * Each of them accepts or drops for itself, so a frame has to be accepted by both layers. Frames from the host to a guest take the
 * same way. The end of a chain accepts, as libvirt's does.
 *
 * State of connections: where the kernel tracks them in the bridge family, by `ct`. Else br_netfilter lets IP frames through the inet
 * hooks, where the table "inet kvmctl" writes the state into bits of the frame's mark, which the chains above read. `reject` sets a bit
 * of that mark and the inet hooks refuse; `connlimit-above` is counted there. A frame that has not come by there has no state, and
 * no rule with a state accepts it: it fails closed. */
#ifndef KVMCTL_VM_FILTER_COMPILE_H
#define KVMCTL_VM_FILTER_COMPILE_H

#include "base/json.h"
#include "vm/filter_tree.h"

/* What the kernel (in this network namespace) can do. */
struct filter_kernel {
	bool bridge;           /* nftables in the bridge family at all */
	bool bridge_ct;        /* connection tracking of bridged frames */
	bool bridge_reject;    /* reject in the bridge family */
	bool bridge_netfilter; /* br_netfilter is there: bridged IP frames can go through the inet hooks */
	bool inet_ct, inet_reject, connlimit;
	uint32_t mark_mask; /* bits of the mark that are ours: together, 5 at least */
};
#define FILTER_MARK_MASK 0x0fff0000u

struct filter_nic {
	const char *interface;
	unsigned
		number; /* unlike any other's on the host and the same as long as it is there; from 2. For connlimit-above */
};

/* What is made for a NIC. `text` adds to the tables: chains and sets must be there and empty before (filter_transaction_put does it). */
struct filter_program {
	char *text;
	char **lists,
		**list_texts; /* sets of values and their definitions, which come first; the name says what is in it */
	char **chains,
		**sets; /* of table bridge kvmctl; the first four chains are o2, o3, i3, i2; sets: but for the lists */
	char **groups;  /* sets with the members of security groups: shared by all NICs */
	char **inet_chains, **inet_sets;
	bool connections; /* the bridge must call br_netfilter (nf_call_iptables, nf_call_ip6tables), unless bridge_ct */
	size_t rules;
	char **warnings; /* where something has to be done otherwise than it is written */
};

#define _cleanup_filter_program_ _cleanup_(filter_program_clear)
void filter_program_clear(struct filter_program *program);

/* With the definitions of the lists and of the groups' sets, to look at. Owned by the caller. */
char *filter_program_text(const struct filter_program *program);

/* Tells programs apart: it is in the kernel beside the rules (filter_transaction_put), and so says whose they are. */
uint64_t filter_program_digest(const struct filter_program *program);

/* The set of table bridge kvmctl with the addresses of a security group's members of one family. Owned by the caller. */
char *filter_group_set(const char *group, enum filter_family family);
/* The group whose set of which family this is. Owned by the caller. */
char *filter_group_of_set(const char *set, enum filter_family *ret_family);

/* All problems at once, places as filter_tree_build has them. */
int filter_compile(const struct filter_tree *tree, const struct filter_nic *nic, const struct filter_kernel *kernel,
		   struct filter_program *ret, struct problems *problems);

/* --- transactions: text for nft_load() --- */

struct filter_transaction;
#define _cleanup_filter_transaction_ _cleanup_(filter_transaction_free)
/* Begins with the tables, their base chains and maps: made when they are not there, written afresh when they are. */
struct filter_transaction *filter_transaction_new(const struct filter_kernel *kernel);
void filter_transaction_free(struct filter_transaction **transaction);

/* What of a NIC is in the kernel now. */
struct filter_existing {
	char **chains, **sets;           /* of table bridge kvmctl */
	char **inet_chains, **inet_sets; /* of table inet kvmctl */
	unsigned limit_key;              /* by which its connections are counted; 0: they are not */
};
#define _cleanup_filter_existing_ _cleanup_(filter_existing_clear)
void filter_existing_clear(struct filter_existing *existing);

/* All chains and sets of both tables, so that those of a NIC are found quickly. */
struct filter_listing;
#define _cleanup_filter_listing_ _cleanup_(filter_listing_free)
struct filter_listing *filter_listing_new(void);
void filter_listing_free(struct filter_listing **listing);
/* Adds what nft's JSON (of "chains bridge", "sets inet", "ruleset" ...) names. */
void filter_listing_add(struct filter_listing *listing, const struct json *nft);
/* The sets of groups that are there (strv, borrowed). */
char *const *filter_listing_groups(const struct filter_listing *listing);
/* What the NIC has; nothing when it is not there. */
void filter_listing_of(struct filter_listing *listing, const char *interface, struct filter_existing *ret);

/* All interfaces of which there is something, sorted (strv). */
char **filter_listing_interfaces(struct filter_listing *listing);
/* Whether the program that was put in last is this one, as far as names tell. */
bool filter_existing_is(const struct filter_existing *existing, const struct filter_nic *nic,
			const struct filter_program *program);

/* Puts a NIC in, in place of what is there of it. bridge: the host's link above, whose own traffic to guests has state; NULL: none. */
void filter_transaction_put(struct filter_transaction *transaction, const struct filter_nic *nic, const char *bridge,
			    const struct filter_program *program, const struct filter_existing *existing);
/* The same where the kernel has the program `before` of the same NIC, number and bridge, and only rules of chains differ: then only those are
 * replaced. False: more differs, nothing was done. */
bool filter_transaction_change(struct filter_transaction *transaction, const struct filter_nic *nic,
			       const struct filter_program *before, const struct filter_program *program);
/* Takes a NIC out; one that is not there as well. */
void filter_transaction_remove(struct filter_transaction *transaction, const struct filter_nic *nic,
			       const struct filter_existing *existing);
/* The set of a group, empty where it was not there (put does it for those of the program); its elements; without them (delete) some
 * of which may not be in it. Nothing else of it is touched. */
void filter_transaction_group(struct filter_transaction *transaction, const char *set);
void filter_transaction_group_add(struct filter_transaction *transaction, const char *set, char *const *addresses);
void filter_transaction_group_delete(struct filter_transaction *transaction, const char *set, char *const *addresses);
/* All of them out, for those who know better. */
void filter_transaction_group_flush(struct filter_transaction *transaction, const char *set);
/* The text; owned by the transaction. */
const char *filter_transaction_text(struct filter_transaction *transaction);

/* Whose a chain or set of our tables is by its name; NULL: nobody's. Owned by the caller. */
char *filter_thing_interface(const char *name);

/* Names of interfaces that nft can be told: ERROR_SPEC for others. */
int filter_interface_check(const char *interface, struct error *err);

#endif
