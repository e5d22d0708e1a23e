/* The source's side of a move: beginning the stream, seeing it through by the policy, and what comes of it. See vm/move.h for the rules. */
#ifndef KVMCTL_OPS_ACT_OUTGOING_H
#define KVMCTL_OPS_ACT_OUTGOING_H

#include "ops/act_control.h"
#include "vm/migration_policy.h"
#include "vm/move.h"

struct mirrors;

struct outgoing_progress {
	struct migration_progress migration;
	int64_t disk_total, disk_done; /* bytes of the mirrors */
	int64_t elapsed_ms;
};

struct outgoing {
	struct control *control; /* the lock, the control monitor */
	const struct migration_terms *terms;
	const struct migration_policy *policy;
	const char *uri;          /* "tcp:…", "unix:…", "fd:N": a descriptor of this process */
	const char *tls_hostname; /* "" = none */
	const char *hint;         /* what else to say when QEMU fails at it; NULL */
	/* For a person; NULL: nobody looks, and nothing is asked for it. */
	void (*show)(const struct outgoing_progress *progress, void *arg);
	void *arg;
	const volatile int *interrupted; /* set by a signal: cancel as soon as that is possible; NULL */
	struct mirrors *mirrors;         /* of act_mirror.h: watched, and shown; NULL: no storage is copied */
	struct migration_course course;
	bool was_paused;                      /* before it began */
	int64_t began_ms, paused_at_ms;       /* CLOCK_BOOTTIME; 0: the guest was not paused for it */
	bool told_switchover, told_post_copy; /* drive has returned that already */
};

/* How far it is driven. */
enum outgoing_end {
	OUTGOING_PRE_SWITCHOVER, /* the guest stands, the last part is not sent (pause-before-switchover) */
	OUTGOING_POST_COPY,      /* the target may run it, pages follow */
	OUTGOING_COMPLETED,      /* the guest stands here, all of it is there */
	OUTGOING_BROKEN,         /* post-copy lost its connection (postcopy-paused) */
	OUTGOING_FAILED,         /* the guest is ours; err says why: failed, cancelled, over its budget */
	OUTGOING_END_MAX
};

/* Writes the record (phase outgoing, reason migrating, move); from here on a kvmctl that dies is cleaned up after. move is taken. */
int act_outgoing_record(struct outgoing *outgoing, struct move *move, struct error *err);
/* The guest stands still from here on, if it did not before. */
int act_outgoing_pause(struct outgoing *outgoing, struct deadline deadline, struct error *err);
/* Capabilities, parameters, a pause for non-live, then `migrate`. What it has changed when it fails is undone by keep. */
int act_outgoing_begin(struct outgoing *outgoing, struct error *err);
/* Waits on MIGRATION events and does what the policy decides. -1 only for what leaves us without knowledge (QEMU does not answer, or is gone): its
 * kind says which. */
int act_outgoing_drive(struct outgoing *outgoing, enum outgoing_end *ret, struct error *err);
/* After OUTGOING_BROKEN, when the target waits again at uri (NULL: the same as before): drive again. */
int act_outgoing_resume(struct outgoing *outgoing, const char *uri, struct error *err);
/* After OUTGOING_PRE_SWITCHOVER: on it goes (migrate-continue); drive again. */
int act_outgoing_continue(struct outgoing *outgoing, struct error *err);
/* The status line says handed-over: from here on the target decides. Quick: nothing is synced (a crash of the host ends this QEMU as well). */
int act_outgoing_hand_over(struct outgoing *outgoing, struct error *err);
/* The guest stays (or is again) here: what is going on is cancelled, mirrors are taken away, it runs if it ran before, phase running. For who knows
 * that it does not run on the other side. ERROR_STATE: it may (post-copy has begun). ERROR_TIMEOUT: QEMU is still about cancelling; the record
 * stays as it is, and it may be called again. */
int act_outgoing_keep(struct context *context, const char *name, struct qmp *qmp, struct error *err);
/* The guest runs on the other side: QEMU is ended, the exit record says migrated, everything is taken down. qmp: the control monitor, which is dead
 * afterwards; NULL: no connection to it is open. Idempotent. */
int act_outgoing_gone(struct context *context, const char *name, struct qmp *qmp, struct error *err);

#endif
