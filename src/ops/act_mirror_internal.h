/* What the files of act_mirror share: the names that tell our jobs and nodes from others', and how one is spoken to. */
#ifndef KVMCTL_OPS_ACT_MIRROR_INTERNAL_H
#define KVMCTL_OPS_ACT_MIRROR_INTERNAL_H

#include "qemu/qmp.h"

#define MIRROR_JOB "kvmctl-copy-"    /* + the disk's index */
#define MIRROR_NODE "kvmctl-target-" /* the same; at most 31 bytes */
#define MIRROR_ANSWER_MS 10000
#define MIRROR_CONCLUDE_MS 60000 /* what is left of a mirror that is ready: at most its buffers */

/* mirrors_is_event, as qmp_rest wants it. */
bool mirror_is_event(const struct json *event, void *arg);
/* A command with one argument; what it returns is not looked at. */
int mirror_command(struct qmp *qmp, const char *name, const char *key, const char *value, struct error *err);

#endif
