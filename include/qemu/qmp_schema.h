/* The reply to query-qmp-schema, walked from a command's name: the names of types are masked numbers that
 * differ from binary to binary. */
#ifndef KVMCTL_QEMU_QMP_SCHEMA_H
#define KVMCTL_QEMU_QMP_SCHEMA_H

#include <stdbool.h>

#include "base/json.h"

struct qmp_schema;

#define _cleanup_qmp_schema_ _cleanup_(qmp_schema_free_ptr)

/* entities: the array that the command returned; borrowed, must outlive the schema. ERROR_QEMU when it is
 * no such array. */
int qmp_schema_new(const struct json *entities, struct qmp_schema **ret, struct error *err);
void qmp_schema_free(struct qmp_schema *schema);
void qmp_schema_free_ptr(struct qmp_schema **schema);

/* Walks `path`, words between blanks: first a command, then per word a member of its arguments (an array
 * stands for its elements), or MEMBER=VALUE: a variant's members, or a value of an enumeration.
 * "blockdev-add driver=file aio=io_uring", "display-update type=vnc addresses". The entity where the path
 * ends (a type, or the command itself), borrowed; NULL when the binary does not have it. */
const struct json *qmp_schema_walk(const struct qmp_schema *schema, const char *path);
bool qmp_schema_has(const struct qmp_schema *schema, const char *path);
/* A feature of a command: "device_add", "json-cli". */
bool qmp_schema_has_feature(const struct qmp_schema *schema, const char *command, const char *feature);
/* The values of the enumeration where the path ends, added to *ret; none when there is no such. */
void qmp_schema_values(const struct qmp_schema *schema, const char *path, char ***ret);
/* The names of all commands, added to *ret. */
void qmp_schema_commands(const struct qmp_schema *schema, char ***ret);

#endif
