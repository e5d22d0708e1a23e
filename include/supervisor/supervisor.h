/* One supervisor: what it holds, and its chapters. One thread, one poll(2), nothing that blocks while QEMU lives. */
#ifndef KVMCTL_SUPERVISOR_SUPERVISOR_H
#define KVMCTL_SUPERVISOR_SUPERVISOR_H

#include <stdbool.h>
#include <sys/types.h>

#include "supervisor/cause.h"
#include "supervisor/event_link.h"
#include "supervisor/guest.h"
#include "supervisor/logs.h"
#include "supervisor/options.h"
#include "vm/exit_record.h"
#include "vm/status.h"

enum stage {
	STAGE_STARTING, /* `start` has not committed */
	STAGE_RUNNING,
	STAGE_ENDED_EARLY, /* QEMU ended before the commit: `start` was told, and undoes */
	STAGE_BACKOFF,     /* QEMU ended, a new start is due when the timer fires */
	STAGE_DONE         /* leave the loop: exit_status */
};

/* What is left to be done after the loop, by becoming kvmctl (background) or by calling it (foreground). */
enum afterwards { AFTERWARDS_NOTHING, AFTERWARDS_TEARDOWN, AFTERWARDS_START };

/* What was done to the instance when QEMU ended; "" nothing. */
struct doings {
	char rung[48]; /* the rung of stop or reboot */
	char move[48]; /* the MOVE_ word (vm/move.h) */
	char move_id[40];
};

/* What kvmctl has us tell QEMU: one at a time. */
struct errand {
	int listening; /* ctrl/NAME.oob; -1: not offered */
	int client;    /* -1: none */
	int number;    /* of the last command: its id */
	bool asked;    /* QEMU's reply is awaited */
};

struct supervisor {
	const struct options *options;
	enum stage stage;
	enum afterwards afterwards;
	int exit_status;

	int pidfd;       /* QEMU; -1 when it is reaped */
	int wait_status; /* as waitpid; -1: not known (yet) */
	int start_fd;    /* to `kvmctl start`; -1: closed */
	int signal_fd;
	int backoff_timer; /* -1: none */

	struct event_link events;
	int64_t heard_ms; /* clock_boottime_ms when events came that are left to wait a little (loop.c); 0: none do */
	struct errand errand;
	struct guest guest;
	struct logs logs;
	struct exit_record record; /* of the ended run; valid from STAGE_BACKOFF on */
	int64_t oom_before;        /* the cgroup's counter at the begin; -1: not known */

	pid_t starter;      /* foreground: the child that does the start; 0: none, or reaped */
	int starter_status; /* of waitpid, when it was reaped; -1 */
	pid_t stopper;      /* foreground: a running `kvmctl stop` */
	int terms;          /* SIGTERM and SIGINT so far (foreground) */
	bool complained;    /* the status file could not be written: said once */
};

/* --- main.c --- */
/* fd of the run directory's part, opened anew each time: the run directory may be wiped and made again
 * while the guest runs. -1 with errno. */
int supervisor_open_part(const struct supervisor *s, const char *part);

/* --- loop.c: sleeps, and hands what woke it to the chapters below, until STAGE_DONE --- */
void loop_run(struct supervisor *s);

/* --- commit.c: the conversation with `kvmctl start` --- */
void commit_readable(struct supervisor *s);
/* From here on the instance is ours to watch. Also called at the begin when there is nobody to wait for. */
void commit_done(struct supervisor *s);

/* --- watch.c: QEMU's events --- */
/* 1 go on, 0 QEMU closed it, -1 we did. */
int watch_readable(struct supervisor *s);
/* Brings the guest's news into the status line, when there are any. */
void watch_record(struct supervisor *s);

/* --- errand.c: what kvmctl has us tell QEMU --- */
/* Offers it, or no more, by how far the migration is. */
void errand_offer(struct supervisor *s);
void errand_close(struct supervisor *s);
void errand_accept(struct supervisor *s);
void errand_readable(struct supervisor *s);
/* QEMU's reply, and its line. */
void errand_reply(struct supervisor *s, const struct json *reply, const char *line, size_t length);

/* --- ending.c: QEMU ended --- */
int64_t ending_oom_count(const struct options *options);
/* pidfd is readable. */
void ending_reap(struct supervisor *s);

/* --- afterwards.c: the policy, back-off, teardown --- */
/* What on_crash says about s->record; writes the record. */
void afterwards_decide(struct supervisor *s, const struct doings *doings);
void afterwards_backoff_over(struct supervisor *s);
void afterwards_cancel_backoff(struct supervisor *s);
/* Does what is left. Returns the exit status; does not return where the supervisor becomes kvmctl. */
int afterwards_run(struct supervisor *s);

/* --- teardown.c --- */
/* Waits (asleep, ten minutes at most) until nobody works on the instance, and says whether what is left
 * of it is still that of our run: else somebody has torn it down already, and may have started it again. */
bool teardown_is_ours(const struct supervisor *s);

/* --- kvmctl.c: calling kvmctl --- */
/* Becomes `kvmctl --run-dir DIR [--config FILE] VERB NAME ARGS…`. Returns only on failure. extra:
 * NULL-terminated, or NULL. */
void kvmctl_become(const struct supervisor *s, const char *verb, const char *const *extra);
/* The same in a child. -1: no child could be had. */
pid_t kvmctl_spawn(const struct supervisor *s, const char *verb, const char *const *extra);

/* --- signals.c --- */
/* Blocks what is read from *ret_fd: SIGTERM, SIGINT, SIGHUP, SIGCHLD. -1 with errno. */
int signals_open(int *ret_fd);
void signals_readable(struct supervisor *s);
/* What a child or successor of ours must have: nothing blocked, nothing ignored. */
void signals_reset(void);

#endif
