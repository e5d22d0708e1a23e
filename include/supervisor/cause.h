/* Why a run of QEMU ended, from all that is known of it. Pure. */
#ifndef KVMCTL_SUPERVISOR_CAUSE_H
#define KVMCTL_SUPERVISOR_CAUSE_H

#include <stdbool.h>

#include "vm/exit_record.h"

struct evidence {
	int wait_status;  /* as waitpid(2) gives it; -1: it was not our child */
	const char *move; /* MOVE_ word of the status line (vm/move.h) while the guest is on the way; "": it is not */
	const char *
		rung; /* what `kvmctl stop` (or reboot) was doing: "acpi", "quit", "sigterm", "sigkill", "force"; "": nobody stops it */
	const char *
		shutdown; /* reason of the SHUTDOWN event (ShutdownCause of QEMU's qapi/run-state.json); "": there was none */
	bool events;   /* events were read to the end: no SHUTDOWN means that QEMU sent none */
	bool watchdog; /* the guest's watchdog bit, with an action that ends the guest */
	bool oom;      /* the kernel's OOM killer took it */
};

enum exit_reason cause_decide(const struct evidence *evidence);
/* One sentence for people. Owned by the caller. */
char *cause_detail(enum exit_reason reason, const struct evidence *evidence);
/* True for what on_crash is about. */
bool cause_is_crash(enum exit_reason reason);

#endif
