/* A network filter as its definition says it: rules and references to other filters, in order. Nothing is
 * resolved here: references are names, values may be variables.
 *
 * Protocols and attributes are rows (src/vm/filter_protocols.def, filter_attributes.def): readers, writers,
 * compiler, manual and tests read them. Two layers, as libvirt has them: LINK rules look at each frame by
 * itself, NETWORK rules at IP packets with their connections; a frame must be accepted by both. */
#ifndef KVMCTL_VM_FILTER_MODEL_H
#define KVMCTL_VM_FILTER_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/error.h"

/* --- the tables --- */

enum filter_layer { FILTER_LAYER_LINK, FILTER_LAYER_NETWORK };
enum filter_family { FILTER_FAMILY_NONE, FILTER_FAMILY_IPV4, FILTER_FAMILY_IPV6 };
enum filter_weight { FILTER_WEIGHT_CORE, FILTER_WEIGHT_ADJACENT };

enum filter_protocol {
#define FILTER_PROTOCOL(id, ...) FILTER_PROTOCOL_##id,
#include "vm/filter_protocols.def"
#undef FILTER_PROTOCOL
	FILTER_PROTOCOL_MAX
};

struct filter_protocol_row {
	enum filter_protocol id;
	const char *name; /* "tcp-ipv6" */
	enum filter_layer layer;
	enum filter_family family; /* of the addresses in its attributes */
	const char *chain;         /* prefix of the chains where it can match ("ipv4"); "" for NETWORK */
	int number;                /* LINK: ether type, 0 none of its own; NETWORK: IP protocol, -1 every one */
	enum filter_weight weight;
	const char *ids, *doc;
};

enum filter_attribute_id {
#define FILTER_ATTRIBUTE(id, ...) FILTER_ATTRIBUTE_##id,
#include "vm/filter_attributes.def"
#undef FILTER_ATTRIBUTE
	FILTER_ATTRIBUTE_MAX,
	FILTER_ATTRIBUTE_NONE = FILTER_ATTRIBUTE_MAX,
	/* No definition has these: kvmctl's own filters do (vm/secgroup_filter.h). */
	FILTER_ATTRIBUTE_SRCMEMBERS,
	FILTER_ATTRIBUTE_DSTMEMBERS
};

enum filter_kind {
	FILTER_KIND_NUMBER,       /* decimal, or hex ("0x800", "1f"), or a word; -> number */
	FILTER_KIND_BOOLEAN,      /* -> number 0, 1 */
	FILTER_KIND_MAC,          /* -> bytes[0..5] */
	FILTER_KIND_MAC_MASK,     /* -> bytes[0..5], prefix */
	FILTER_KIND_ADDRESS,      /* of the protocol's family -> bytes[0..3] or [0..15], network order */
	FILTER_KIND_ADDRESS_MASK, /* 24, 255.255.255.0, ffff:: -> bytes, prefix */
	FILTER_KIND_TCP_FLAGS,    /* -> mask, number: bits of enum filter_tcp_flag */
	FILTER_KIND_STATES,       /* -> number: bits of enum filter_state */
	FILTER_KIND_SET_NAME,     /* -> text */
	FILTER_KIND_SET_FLAGS,    /* src,dst,... -> n in mask, bit i of number: the i-th is dst */
	FILTER_KIND_COMMENT,      /* -> text; never a variable */
	FILTER_KIND_MAX
};

/* As in the TCP header. */
enum filter_tcp_flag {
	FILTER_TCP_FIN = 0x01,
	FILTER_TCP_SYN = 0x02,
	FILTER_TCP_RST = 0x04,
	FILTER_TCP_PSH = 0x08,
	FILTER_TCP_ACK = 0x10,
	FILTER_TCP_URG = 0x20,
	FILTER_TCP_ALL = 0x3f
};

enum filter_state {
	FILTER_STATE_NEW = 1,
	FILTER_STATE_ESTABLISHED = 2,
	FILTER_STATE_RELATED = 4,
	FILTER_STATE_INVALID = 8,
	FILTER_STATE_NONE = 16 /* alone: connections are not looked at */
};

struct filter_word {
	const char *name; /* NULL ends the list */
	uint32_t number;
};

