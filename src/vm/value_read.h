/* Between the files of the room "value": the readers of identities, addresses and words (value_net.c) and of
 * references to filters (value_filter.c), for the table of readers (value_read.c). */
#ifndef KVMCTL_VM_VALUE_READ_H
#define KVMCTL_VM_VALUE_READ_H

#include "vm/value.h"

typedef bool value_read_fn(const struct value_rule *rule, const struct json *j, void *target, const char *path,
			   struct problems *problems);

value_read_fn value_read_uuid, value_read_mac, value_read_mac_prefix, value_read_address, value_read_subnet,
	value_read_words, value_read_tags, value_read_filter;

/* value_filter.c: target is a struct filter_reference **. */
void value_filter_free(void *target);
struct json *value_filter_to_json(const void *target);
struct json *value_filter_schema(void);

/* The problem `"TEXT" WHAT`, or that j must be WANTED; both return false. */
bool value_refuse(struct problems *problems, const char *path, const char *text, const char *what);
bool value_refuse_type(const struct json *j, const char *wanted, const char *path, struct problems *problems);
/* *(char **)target = a copy of text; true. */
bool value_set_text(void *target, const char *text);

#endif
