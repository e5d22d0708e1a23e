/* exit/NAME: how the last run ended, kept until the next start succeeds. JSON, one object. Needs base/
 * only: the supervisor writes it. */
#ifndef KVMCTL_VM_EXIT_RECORD_H
#define KVMCTL_VM_EXIT_RECORD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

enum exit_reason {
	EXIT_UNKNOWN,      /* QEMU is gone and nobody saw it end */
	EXIT_GUEST,        /* the guest shut itself down */
	EXIT_GUEST_REBOOT, /* it rebooted and reboot_behavior is exit */
	EXIT_ACPI,         /* `stop`: the guest followed the power button */
	EXIT_QUIT,         /* `stop`: QMP quit */
	EXIT_SIGTERM,      /* `stop`: SIGTERM; or SIGTERM by somebody else (by says whom) */
	EXIT_SIGKILL,      /* `stop`: SIGKILL after all else */
	EXIT_FORCED,       /* `stop --force` */
	EXIT_CRASHED,      /* a signal that we did not send */
	EXIT_FAILED,       /* QEMU ended with a status */
	EXIT_PANICKED,
	EXIT_WATCHDOG,
	EXIT_OOM,
	EXIT_MIGRATED,        /* it runs on another host */
	EXIT_SAVED,           /* its memory is in a file */
	EXIT_INCOMING_FAILED, /* it waited for a guest from another host (or a file) that never ran here, and never will */
	EXIT_HOST_REBOOTED,
	EXIT_START_FAILED,
	EXIT_REASON_MAX
};
const char *exit_reason_to_string(enum exit_reason reason); /* "guest", "acpi", "crashed" ... */
int exit_reason_from_string(const char *s, enum exit_reason *ret);
/* What the end of QEMU means at that MOVE_ word of vm/move.h, however it ended: its guest runs elsewhere, lies in a file, or has never
 * run here. EXIT_UNKNOWN: the guest was lost with it, or it cannot be told. */
enum exit_reason exit_reason_of_move(const char *word);

struct exit_record {
	enum exit_reason reason;
	pid_t pid;
	uint64_t start;   /* ticks: which run */
	int status;       /* exit status, or -1 */
	int signal;       /* or 0 */
	int64_t ended_ms; /* Unix time */
	char *by;         /* "guest", "kvmctl stop (pid 12)", "supervisor", "cleanup"; NULL: not known */
	char *detail;     /* one sentence for people; NULL */
	char *words;      /* QEMU's last words on stderr, printable; NULL */
	char *move; /* the id of the move by which this run came here, or (incoming-failed) should have come; NULL */
	int64_t restart_at_ms; /* a restart is due then (on_crash); 0: none */
	int restarts;          /* how many in a row */
};

void exit_record_free(struct exit_record *record);
/* start-failed does not replace migrated or incoming-failed: what it ran into is appended to their detail. */
int exit_record_write(int exit_dir, const char *name, const struct exit_record *record, struct error *err);
/* 1 read, 0 none, -1 ERROR_UNKNOWN. */
int exit_record_read(int exit_dir, const char *name, struct exit_record *ret, struct error *err);

#endif