struct filter_attribute_row {
	enum filter_attribute_id id;
	const char *name;   /* "srcipaddr"; with the protocol it tells which row */
	const char *alias;  /* read as well, never written; or NULL */
	uint32_t protocols; /* bit 1 << FILTER_PROTOCOL_x */
	enum filter_kind kind;
	int64_t min, max; /* of numbers; max length of texts */
	const struct filter_word *words;
	enum filter_attribute_id mirror; /* what it becomes in the other direction; NONE: itself. The protocol may not
					 * have that one (srcmacaddr of NETWORK and STP) */
	enum filter_attribute_id needs;  /* stands beside it in the same node; NONE: nothing */
	enum filter_weight weight;
	const char *ids, *doc;
};

/* In the order of the enums. */
extern const struct filter_protocol_row filter_protocols[FILTER_PROTOCOL_MAX];
extern const struct filter_attribute_row filter_attributes[FILTER_ATTRIBUTE_MAX];
/* Source, destination: the address is a member of the security group of that name. In no table. */
extern const struct filter_attribute_row filter_members[2];

const struct filter_protocol_row *filter_protocol_by_name(const char *name); /* or NULL */
/* The row of that name (or alias) that the protocol has, or NULL. */
const struct filter_attribute_row *filter_attribute_by_name(const struct filter_protocol_row *protocol,
							    const char *name);
static inline bool filter_protocol_has(const struct filter_protocol_row *protocol, enum filter_attribute_id id)
{
	return id < FILTER_ATTRIBUTE_MAX && (filter_attributes[id].protocols >> protocol->id & 1);
}

/* --- values --- */

/* $NAME, $NAME[@ITERATOR], $NAME[ELEMENT]; $NAME is $NAME[@0]. */
struct filter_variable {
	char *name;   /* NULL: the value is constant */
	bool element; /* number is an element's, from 0; else an iterator's */
	unsigned number;
};

#define FILTER_ITERATOR_MAX 1000

struct filter_value {
	char *text; /* in the one form that is written; owned */
	struct filter_variable variable;
	/* of a constant: */
	uint64_t number;
	uint64_t mask;
	uint8_t bytes[16];
	int prefix; /* of masks: number of leading ones; -1: they are not all at the front */
};

/* Reads a value by its row, as the protocol has it. ERROR_SPEC; the caller names the attribute. The
 * second takes constants only: that is how the values of variables are read. */
int filter_value_parse(const struct filter_attribute_row *row, const struct filter_protocol_row *protocol,
		       const char *text, struct filter_value *ret, struct error *err);
int filter_value_parse_constant(const struct filter_attribute_row *row, const struct filter_protocol_row *protocol,
				const char *text, struct filter_value *ret, struct error *err);
void filter_value_free(struct filter_value *value);
static inline bool filter_value_is_variable(const struct filter_value *value)
{
	return value->variable.name;
}
/* Names of variables and parameters: letters, digits, '_'; and what values of parameters may have. */
bool filter_variable_name_is_valid(const char *name);
bool filter_variable_value_is_valid(const char *value);

/* --- the filter --- */

struct filter_attribute {
	const struct filter_attribute_row *row;
	struct filter_value value;
};

/* Its attributes are ANDed; negated: each by itself has to fail (libvirt: match='no'), masks belong to their address. */
struct filter_node {
	const struct filter_protocol_row *protocol;
	bool negated;
	struct filter_attribute *attributes; /* in the order written, none twice */
	size_t n_attributes;
	int line;
};

enum filter_action { FILTER_DROP, FILTER_ACCEPT, FILTER_REJECT, FILTER_RETURN, FILTER_CONTINUE, FILTER_ACTION_MAX };
enum filter_direction { FILTER_IN, FILTER_OUT, FILTER_INOUT, FILTER_DIRECTION_MAX }; /* IN: to the guest */

#define FILTER_PRIORITY_MIN (-1000)
#define FILTER_PRIORITY_MAX 1000
#define FILTER_RULE_PRIORITY 500

struct filter_rule {
	enum filter_action action;
	enum filter_direction direction;
	int priority;
	bool stateless;            /* statematch='false' */
	struct filter_node *nodes; /* ANDed; all of one protocol. None: everything, layer LINK */
	size_t n_nodes;
	char **comments; /* strv */
};

/* A variable's value, given by a reference: one, or a list. */
struct filter_parameter {
	char *name;
	char **values; /* strv, at least one */
};

