/* The frame of every verb that changes a running instance: its lock, what it is, its control monitor. */
#ifndef KVMCTL_OPS_ACT_CONTROL_H
#define KVMCTL_OPS_ACT_CONTROL_H

#include "ops/context.h"
#include "qemu/qmp.h"
#include "vm/instance.h"

struct control {
	struct context *context;
	int lock;
	struct instance instance;
	struct qmp *qmp;
	struct deadline deadline; /* of one command */
};

#define CONTROL_INIT ((struct control){ .lock = -1 })
#define _cleanup_control_ _cleanup_(control_close)

/* Takes the lock as `verb`, and opens the control monitor of a guest that runs or is paused. ERROR_USAGE:
 * bad name; ERROR_BUSY; ERROR_NO_INSTANCE: nobody knows it; ERROR_STATE: it is not running;
 * ERROR_UNKNOWN: cannot be told; ERROR_TIMEOUT: unresponsive. */
int control_open(struct context *context, const char *name, const char *verb, struct control *ret, struct error *err);
void control_close(struct control *control);

/* One QMP command without a result. arguments may be NULL; their reference is taken. */
int control_execute(struct control *control, const char *command, struct json *arguments, struct error *err);
/* The whole of it for the simplest verbs. */
int control_once(struct context *context, const char *name, const char *verb, const char *command,
		 struct json *arguments, struct error *err);
/* Writes into the status line what a command has just changed (the supervisor does the same from the
 * event: whoever comes first). */
void control_note(struct control *control, status_change_fn change, void *arg);

/* With the lock held. ERROR_STATE: a save of it was cut short, and is to be finished or undone first. */
int control_refuse_saving(const struct instance *instance, struct error *err);

/* The error for an instance that does not run, by what it is: ERROR_NO_INSTANCE when there is neither a
 * record nor a spec of it. Returns -1. */
int control_not_running(const struct context *context, const struct instance *instance, struct error *err);

#endif
