/* Rules of NICs as the kernel has them: whose they are, where they stand, what they have counted. Pure: nft's JSON goes in. */
#ifndef KVMCTL_VM_FILTER_ROWS_H
#define KVMCTL_VM_FILTER_ROWS_H

#include "base/json.h"
#include "vm/filter_model.h"

/* What the name of a chain says. */
struct filter_chain_name {
	char *interface;
	enum filter_direction direction; /* FILTER_OUT: what the guest sends; FILTER_IN */
	enum filter_layer layer;
	char *chain; /* of the filter: "root", "ipv4-x"; of layer NETWORK "root" */
};
/* False: it is no chain of a NIC. */
bool filter_chain_name_parse(const char *name, struct filter_chain_name *ret);
void filter_chain_name_clear(struct filter_chain_name *name);
#define _cleanup_filter_chain_name_ _cleanup_(filter_chain_name_clear)

struct filter_row {
	char *chain; /* the kernel's name of it */
	uint64_t handle;
	char *filter, *place; /* "web", "line 3"; filter "" and what the rule is for when it is of none */
	bool counted;         /* has a counter: a rule of a filter, or one beside them */
	int64_t packets, bytes;
};
struct filter_rows {
	struct filter_row *list;
	size_t n;
};
#define _cleanup_filter_rows_ _cleanup_(filter_rows_clear)
void filter_rows_clear(struct filter_rows *rows);

/* Adds what nft's JSON ("list chain ...", "list table ...") has of rules in table bridge kvmctl. ERROR_UNKNOWN: it is none. */
int filter_rows_add(struct filter_rows *rows, const char *nft, struct error *err);
/* NULL: there is none in that chain. */
const struct filter_row *filter_rows_find(const struct filter_rows *rows, const char *chain, uint64_t handle);

/* The same rule as many of the kernel's: for each combination of its variables, and on each NIC. */
struct filter_sum {
	const char *filter, *place; /* the rows' */
	enum filter_direction direction;
	enum filter_layer layer;
	int64_t packets, bytes;
	size_t first; /* of its rows */
};
/* In the order in which they stand in the rows; owned by the caller. only: of that filter; or NULL. */
struct filter_sum *filter_rows_sum(const struct filter_rows *rows, const char *only, size_t *ret_n);

#endif
