/* Addresses that were learned, with what they are known by and until when: a file for each NIC in state_dir/.leases, so that leases are
 * known again after the learner, the guest or the host was started anew. Under the lock of filters. */
#ifndef KVMCTL_VM_LEASES_H
#define KVMCTL_VM_LEASES_H

#include "vm/filter_binding.h"
#include "vm/learn.h"

struct lease {
	char *address;
	enum learn_source source;
	int64_t until_ms; /* Unix time; 0: for good */
};

struct leases {
	char *mac; /* whose they are */
	struct lease *list;
	size_t n;
};

#define _cleanup_leases_ _cleanup_(leases_clear)
void leases_clear(struct leases *leases);

const struct lease *leases_find(const struct leases *leases, const char *address); /* or NULL */
void leases_set(struct leases *leases, const char *address, enum learn_source source, int64_t until_ms);
void leases_remove(struct leases *leases, const char *address);

/* For another host, whose clock is another: "ADDRESS/SOURCE/SECONDS" that are left; 0: for good. An address by itself is read as well. Both owned by
 * the caller; NULL, false: it is no such text. */
char *lease_to_text(const struct lease *lease);
bool lease_from_text(const char *text, struct lease *ret);
/* What is assumed of an address of which nothing is on disk. */
void lease_guess(const char *address, bool any, struct lease *ret);

/* Those of the binding; none when there is no file, or when it is about another MAC address. ERROR_HOST, ERROR_SPEC: damaged, ERROR_UNKNOWN: a
 * newer kvmctl's. */
int leases_read(const char *state_dir, const struct filter_binding *binding, struct leases *ret, struct error *err);
/* Durable. An empty list removes the file. */
int leases_write(const char *state_dir, const struct filter_binding *binding, const struct leases *leases,
		 struct error *err);

/* Files of which nothing would be known again to a NIC that is made anew: all in them is over, or was only seen in traffic. A NIC that is there has
 * use for them: is_owner says it of an instance, or ("") of an interface. With remove they go; what cannot be read stays. True: there are some. */
typedef bool leases_owner_fn(void *arg, const char *instance, const char *interface);
bool leases_sweep(const char *state_dir, bool remove, leases_owner_fn *is_owner, void *arg);

/* The binding, of another interface on the same bridge, that has this address: given, learned, or made of its MAC; or NULL. */
const struct filter_binding *filter_address_owner(struct filter_binding *const *bindings, size_t n,
						  const struct filter_binding *mine, const char *address);

#endif
