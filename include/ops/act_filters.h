/* A change of what is filtered on this host: begun, filled, committed as one transaction: all of it or nothing.
 *
 *   act_filters_begin     takes the lock, knows what the kernel can do, reads what is there
 *   act_filters_put       compiles a binding for it; its record is written by the commit, before the rules
 *   act_filters_remove    takes an interface out; its record goes after the rules
 *   act_filters_commit    loads everything in one transaction
 *
 * Nothing has changed before the commit, and nothing when it fails, but for records of interfaces that had none. */
#ifndef KVMCTL_OPS_ACT_FILTERS_H
#define KVMCTL_OPS_ACT_FILTERS_H

#include "base/problems.h"
#include "ops/context.h"
#include "vm/filter_binding.h"
#include "vm/filter_cache.h"

struct filters;
#define _cleanup_filters_ _cleanup_(filters_free_ptr)

/* ERROR_BUSY names who holds the lock; ERROR_HOST: no nftables here, or no right. */
int act_filters_begin(struct context *context, const char *verb, struct filters **ret, struct error *err);
/* The same for who holds the lock already (rundir_lock_filters): it is taken over. */
int act_filters_begin_locked(struct context *context, int *lock, struct filters **ret, struct error *err);
/* To see what would be: without the lock, and nothing can be committed. ERROR_HOST. */
int act_filters_look(struct context *context, struct filters **ret, struct error *err);
void filters_free_ptr(struct filters **filters);

/* The lock alone: the kernel is asked when something is put or taken out. For changes of definitions, which may concern nobody. */
int act_filters_lock(struct context *context, const char *verb, struct filters **ret, struct error *err);

/* The definitions that it compiles from; filter_cache_add() on it says what would be. */
struct filter_cache *act_filters_cache(struct filters *filters);
/* All bindings that there are, read when first asked for; borrowed. A damaged record is an error: nothing may be taken for unfiltered. */
int act_filters_bindings(struct filters *filters, struct filter_binding *const **ret, size_t *ret_n, struct error *err);

/* "tap0", "tap0 (NIC 0 of instance "web1")". Owned by the caller. */
char *act_filters_binding_text(const struct filter_binding *binding);

/* Compiles. binding->number 0: one that is free is chosen. Problems are added with the binding's interface (and instance) before them;
 * -1 then. The binding is copied. */
int act_filters_put(struct filters *filters, const struct filter_binding *binding, struct problems *problems);
/* The same, and it is forgotten: the problems are those of the binding's filter, with their places in it. */
int act_filters_check(struct filters *filters, const struct filter_binding *binding, struct problems *problems);
/* Says in the log which of the binding's parameters no rule refers to: what was mistyped has no effect. where: before it. */
void act_filters_warn_unused(struct filters *filters, const struct filter_binding *binding, const char *where);
void act_filters_remove(struct filters *filters, const char *interface);
/* Puts in again every binding whose tree has one of these filters or groups in it (strv; NULL: every binding). *ret_n may be NULL. */
int act_filters_refresh(struct filters *filters, char *const *filters_changed, char *const *groups_changed,
			size_t *ret_n, struct problems *problems, struct error *err);
/* ERROR_HOST: the kernel refused; the error names interface, filter and line of the rule. */
int act_filters_commit(struct filters *filters, struct error *err);

/* --- looking after it --- */

/* What is wrong with an interface ("": with the tables themselves). */
struct filters_finding {
	char *interface;
	char **what;      /* strv */
	bool wrong_rules; /* to put it in again helps */
	char *things;     /* chains and sets that differ, the first few */
	size_t n;         /* how many */
};
struct filters_findings {
	struct filters_finding *list;
	size_t n, bindings; /* bindings: how many were looked at */
};
void filters_findings_free(struct filters_findings *findings);
/* Changes nothing, and forgets what was put. each_rule: not only which program stands there by its name, but every rule and element;
 * that takes a network namespace. ERROR_HOST. */
int act_filters_verify(struct filters *filters, bool each_rule, struct filters_findings *ret, struct error *err);
/* Who looks after all goes on with the others where a record cannot be read; nothing is said of such an interface but by act_filters_unread. */
void act_filters_tolerate(struct filters *filters);
void act_filters_unread(const struct filters *filters, struct problems *problems);
/* What is put is loaded whole, also where it seems to be in force. */
void act_filters_force(struct filters *filters);
/* What is bound, of which the kernel has no rules, and which is not put: it could not be compiled. Nothing passes there until it can.
 * *ret_closed (strv): which. */
int act_filters_close_rest(struct filters *filters, char ***ret_closed, struct error *err);
/* Takes out what is in the kernel of interfaces that are gone and have no record. *ret_left (strv): interfaces without a record that are
 * there: they may be another run directory's. */
int act_filters_remove_strangers(struct filters *filters, char ***ret_removed, char ***ret_left, struct error *err);

#endif
