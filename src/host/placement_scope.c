/* A transient scope of systemd, asked for through busctl(1): org.freedesktop.systemd1(5),
 * StartTransientUnit.
 *
 * The scope is ordered before kvmctl-guests.service, so that at shutdown, which goes backwards, that
 * service stops the guests gracefully before systemd ends their scopes. */
#include "host/placement.h"

#include <fcntl.h>
#include <poll.h>

#include "base/file.h"
#include "base/strv.h"
#include "base/text.h"
#include "host/child.h"

#define ENTERED_MS 1000
#define ENTERED_PAUSE_MS 5

/* busctl takes a signature and then the values in order; an array is its length and its elements. Owned
 * by the caller. */
static char **scope_argv(const char *busctl, const char *unit, const pid_t *pids, size_t n)
{
	static const char *const call[] = { "call",
					    "org.freedesktop.systemd1",
					    "/org/freedesktop/systemd1",
					    "org.freedesktop.systemd1.Manager",
					    "StartTransientUnit",
					    "ssa(sv)a(sa(sv))" };
	static const char *const properties[] = { "fail",
						  "6",
						  "Description",
						  "s",
						  "virtual machine (kvmctl)",
						  "Slice",
						  "s",
						  "kvmctl.slice",
						  "Delegate",
						  "b",
						  "false",
						  "CollectMode",
						  "s",
						  "inactive-or-failed",
						  "Before",
						  "as",
						  "1",
						  "kvmctl-guests.service",
						  "PIDs",
						  "au" };
	char **argv = NULL;

	strv_add(&argv, busctl);
	strv_add(&argv, "--system");
	for (size_t i = 0; i < ELEMENTS(call); i++)
		strv_add(&argv, call[i]);
	strv_add(&argv, unit);
	for (size_t i = 0; i < ELEMENTS(properties); i++)
		strv_add(&argv, properties[i]);
	strv_addf(&argv, "%zu", n);
	for (size_t i = 0; i < n; i++)
		strv_addf(&argv, "%d", (int)pids[i]);
	strv_add(&argv, "0");
	return argv;
}

/* The unit's name is the last part of the path in each hierarchy that systemd manages. */
static bool is_in_unit(pid_t pid, const char *unit)
{
	_cleanup_error_ struct error ignored = ERROR_INIT;
	_cleanup_free_ char *path = xprintf("/proc/%d/cgroup", (int)pid), *text = NULL, *part = xprintf("/%s", unit);

	return file_read_at(AT_FDCWD, path, 65536, &text, NULL, &ignored) == 0 && strstr(text, part);
}

/* The call returns when the job is queued; systemd moves the processes a moment later, and only a bus
 * connection of our own would be told. Looking every few milliseconds is cheaper than that connection. */
static bool wait_entered(const char *unit, const pid_t *pids, size_t n, struct deadline deadline)
{
	deadline = deadline_earlier(deadline, deadline_in(ENTERED_MS));
	for (size_t i = 0; i < n; i++) {
		while (!is_in_unit(pids[i], unit)) {
			if (deadline_passed(deadline))
				return false;
			poll(NULL, 0, ENTERED_PAUSE_MS);
		}
	}
	return true;
}

int placement_enter_scope(const char *busctl, const char *unit, const pid_t *pids, size_t n, struct deadline deadline,
			  struct error *err)
{
	static char *const env[] = { (char *)"LC_ALL=C", NULL };
	_cleanup_strv_ char **argv = scope_argv(busctl, unit, pids, n);
	struct child child = CHILD_INIT;

	child.path = busctl;
	child.argv = argv;
	child.env = env;
	if (child_run_ok(&child, deadline, err) < 0)
		return error_prefix(err, "systemd did not make the scope \"%s\"", unit);
	if (!wait_entered(unit, pids, n, deadline))
		return error_set(err, ERROR_HOST, "systemd did not move the processes into the scope \"%s\"", unit);
	return 0;
}
