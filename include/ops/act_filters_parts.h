/* What the chapters of act_filters share: act_filters.c (the session), _compile.c (a binding), _groups.c (security
 * groups), _commit.c (records and rules). */
#ifndef KVMCTL_OPS_ACT_FILTERS_PARTS_H
#define KVMCTL_OPS_ACT_FILTERS_PARTS_H

#include "ops/act_filters.h"
#include "vm/filter_compile.h"

struct filters_change {
	char *interface;
	struct filter_binding *binding; /* NULL: it is taken out */
	struct filter_program program;
	size_t last_line; /* of the transaction's text */
};

struct filters {
	struct context *context;
	int lock;
	struct filter_kernel kernel;
	bool kernel_known; /* kernel is filled in */
	bool kernel_asked; /* in this session: not from what is remembered */
	struct filter_store store;
	struct filter_cache cache;
	struct filter_cache stored;       /* what is in the store, also while the cache has what would be */
	struct filter_binding **bindings; /* as recorded; see act_filters_bindings */
	size_t n_bindings;
	bool read;
	bool tolerant;                  /* a record that cannot be read holds up nobody else */
	struct problems unread;         /* such ones, by interface */
	struct filters_change *changes; /* one an interface */
	size_t n_changes;
	size_t base_lines, base_size; /* of the transaction's text before the first change */
	bool force;                   /* what seems to be in force is loaded all the same */
};

/* --- act_filters.c --- */
/* Of an interface there is one change: an empty one in place of what there was. Holds until the next one is made. */
struct filters_change *filters_change_of(struct filters *filters, const char *interface);
bool filters_is_changed(const struct filters *filters, const char *interface);
/* act_filters_put, but the problems do not say whose they are. */
int filters_put(struct filters *filters, const struct filter_binding *binding, struct problems *problems);
int filters_ask_kernel(struct filters *filters, struct error *err);
/* What was changed, and what was read: after a commit the records are others. */
void filters_forget(struct filters *filters);
/* As recorded; NULL: it has no record. Borrowed. */
int filters_recorded(struct filters *filters, const char *interface, const struct filter_binding **ret,
		     struct error *err);

/* --- _compile.c --- */
/* Chooses its number if it has none, or one that is of no use to its filter. The problems do not say whose they are. */
int filters_compile(struct filters *filters, struct filter_binding *binding, struct filter_program *ret,
		    struct problems *problems);
/* What a record comes to by the definitions that are in the store, whatever the cache has. -1: nothing. */
int filters_compile_recorded(struct filters *filters, const struct filter_binding *recorded,
			     struct filter_program *ret);

/* --- _groups.c --- */
/* The filter to build the binding's tree from: its own, or one of kvmctl's that has its groups besides. Owned by the caller. */
int filters_expand(struct filters *filters, const struct filter_binding *binding, char **ret,
		   struct problems *problems);
/* What the changes are to the sets of members. Behind all changes of NICs. */
int filters_group_sets(struct filters *filters, struct filter_transaction *transaction,
		       const struct filter_listing *listing, struct error *err);
/* Who should be in a set, after the changes (strv). */
int filters_group_members(const struct filters *filters, const char *set, char ***ret, struct error *err);
/* Sets whose members are others than are recorded: findings of no interface. */
int filters_verify_groups(const struct filters *filters, const struct filter_listing *listing,
			  struct filters_findings *findings, struct error *err);
/* After the commit: the sets of the listing that nobody asks go. */
void filters_drop_sets(const struct filters *filters, const struct filter_listing *listing);
/* --- _verify.c, _compare.c --- */
#define FILTERS_THINGS_NAMED 3
/* Made when there is none. Holds until the next one is made. */
struct filters_finding *filters_finding_of(struct filters_findings *findings, const char *interface);
/* Adds the things in which the kernel differs from what is put. */
int filters_compare(struct filters *filters, struct filters_findings *findings, struct error *err);

#endif