void filter_parameters_free(struct filter_parameter *parameters, size_t n);
/* The parameter of that name, added at the end when there is none. */
struct filter_parameter *filter_parameters_get(struct filter_parameter **parameters, size_t *n, const char *name);

/* "NAME=VALUE" words (strv); the same name again makes a list. ERROR_USAGE. */
int filter_parameters_from_words(char *const *words, struct filter_parameter **ret, size_t *ret_n, struct error *err);

struct filter_reference {
	char *filter;
	struct filter_parameter *parameters; /* in the order of first mention, no name twice */
	size_t n_parameters;
	char **comments;
};

enum filter_entry_kind { FILTER_ENTRY_RULE, FILTER_ENTRY_REFERENCE, FILTER_ENTRY_COMMENT };

struct filter_entry {
	enum filter_entry_kind kind;
	int line; /* of the definition; 0 where it has no lines (JSON) */
	union {
		struct filter_rule rule;
		struct filter_reference reference;
		char *comment;
	};
};

#define FILTER_NAME_MAX 128
#define FILTER_CHAIN_MAX 12
#define FILTER_MAX_BYTES (16 * 1024 * 1024) /* of a definition */

struct filter {
	char *name;
	char uuid[37];                    /* "": none was given */
	char chain[FILTER_CHAIN_MAX + 1]; /* "root" when none was given */
	int priority;                     /* of the chain: as given, else the chain's own default */
	bool has_chain, has_priority;     /* written in the definition */
	char **comments;                  /* before the filter element */
	struct filter_entry *entries;
	size_t n_entries;
	char **places; /* of a filter that was made of something else, by entry (strv); NULL */
};

#define _cleanup_filter_ _cleanup_(filter_free_ptr)

struct filter *filter_new(void); /* chain root, no entries */
void filter_free(struct filter *filter);
void filter_free_ptr(struct filter **filter);
/* A zeroed entry at the end; a rule has its default priority. The pointer holds until the next one is added. */
struct filter_entry *filter_add_entry(struct filter *filter, enum filter_entry_kind kind, int line);
struct filter_node *filter_rule_add_node(struct filter_rule *rule, const struct filter_protocol_row *protocol,
					 int line);
/* Takes what value holds. */
void filter_node_add(struct filter_node *node, const struct filter_attribute_row *row, struct filter_value *value);
/* The parameter of that name, made when there is none. */
struct filter_parameter *filter_reference_parameter(struct filter_reference *reference, const char *name);
/* Frees what it holds. */
void filter_reference_clear(struct filter_reference *reference);

const struct filter_value *filter_node_value(const struct filter_node *node, enum filter_attribute_id id); /* or NULL */
/* NULL for a rule without nodes. */
static inline const struct filter_protocol_row *filter_rule_protocol(const struct filter_rule *rule)
{
	return rule->n_nodes ? rule->nodes[0].protocol : NULL;
}
static inline enum filter_layer filter_rule_layer(const struct filter_rule *rule)
{
	return rule->n_nodes ? rule->nodes[0].protocol->layer : FILTER_LAYER_LINK;
}
/* Where an entry stands, for errors and statistics: "line 12", "entries[3]". Owned by the caller. */
char *filter_entry_place(const struct filter *filter, size_t entry);

/* A rule in one line, for people: "drop out 500: ip srcipaddr=$IP". Owned by the caller. */
char *filter_rule_text(const struct filter_rule *rule);

/* Same name, chain, entries, comments ...; lines do not count. */
bool filter_equal(const struct filter *a, const struct filter *b);

bool filter_name_is_valid(const char *name, struct error *err); /* it is a file's name too */
/* Sets chain, priority to the chain's default. Refuses names that are none: ERROR_SPEC. */
int filter_set_chain(struct filter *filter, const char *chain, struct error *err);
/* "ipv4" of "ipv4-foo"; "root" of root. */
const char *filter_chain_prefix(const char *chain);
/* What a chain without a priority has. libvirt gives the chains of stp 0 although its manual says -810. */
int filter_chain_default_priority(const char *chain);

const char *filter_action_to_string(enum filter_action action);
const char *filter_direction_to_string(enum filter_direction direction);
int filter_action_from_string(const char *s);    /* or -1 */
int filter_direction_from_string(const char *s); /* or -1 */

#endif
