/* The strict reader behind json_parse. It builds json-c's objects itself: json-c's tokener takes the last
 * of two equal keys, single quotes and numbers that do not fit, and says nothing. Only base/json.c and
 * base/json_read.c include this. */
#ifndef KVMCTL_BASE_JSON_READ_H
#define KVMCTL_BASE_JSON_READ_H

/* json-c has an `enum json_type` and a type json_bool of its own; it has no symbols of these names. */
#define json_type json_c_type
#define json_bool json_c_bool
#include <json-c/json.h>
#undef json_type
#undef json_bool

#include <stddef.h>

#include "base/error.h"
#include "base/json.h"

/* As json_parse, without the bound of size. */
int json_read(const char *text, size_t length, int max_depth, const char *what, struct json **ret, struct error *err);

#endif
