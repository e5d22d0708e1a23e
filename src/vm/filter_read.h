/* What the readers of XML and JSON share: keys with their values as text, one by one, into the model. Each
 * mistake becomes a problem at the place where the reader is; reading goes on, so that all are found. */
#ifndef KVMCTL_VM_FILTER_READ_H
#define KVMCTL_VM_FILTER_READ_H

#include "base/problems.h"
#include "vm/filter_model.h"

/* Nobody reads more of them. */
#define FILTER_PROBLEMS_MAX 100

struct filter_reading {
	struct problems *problems;
	int line;         /* XML: where the reader is */
	const char *path; /* JSON: the same, "entries[3].rule"; NULL: the line tells */
};

void filter_complain(struct filter_reading *reading, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Says that key is unknown in `where` ("ip", "rule"), with the nearest of the n names. */
void filter_unknown(struct filter_reading *reading, const char *kind, const char *key, const char *where,
		    const char *const *names, size_t n);

/* name, chain, priority, uuid */
void filter_read_filter_key(struct filter_reading *reading, struct filter *filter, const char *key, const char *text);
/* action, direction, priority, statematch. *required collects which of the first two were there. */
void filter_read_rule_key(struct filter_reading *reading, struct filter_rule *rule, unsigned *required, const char *key,
			  const char *text);
void filter_rule_complete(struct filter_reading *reading, unsigned required);
/* A node of the protocol of that name, or NULL when it cannot be. */
struct filter_node *filter_read_node(struct filter_reading *reading, struct filter_rule *rule, const char *protocol);
/* match, and the attributes of its protocol */
void filter_read_node_key(struct filter_reading *reading, struct filter_node *node, const char *key, const char *text);
/* One value of a parameter. */
void filter_read_parameter(struct filter_reading *reading, struct filter_reference *reference, const char *name,
			   const char *text);
void filter_read_reference(struct filter_reading *reading, struct filter_reference *reference, const char *filter);
/* False when the text cannot be an XML comment. */
bool filter_read_comment_text(struct filter_reading *reading, const char *text);

/* What one node cannot say (vm/filter_check.h: an attribute that needs another, a range from above to below ...). */
void filter_read_node_end(struct filter_reading *reading, const struct filter_node *node);

#endif
