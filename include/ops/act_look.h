/* What list, info and state say alike of an instance: a row of JSON, and what its monitor adds or corrects. */
#ifndef KVMCTL_OPS_ACT_LOOK_H
#define KVMCTL_OPS_ACT_LOOK_H

#include "base/json.h"
#include "ops/act_ask.h"
#include "ops/context.h"
#include "vm/instance.h"
#include "vm/orphan.h"

/* instance_look, and where nothing is recorded of the name: is there an orphan? */
int look_instance(struct context *context, const char *name, struct instance *ret, struct error *err);
/* The same for one of many, when the orphans of all of them have been looked for (orphans_find). */
int look_instance_of_many(struct context *context, const char *name, const struct orphans *orphans,
			  struct instance *ret, struct error *err);
/* ERROR_NO_INSTANCE for a name of which there is nothing: no process, no record, no spec. */
int look_require_known(const struct context *context, const struct instance *instance, struct error *err);
/* True when its monitors can be asked. */
bool look_is_alive(const struct instance *instance);
/* The same, and true where only that is unknown where its guest runs: it was handed over. */
bool look_has_qemu(const struct instance *instance);

/* The questions of list --full, in this order. */
extern const char *const look_questions[];
extern const size_t look_n_questions;
/* State, reason and memory as QEMU itself tells them. *ret_run_state: its own word; owned by the caller. */
void look_correct(struct instance *instance, const struct ask *ask, char **ret_run_state);

/* What is worked out of a look: -1 where there is no QEMU to look at. */
struct look_figures {
	pid_t pid;        /* 0: none */
	int64_t uptime;   /* seconds */
	double cpu_time;  /* seconds */
	int64_t resident; /* MiB */
};
struct look_figures look_figures(const struct instance *instance);
/* The keys of a row (kvmctl(8), OUTPUT); the caller owns it. */
struct json *look_row(const struct instance *instance);

/* Adds a row {"path", "running", "file"} to list for each place where the two documents differ (values as
 * JSON text). NULL: absent. */
void look_differences(const struct json *running, const struct json *file, const char *path, struct json *list);

#endif
