/* What the attributes of a node come to in nft's language: matches, one for an address with its mask or a range with its end. */
#ifndef KVMCTL_VM_FILTER_MATCH_H
#define KVMCTL_VM_FILTER_MATCH_H

#include <stdio.h>

#include "base/problems.h"
#include "vm/filter_tree.h"

/* How values are written, and so which type a named set of them has. */
enum match_format { MATCH_NUMBER, MATCH_HEX, MATCH_PORT, MATCH_MAC, MATCH_IPV4, MATCH_IPV6 };

/* Values as big-endian numbers of 16 bytes. */
struct match_value {
	uint8_t low[16], high[16];
	uint8_t mask[16]; /* only when `masked` */
	bool masked;      /* of bits that are not all at the front: no range says it */
	int prefix;       /* how many bits of an address count; -1: it is a range */
};

/* A kind of match: what is compared, and which attributes say with what. */
struct match_row {
	enum filter_attribute_id first, second;
	enum { MATCH_PLAIN, MATCH_MASK, MATCH_RANGE } role; /* of the second */
	enum match_format format;
	int bits;                       /* of the field */
	const char *ipv4, *ipv6, *rarp; /* nft's words for the field */
};

/* One match of a rule, in one direction. */
struct match {
	const struct match_row *row;
	const struct filter_operand *first, *second; /* second: NULL, there is none */
	const char *field;
	bool negated;
	bool as_set; /* all positions of its group at once */
};

/* The attribute in that direction: what it is mirrored to, or itself. */
enum filter_attribute_id match_effective(const struct filter_attribute_row *row, bool mirrored);
/* The match of this operand; false: it has none of its own (a mask, the end of a range, what is no field). */
bool match_of(const struct filter_tree_node *node, const struct filter_operand *operand, bool mirrored,
	      struct match *ret);
/* Its value with the groups of the rule at these positions. A range that ends before it begins is a problem. */
bool match_value(const struct match *match, const size_t *positions, const char *place, struct match_value *ret,
		 struct problems *problems);

/* The greatest value of the field. */
void match_ones(const struct match *match, uint8_t ret[16]);

/* A value (of an address: of that many bits) as a big-endian number at the end of 16 bytes. */
void match_number(const struct filter_value *value, enum filter_kind kind, int bits, uint8_t ret[16]);

/* Sorted, and put together where they are the same or, when there are ranges, touch; returns how many are left. Masked ones are not taken. */
size_t match_merge(struct match_value *values, size_t n);
/* Whether the values (sorted and merged) are all that the field can have. */
bool match_is_everything(const struct match *match, const struct match_value *values, size_t n);

/* "ip saddr 10.0.0.0/8 " */
void match_print(FILE *out, const struct match *match, const struct match_value *value);
/* "10.0.0.1, 10.0.0.5-10.0.0.9" */
void match_print_elements(FILE *out, const struct match *match, const struct match_value *values, size_t n);
/* "ipv4_addr"; NULL: there are no named sets of such. */
const char *match_set_type(const struct match *match);

#endif
