/* QEMU's events: into the event log as they came, and what they mean into the status line. */
#include "supervisor/supervisor.h"

#include "base/deadline.h"
#include "supervisor/report.h"

static void on_event(const char *name, const struct json *data, const char *line, size_t length, void *arg)
{
	struct supervisor *s = arg;

	if (!name && line) {
		errand_reply(s, data, line, length);
		return;
	}
	if (name)
		(void)logs_event(&s->logs, line, length); /* a full disk costs the line, not the supervision */
	guest_event(&s->guest, name, data, clock_boottime_ms());
}

int watch_readable(struct supervisor *s)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	int r = event_link_read(&s->events, on_event, s, &err);

	if (r < 0)
		report(s->options, LOG_WARNING, "%s; the connection is closed, the guest runs on without events",
		       err.message);
	errand_offer(s);
	watch_record(s);
	return r;
}

static void change_status(struct status *status, void *arg)
{
	const struct supervisor *s = arg;

	if (status->qemu.pid == s->options->qemu && status->qemu.start == s->options->qemu_start)
		guest_apply(&s->guest, status);
}

void watch_record(struct supervisor *s)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	_cleanup_close_ int pid_dir = -1, lock_dir = -1;

	if (!s->guest.changed)
		return;
	s->guest.changed = false;
	pid_dir = supervisor_open_part(s, "pid");
	lock_dir = supervisor_open_part(s, "lock");
	if (status_update(pid_dir, lock_dir, s->options->name, change_status, s, &err) >= 0) {
		s->guest.migration_told = false; /* once: kvmctl takes the word back when the move is over */
		return;
	}
	if (s->complained)
		return;
	s->complained = true;
	report(s->options, LOG_WARNING, "the status line cannot be kept true: %s", err.message);
}
