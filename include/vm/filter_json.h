/* Filters as JSON: the same model as the XML, key by key.
 *
 *   {"name": "ssh", "chain": "root", "entries": [
 *     {"comment": "from the office"},
 *     {"filterref": {"filter": "clean-traffic", "parameters": {"IP": ["10.0.0.1", "10.0.0.2"]}}},
 *     {"rule": {"action": "accept", "direction": "in", "priority": 500, "statematch": true,
 *               "nodes": [{"tcp": {"match": "yes", "srcipaddr": "$OFFICE", "dstportstart": 22}}]}}]}
 *
 * Values of attributes are text as in the XML, or numbers, or true and false where it is a boolean. */
#ifndef KVMCTL_VM_FILTER_JSON_H
#define KVMCTL_VM_FILTER_JSON_H

#include "base/json.h"
#include "vm/filter_model.h"

/* As filter_from_xml; mistakes come with their path ("entries[3].rule"). */
int filter_from_json(const char *text, size_t length, const char *what, struct filter **ret, struct error *err);
/* Everything that was given, decimal numbers as numbers. */
struct json *filter_to_json(const struct filter *filter);

/* XML or JSON, by its first character. */
int filter_parse(const char *text, size_t length, const char *what, struct filter **ret, struct error *err);

#endif
