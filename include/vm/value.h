/* One typed value of a table row: from JSON into a member of a struct, back to JSON, to text, to JSON
 * Schema.
 *
 * The parameters (params.def) and the keys of instance, disk, NIC and settings (*_keys.def) are rows that
 * end in a rule; here is what a rule can say and the only code that reads a value of a spec or of the
 * settings. */
#ifndef KVMCTL_VM_VALUE_H
#define KVMCTL_VM_VALUE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/json.h"
#include "base/problems.h"

enum value_kind {
	/* the first five are the kinds of parameters, in the order of enum param_kind */
	VALUE_BOOL,       /* bool */
	VALUE_INT,        /* int64_t, min..max, or one of `choices` */
	VALUE_TEXT,       /* char *, one line, at most max bytes (0: 4096) */
	VALUE_PATH,       /* char *, absolute or "" */
	VALUE_CHOICE,     /* char *, one of `choices` */
	VALUE_ENUM,       /* int: the index of the word in `choices`; JSON true and false are the words */
	VALUE_FLAG,       /* bool: false is the first of the two words in `choices`, true the second */
	VALUE_PROSE,      /* char *, may have several lines */
	VALUE_UUID,       /* char *, lower case, or "" */
	VALUE_MAC,        /* char *, lower case, or "" */
	VALUE_MAC_PREFIX, /* char *, three octets, lower case, or "" */
	VALUE_IP4,
	VALUE_IP6, /* char *, an address without prefix length, or "" */
	VALUE_SUBNET4,
	VALUE_SUBNET6, /* char *, ADDRESS/LENGTH, or "" */
	VALUE_WORDS,   /* char *: an array of words, or a text of words; blank-separated when read */
	VALUE_TAGS,    /* char **: an array of words */
	VALUE_OBJECT,  /* struct json *: any object, or NULL */
	VALUE_FILTER,  /* struct filter_reference *, or NULL: a filter's name, or an object of name and parameters */
	VALUE_SECONDS, /* int64_t, milliseconds (min..max); written as a number of seconds, or as "90s", "2m" */
	VALUE_SIZE,    /* int64_t, bytes (min..max); written as a number of bytes, or as "64K", "1M", "2G" */
	VALUE_TABLE,   /* a struct with a table of its own (see keys.h) */
	VALUE_PART, /* read by code of its own; `choices` names the table ("disk[]" for an array of it; NULL: text or a number) */
	VALUE_REFUSED, /* not built yet: any value is a problem, `choices` is its text */
	VALUE_KIND_MAX
};

struct value_rule {
	enum value_kind kind;
	int64_t min, max;
	const char *choices; /* separated by blanks; a leading "\"\"" means that empty is allowed */
	bool tolerant;       /* booleans and integers may be written as text, too ("true", "1024"), as Ganeti does */
};

/* Reads j into *target. False, with a problem under path and *target untouched, when it does not follow the rule. */
bool value_read(const struct value_rule *rule, const struct json *j, void *target, const char *path,
		struct problems *problems);
/* Sets *target (not initialized before) from the text of a row's default. The text of VALUE_SECONDS and
 * VALUE_SIZE is in milliseconds and bytes. */
void value_default(const struct value_rule *rule, const char *text, void *target);
/* Frees what *target holds. */
void value_free(const struct value_rule *rule, void *target);

/* The value as the JSON that value_read reads. NULL for kinds that have none of their own (TABLE, PART, REFUSED). */
struct json *value_to_json(const struct value_rule *rule, const void *target);
/* The same for a default's text. */
struct json *value_default_json(const struct value_rule *rule, const char *text);
/* As text: "true", "38400", "disk". Owned by the caller. */
char *value_text(const struct value_rule *rule, const void *target);
/* The rule as a JSON Schema (draft 2020-12). */
struct json *value_schema(const struct value_rule *rule);
/* The rule for people: "true or false", "0 to 32", "pc or q35", "absolute path". Owned by the caller. */
char *value_kind_text(const struct value_rule *rule);

/* The words of `choices`, with "" for the leading "\"\"". Owned by the caller. */
char **value_words(const char *choices);
/* True for "http://", "https://", "ftp://" and more behind it. */
bool text_is_url(const char *s);
/* True when s can be the name of a network interface of Linux. */
bool text_is_interface(const char *s);
/* 4 or 6 for an address of that family, else 0. */
int text_ip_version(const char *s);

#endif
