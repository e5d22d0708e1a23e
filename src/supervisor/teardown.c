/* Who tears down: whoever holds the instance's lock. When nobody does, that is us; when somebody does
 * (stop, reboot), he may well do it for us. */
#include "supervisor/supervisor.h"

#include <fcntl.h>

#include "base/deadline.h"
#include "base/lock.h"
#include "base/text.h"
#include "host/placement.h"
#include "supervisor/report.h"

#define LOCK_WAIT_MS (10 * 60 * 1000)

/* With the lock held: is what the run directory says of the instance about our run? */
static bool describes_our_run(const struct supervisor *s)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	_cleanup_close_ int pid_dir = supervisor_open_part(s, "pid"), conf_dir = supervisor_open_part(s, "conf");
	_cleanup_free_ char *state = xprintf("%s.runtime", s->options->name);
	struct status status;
	int found = status_read(pid_dir, s->options->name, &status, &err);

	/* Pid 0: recorded before there was a QEMU (with the lock in our hand that is nobody's but a dead
	 * one's), or waiting for a restart, which another supervisor may do. */
	if (found > 0 && status.qemu.pid == 0)
		return status.supervisor == 0 || status.supervisor == getpid();
	if (found > 0)
		return status.qemu.pid == s->options->qemu && status.qemu.start == s->options->qemu_start;
	/* Nothing readable: what is left is for teardown to judge. */
	return found < 0 || faccessat(conf_dir, state, F_OK, 0) == 0;
}

/* The record was wiped while the guest ran: nobody else knows of its cgroup any more. */
static void remove_cgroup(const struct supervisor *s)
{
	_cleanup_error_ struct error err = ERROR_INIT;

	if (s->options->cgroup_dir && placement_remove_cgroup(s->options->cgroup_dir, &err) < 0)
		report(s->options, LOG_WARNING, "%s", err.message);
}

static bool is_recorded(const struct supervisor *s)
{
	_cleanup_close_ int pid_dir = supervisor_open_part(s, "pid");

	return faccessat(pid_dir, s->options->name, F_OK, 0) == 0;
}

bool teardown_is_ours(const struct supervisor *s)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	_cleanup_free_ char *holder = xprintf("pid %d, supervisor", (int)getpid());
	_cleanup_close_ int lock_dir = supervisor_open_part(s, "lock"), lock = -1;

	if (lock_dir < 0) {
		remove_cgroup(s); /* the run directory was wiped */
		return false;
	}
	if (lock_take(lock_dir, s->options->name, holder, deadline_in(LOCK_WAIT_MS), &lock, &err) < 0) {
		report(s->options, LOG_ERR, "%s; it is not torn down, `kvmctl cleanup %s` does it", err.message,
		       s->options->name);
		return false;
	}
	if (describes_our_run(s))
		return true;
	if (!is_recorded(s))
		remove_cgroup(s);
	return false;
}
