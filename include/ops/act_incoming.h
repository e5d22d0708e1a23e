/* The target's side of a move: a QEMU that waits for the guest, the grant, the refusal. See vm/move.h for the rules. */
#ifndef KVMCTL_OPS_ACT_INCOMING_H
#define KVMCTL_OPS_ACT_INCOMING_H

#include "ops/act_spec.h"
#include "vm/migration_info.h"

struct accept_request {
	const struct migration_info *info;
	const char *id; /* of the move */
	const char *
		listen; /* "ADDR", "ADDR:PORT", "[ADDR6]:0", "unix:PATH", "fd:N"; NULL: migration_port of the spec on all addresses */
	const char *asked; /* what tells a repeated accept from another one (struct move); NULL: is never repeated */
	bool managed;
};
struct accept_result {
	char *uri;      /* for `migrate`: "tcp:host:40123" */
	char *nbd_host; /* --copy-storage: where the disks are exported, "" = not; export i is "disk<i>" */
	int nbd_port;
	enum migration_storage storage;
	pid_t pid;
	bool tls; /* the streams are encrypted: `migration start` must say so, too */
};
void accept_result_clear(struct accept_result *result);

/* With the instance's lock held and nothing left of an earlier run: the recorded hardware with this host's part of the spec is started with
 * -incoming defer; phase incoming, reason waiting. On failure the host is as it was. */
int act_accept(struct context *context, const struct accept_request *request, struct accept_result *ret,
	       struct error *err);

/* A guest that was accepted with the very same request, and waits: 1, and the answer of then. 0: none is. One that was cut short before anybody could
 * have been told where it waits is refused first. With the lock held. */
int act_accept_again(struct context *context, const struct accept_request *request, struct accept_result *ret,
		     struct error *err);

/* The spec that it is started with: the guest's own, with this host's part of the spec of that name where there is one. ERROR_SPEC. */
int act_arriving_spec(struct context *context, const struct migration_info *info, struct spec_loaded *ret,
		      struct error *err);

/* The guest has arrived (or is about to, in post-copy): it is let run here, unless paused. Its routes, scripts and announcement follow. Idempotent.
 * ERROR_STATE: there is no guest that could (the migration failed, or it is still coming). ERROR_QEMU: QEMU refuses to run it; it waits again then, and may be
 * refused (not so in post-copy, or where an earlier grant was cut short). With the lock held. */
int act_grant(struct context *context, const char *name, bool paused, struct error *err);

/* What a grant needs, made ready while the guest is on its way: it stands still for no longer than it must. Holds the control monitor until it is
 * released, so no other act may come in between. exports: disks are copied. ERROR_STATE: no guest is waited for. */
struct grant;
int act_grant_prepare(struct context *context, const char *name, bool exports, struct grant **ret, struct error *err);
/* To be called when the descriptor is readable, until the grant: QEMU says that the guest is there an instant before the source does, and is asked
 * at once whether it answers. After an error it is to be released. */
int act_grant_fd(const struct grant *grant);
int act_grant_hear(struct grant *grant, struct error *err);
/* As act_grant; after an error act_grant itself may be tried, with this one released. */
int act_grant_prepared(struct grant *grant, bool paused, struct error *err);
void act_grant_release(struct grant *grant);
void act_grant_release_ptr(struct grant **grant);

/* It is not let run here: QEMU is ended, the exit record says incoming-failed, everything is taken down. Idempotent. ERROR_STATE: it was granted. With
 * the lock held. */
int act_refuse(struct context *context, const char *name, struct error *err);

/* What this host knows of a guest that should have come. */
enum arrival {
	ARRIVAL_NEVER,   /* it never ran here and cannot any more: the source may go on */
	ARRIVAL_WAITING, /* here, not granted */
	ARRIVAL_GRANTED, /* it was let run here (and may have ended since) */
	ARRIVAL_UNKNOWN,
	ARRIVAL_MAX
};
const char *arrival_to_string(enum arrival arrival);
int arrival_from_string(const char *s, enum arrival *ret); /* -1: no such word */
/* id: of the move that is asked about; what is known of another one says nothing about it (ARRIVAL_UNKNOWN). NULL: of whichever was last. */
int act_arrival(struct context *context, const char *name, const char *id, enum arrival *ret, struct error *err);

#endif
