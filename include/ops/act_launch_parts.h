/* The parts of a launch: what they share, one function a step. The order is in act_launch.c alone. */
#ifndef KVMCTL_OPS_ACT_LAUNCH_PARTS_H
#define KVMCTL_OPS_ACT_LAUNCH_PARTS_H

#include "host/placement.h"
#include "host/privileges.h"
#include "ops/act_launch.h"
#include "ops/act_network.h"
#include "qemu/qmp.h"
#include "vm/state.h"

struct launch {
	struct context *context;
	const struct launch_request *request;
	const char *name; /* borrowed from the spec */
	const struct spec *spec;
	struct deadline deadline;

	struct probe *probe;
	struct facts facts;
	struct plan *plan;
	struct state *state;
	struct placement placement;
	struct network_nic *nics; /* one per NIC of the spec */

	int uid_fd;        /* the uid's lock, inherited by QEMU; -1: none */
	int guest_lock;    /* inherited by QEMU as well: see vm/orphan.h */
	int *fds;          /* one per plan->fds: ours, until QEMU has them */
	int log_fd;        /* QEMU's stdout and stderr */
	int64_t log_start; /* where this run's words begin in the log */
	int event_fd;      /* the supervisor's connection to the event monitor */

	int session;                        /* to the supervisor: SOCK_SEQPACKET */
	int gate;                           /* QEMU waits for a byte here */
	struct process_id qemu, supervisor; /* pid 0: not yet */
	struct qmp *qmp;                    /* the control monitor */
	bool placed;                        /* QEMU is in its control group */
	bool committed;                     /* the supervisor may have taken over */
};

/* --- act_launch_prepare.c: what can be known before anything is made --- */
int launch_prepare(struct launch *launch, struct error *err);
struct privileges launch_privileges(const struct launch *launch);

/* --- act_launch_record.c: what will be made is written down --- */
int launch_record(struct launch *launch, struct error *err);
/* The status line again, with what is known by now. */
int launch_write_status(struct launch *launch, enum phase phase, struct error *err);

/* --- act_launch_fds.c: everything that QEMU gets as an open descriptor --- */
int launch_open_fds(struct launch *launch, struct error *err);
void launch_close_fds(struct launch *launch);

/* --- act_launch_network.c --- */
int launch_choose_taps(struct launch *launch, struct error *err);
void launch_record_nics(struct launch *launch);
int launch_open_tap(struct launch *launch, size_t nic, struct error *err);
/* Everything on the links, then up; what a guest that comes from elsewhere needs only when it is here is left out. */
int launch_network_up(struct launch *launch, struct error *err);

/* --- act_launch_fork.c: supervisor and QEMU --- */
int launch_connect_monitors(struct launch *launch, struct error *err);
int launch_fork(struct launch *launch, struct error *err);
/* QEMU is in its control group, if it gets one: the guest runs in no other. */
int launch_await_placed(struct launch *launch, struct error *err);
int launch_commit(struct launch *launch, struct error *err);
/* QEMU is ended and awaited, then the supervisor is told that we undo the rest ourselves, and lets go. Fails
 * when one of the two may still be at it: then the record must stay, and the supervisor or `cleanup` undoes
 * the rest. */
int launch_abort(struct launch *launch, struct error *err);

/* --- act_launch_session.c: words between a start and the supervisor, or the process that becomes it --- */
#define PLACED "placed" /* what launch_await_placed waits for */
/* One message: text, and at most one descriptor (-1: none). -1 with errno. */
int session_send(int session, const char *text, int fd);
/* "failed", and the error. */
void session_send_failure(int session, const struct error *err);
/* 1 a message (NUL-terminated), 0 end-of-file, -1 time-out or error. *ret_fd -1 when none came along. "failed" is followed by the error, for
 * session_take_failure, which returns -1. */
int session_hear(int session, struct deadline deadline, char *text, size_t size, int *ret_fd);
int session_take_failure(int session, struct error *err);
/* ERROR_HOST: nobody is there any more. */
int session_ended(const struct launch *launch, struct error *err);
/* Any word but "failed"; its error, ERROR_TIMEOUT, or ERROR_HOST when nobody is there any more. A descriptor goes to *ret_fd; NULL: it is closed. */
int session_hear_word(struct launch *launch, char *text, size_t size, int *ret_fd, struct error *err);

/* --- act_launch_configure.c: QMP before the guest's first instruction --- */
int launch_handshake(struct launch *launch, struct error *err);
int launch_configure(struct launch *launch, struct error *err);
int launch_run(struct launch *launch, struct error *err);

/* --- act_launch_incoming.c: instead of running it, QEMU is told to wait for the guest --- */
/* Before anything is made: ERROR_USAGE, ERROR_STATE. */
int launch_check_listening(const struct launch *launch, struct error *err);
void launch_record_listening(struct launch *launch);
int launch_listen(struct launch *launch, struct error *err);

/* --- act_launch_end.c: why it failed --- */
/* err becomes "QEMU ended ..."; text: "ended STATUS" from the supervisor. Returns -1. */
int launch_ended(struct launch *launch, const char *text, struct error *err);
/* The reason behind err: a supervisor that could not be had, or how QEMU ended and what it said, or where to look. */
void launch_explain(struct launch *launch, struct error *err);
/* QEMU's words since this run began: the last lines of log/NAME.log, printable. Owned by the caller; NULL: none. */
char *launch_last_words(const struct launch *launch);

#endif
