/* --copy-storage, the source's side: the disks are mirrored to the exports of the target until both are the same.
 *
 * All jobs and nodes have names of ours, so that what a kvmctl left that was killed is found again. */
#ifndef KVMCTL_OPS_ACT_MIRROR_H
#define KVMCTL_OPS_ACT_MIRROR_H

#include "ops/act_control.h"
#include "vm/migration_info.h"

struct mirror_request {
	const char *host; /* of the target's NBD server */
	int port;
	const struct migration_info
		*info;            /* its disks that are `copied`: export i of the target is "disk<i>"; and the terms */
	const char *tls_hostname; /* "" = none */
	int64_t bandwidth;        /* bytes per second for all of them together; 0: no limit */
};

struct mirrors;
#define _cleanup_mirrors_ _cleanup_(mirrors_free_ptr)

/* Begins one job for each disk that is to be copied. Nothing is left when it fails. */
int act_mirror_start(struct control *control, const struct mirror_request *request, struct mirrors **ret,
		     struct error *err);
/* Asks QEMU how far they are. *ret_ready: every one has caught up, and follows. ERROR_QEMU: one has failed (the disk is named). */
int mirrors_look(struct mirrors *mirrors, bool *ret_ready, struct error *err);
/* Bytes, as of the last look. */
void mirrors_progress(const struct mirrors *mirrors, int64_t *ret_total, int64_t *ret_done);
/* Waits until all are ready: after each event, and each time the deadline of a look has passed, `show` (may be NULL) is called. ERROR_OTHER: interrupted;
 * ERROR_TIMEOUT: the command's time is up, or the target takes nothing any more. */
int mirrors_wait(struct mirrors *mirrors, void (*show)(const struct mirrors *mirrors, void *arg), void *arg,
		 const volatile int *interrupted, struct error *err);
/* The guest stands (pre-switchover): what is still missing goes over, then each job ends with both sides alike. */
int mirrors_finish(struct mirrors *mirrors, struct error *err);
/* True for an event of a job. */
bool mirrors_is_event(const struct json *event);
void mirrors_free(struct mirrors *mirrors);
void mirrors_free_ptr(struct mirrors **mirrors);

/* What all jobs of ours have to do and have done, in bytes: for who has not begun them. */
int mirrors_ask(struct qmp *qmp, struct deadline deadline, int64_t *ret_total, int64_t *ret_done, struct error *err);
/* Ends every job of ours by force and removes the nodes. Succeeds when there is none. */
int mirrors_sweep(struct qmp *qmp, struct error *err);

#endif
