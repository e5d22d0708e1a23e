/* Supervisor and QEMU: the two processes that a start leaves behind. What is said until they are on their own: act_launch_session.c.
 *
 *   kvmctl ── fork ──> P ── fork ──> Q (waits at the gate)
 *     │                └─ puts Q into its control group, execs kvmctl-supervisor; Q stays its child
 *     ├─ writes Q's identity into pid/NAME, then opens the gate: Q becomes QEMU
 *     └─ "commit" or "undo" over the session socket; end-of-file before that: the supervisor undoes everything
 *
 * In the foreground the roles are swapped: kvmctl is P, and the fork goes on with the start. */
#include "ops/act_launch_parts.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>

#include "base/file.h"
#include "base/log.h"
#include "base/module.h"
#include "base/parse.h"
#include "base/strv.h"
#include "base/text.h"
#include "host/affinity.h"
#include "host/child.h"
#include "host/interrupt.h"
#include "host/socket.h"
#include "ops/act_supervise.h"
#include "vm/monitor.h"

#define SESSION_FD 3
#define EVENT_FD 4
/* A service manager that does not answer does not keep a guest from starting, if there is that much time. */
#define PLACEMENT_MS 5000
#define UNDO_MS 1000

int launch_connect_monitors(struct launch *launch, struct error *err)
{
	_cleanup_free_ char *file = xprintf("%s%s", launch->name, monitor_suffix(MONITOR_EVENT));

	/* Before QEMU runs: its greeting is seen, and an early end is noticed at once. */
	if (socket_connect_at(rundir_part(&launch->context->rundir, RUNDIR_CTRL), file, &launch->event_fd, err) < 0)
		return error_prefix(err, "event monitor");
	return monitor_connect(&launch->context->rundir, launch->name, MONITOR_CONTROL, &launch->qmp, err);
}

static char **qemu_environment(const struct launch *launch)
{
	char **env = NULL;

	strv_add(&env, CHILD_PATH);
	strv_add(&env, "LC_ALL=C");
	strv_add(&env, "HOME=/");
	strv_addf(&env, "KVMCTL_INSTANCE=%s", launch->name);
	strv_addf(&env, "KVMCTL_RUN_DIR=%s", launch->context->rundir.path);
	return env;
}

/* One list for the whole guest is given before exec: every thread is born with it. */
static int initial_affinity(const struct launch *launch, cpu_set_t *ret, bool *ret_given, struct error *err)
{
	struct cpulist *lists;
	size_t n;

	if (cpumask_parse(launch->spec->hv.cpu_mask, &lists, &n, err) < 0)
		return -1;
	*ret_given = n == 1 && !lists[0].all;
	int result = *ret_given ? affinity_resolve(&lists[0], ret, err) : 0;
	free(lists);
	return result;
}

static int spawn_qemu(struct launch *launch, int gate, pid_t *ret_pid, int *ret_exec_fd, struct error *err)
{
	const struct plan *plan = launch->plan;
	_cleanup_strv_ char **env = qemu_environment(launch);
	struct privileges privileges = launch_privileges(launch);
	struct child_fd *fds = xcalloc(plan->n_fds + 4, sizeof(*fds));
	size_t n = 0;
	cpu_set_t affinity;
	bool pinned = false;

	fds[n++] = (struct child_fd){ launch->log_fd, STDOUT_FILENO };
	fds[n++] = (struct child_fd){ launch->log_fd, STDERR_FILENO };
	for (size_t i = 0; i < plan->n_fds; i++)
		fds[n++] = (struct child_fd){ launch->fds[i], plan->fds[i].number };
	/* Locks that live as long as QEMU, behind the plan's descriptors. */
	fds[n++] = (struct child_fd){ launch->guest_lock, PLAN_FIRST_FD + (int)plan->n_fds };
	if (launch->uid_fd >= 0)
		fds[n++] = (struct child_fd){ launch->uid_fd, PLAN_FIRST_FD + (int)plan->n_fds + 1 };

	struct child child = CHILD_INIT;
	child.path = plan->argv[0];
	child.argv = plan->argv;
	child.env = env;
	child.fds = fds;
	child.n_fds = n;
	child.privileges = &privileges;
	child.gate_fd = gate;
	child.new_session = true; /* a key at the caller's terminal, the end of its session, are not for the guest */
	int result = initial_affinity(launch, &affinity, &pinned, err);
	child.affinity = pinned ? &affinity : NULL;
	if (result == 0)
		result = child_spawn(&child, ret_pid, ret_exec_fd, err);
	free(fds);
	return result;
}

static bool is_cgroup(const struct placement *placement)
{
	return placement->kind == PLACEMENT_CGROUP1 || placement->kind == PLACEMENT_CGROUP2;
}

/* The kernel takes 10 to 30 ms for the first move (it waits until no CPU looks at the groups any more), in which QEMU
 * loads already. In P, whose child QEMU is: its pid can be nobody else's. A scope holds both; a plain cgroup QEMU alone, so that
 * the teardown, which its supervisor execs, does not sit in what it removes. */
static void enter_placement(const struct launch *launch, pid_t qemu)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	const pid_t pids[] = { qemu, getpid() };
	struct deadline deadline = deadline_earlier(launch->deadline, deadline_in(PLACEMENT_MS));

	if (launch->placement.kind != PLACEMENT_NONE &&
	    placement_enter(&launch->placement, pids, is_cgroup(&launch->placement) ? 1 : 2, deadline, &err) < 0)
		log_warning("%s, ignoring: the guest stays in the caller's control group", err.message);
}

/* P stays for a moment yet: without what others wait for, locks and ends of pipes. */
static int let_go(const struct launch *launch, int session, struct error *err)
{
	const int keep[] = { session, launch->event_fd };

	if (file_close_others(STDERR_FILENO + 1, keep, ELEMENTS(keep), false) < 0)
		return error_errno(err, ERROR_HOST, errno, "cannot close the caller's descriptors");
	return 0;
}

/* In P: forks QEMU, tells its pid, becomes the supervisor. Does not return. */
static void __attribute__((noreturn)) become_supervisor(struct launch *launch, int session, int gate, pid_t starter)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	_cleanup_free_ char *path = NULL, *kvmctl = NULL, *message = NULL;
	_cleanup_strv_ char **argv = NULL, **env = NULL; /* here, not below: a goto may not jump over what cleans up */
	struct process_stat stat = { 0 };
	bool foreground = launch->request->foreground;
	pid_t qemu = -1;
	int exec_fd = -1;

	/* Ended now we would leave QEMU to nobody: what comes is read when we are the supervisor. */
	if (interrupt_hold() < 0) {
		error_errno(&err, ERROR_HOST, errno, "cannot block signals");
		goto failed;
	}
	if (!foreground)
		setsid();        /* a signal for the caller's process group is not for those who undo what it leaves */
	close_fd(&launch->gate); /* only the starter may hold it: its end-of-file ends Q */
	/* Above the supervisor's numbers, which becoming it overwrites: that it failed can still be told. */
	session = fcntl(session, F_DUPFD_CLOEXEC, EVENT_FD + 1);
	if (module_find("kvmctl-supervisor", &path, &err) < 0 || module_find("kvmctl", &kvmctl, &err) < 0 ||
	    spawn_qemu(launch, gate, &qemu, &exec_fd, &err) < 0)
		goto failed;
	if (process_read_stat(qemu, &stat) < 0) {
		error_errno(&err, ERROR_HOST, errno, "cannot read \"/proc/%d/stat\"", qemu);
		goto failed;
	}
	message = xprintf("qemu %d", qemu);
	if (session_send(session, message, exec_fd) < 0) {
		error_errno(&err, ERROR_HOST, errno, "cannot talk to kvmctl start");
		goto failed;
	}
	if (let_go(launch, session, &err) < 0)
		goto failed;
	enter_placement(launch, qemu);
	(void)session_send(session, PLACED, -1); /* where nobody hears it the supervisor has to undo all */
	const struct supervision supervision = {
		.context = launch->context,
		.spec = launch->spec,
		.qemu = qemu,
		.qemu_start = stat.start,
		.log_start = launch->log_start,
		.restarts = launch->request->restarts,
		.cgroup_dir = is_cgroup(&launch->placement) ? launch->placement.path : NULL,
		.foreground = foreground,
		.starter = starter,
		.event_fd = EVENT_FD,
		.start_fd = SESSION_FD,
	};
	argv = supervision_argv(&supervision, path, kvmctl);
	const struct child_fd fds[] = {
		{ session, SESSION_FD },
		{ launch->event_fd, EVENT_FD },
		{ foreground ? STDERR_FILENO : -1, STDERR_FILENO },
	};
	strv_add(&env, CHILD_PATH);
	if (foreground && getenv("NOTIFY_SOCKET"))
		strv_addf(&env, "NOTIFY_SOCKET=%s", getenv("NOTIFY_SOCKET"));
	struct child child = CHILD_INIT;
	child.path = path;
	child.argv = argv;
	child.env = env;
	child.fds = fds;
	child.n_fds = ELEMENTS(fds);
	child.new_session = !foreground;
	child.keep_blocked = true;
	child_become(&child, &err);
failed:
	session_send_failure(session, &err);
	_exit(1); /* a forked copy of kvmctl: main is not ours to return to; Q ends at the gate */
}

/* In the starter: Q's pid and its exec pipe from P. */
static int receive_qemu(struct launch *launch, pid_t *ret_pid, int *ret_exec_fd, struct error *err)
{
	_cleanup_error_ struct error none = ERROR_INIT;
	char text[64];
	int64_t pid;

	if (session_hear_word(launch, text, sizeof(text), ret_exec_fd, err) < 0)
		return -1;
	if (!starts_with(text, "qemu ") || parse_int(text + strlen("qemu "), "pid", 1, INT32_MAX, &pid, &none) < 0)
		return error_set(err, ERROR_HOST, "the process that starts QEMU ended unexpectedly");
	*ret_pid = (pid_t)pid;
	return 0;
}

static int identify(struct launch *launch, pid_t supervisor, pid_t qemu, struct error *err)
{
	if (process_identify(qemu, &launch->qemu, err) < 0 ||
	    process_identify(supervisor, &launch->supervisor, err) < 0)
		return error_prefix(err, "just started");
	return launch_write_status(launch, PHASE_STARTING, err);
}

/* QEMU touches all of the guest's memory before it answers; the kernel charges a page to the group that its toucher is
 * in just then, and never to another one. */
static bool is_preallocated(const struct launch *launch)
{
	return !is_empty(launch->spec->hv.mem_path);
}

int launch_await_placed(struct launch *launch, struct error *err)
{
	char text[64];

	if (launch->placed)
		return 0;
	if (session_hear_word(launch, text, sizeof(text), NULL, err) < 0)
		return -1;
	launch->placed = streq(text, PLACED);
	return launch->placed ? 0 : launch_ended(launch, text, err);
}

int launch_fork(struct launch *launch, struct error *err)
{
	_cleanup_close_ int theirs = -1, gate_read = -1, exec_fd = -1;
	int pair[2], gate[2];
	pid_t pid, qemu = -1;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return error_errno(err, ERROR_HOST, errno, "cannot make a socket pair");
	launch->session = pair[0];
	theirs = pair[1];
	if (pipe2(gate, O_CLOEXEC) < 0)
		return error_errno(err, ERROR_HOST, errno, "cannot make a pipe");
	gate_read = gate[0];
	launch->gate = gate[1];

	pid_t self = getpid();
	if (child_fork(&pid, err) < 0)
		return -1;
	/* Background: the child is P. Foreground: the child starts, and we are P. */
	if ((pid == 0) != launch->request->foreground) {
		close_fd(&launch->session);
		become_supervisor(launch, theirs, gate_read, pid);
	}
	close_fd(&theirs);
	if (receive_qemu(launch, &qemu, &exec_fd, err) < 0 ||
	    identify(launch, launch->request->foreground ? self : pid, qemu, err) < 0)
		return -1;

	if (is_preallocated(launch) && launch_await_placed(launch, err) < 0)
		return -1;

	/* On record: QEMU may become itself. */
	if (write(launch->gate, "g", 1) != 1)
		return error_errno(err, ERROR_HOST, errno, "cannot open QEMU's gate");
	close_fd(&launch->gate);
	launch_close_fds(launch);
	close_fd(&launch->event_fd);
	return child_exec_result(take_fd(&exec_fd), launch->plan->argv[0], launch->deadline, err);
}

int launch_commit(struct launch *launch, struct error *err)
{
	char text[64];

	if (launch_write_status(launch, launch->request->incoming ? PHASE_INCOMING : PHASE_RUNNING, err) < 0)
		return -1;
	if (session_send(launch->session, "commit", -1) < 0)
		return session_ended(launch, err);
	launch->committed = true;
	if (session_hear_word(launch, text, sizeof(text), NULL, err) < 0)
		return -1;
	if (!streq(text, "ok"))
		return launch_ended(launch, text, err);
	return 0;
}

static void mark_forced(struct status *status, void *arg)
{
	(void)arg;
	if (status->phase == PHASE_INCOMING)
		return; /* that it waits says enough */
	status->phase = PHASE_STOPPING;
	snprintf(status->reason, sizeof(status->reason), "force");
}

/* A supervisor that has taken over must not take what comes for a crash, and start it again. */
static void announce_end(struct launch *launch)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	struct rundir *rundir = &launch->context->rundir;

	if (launch->committed && instance_note(rundir, launch->name, mark_forced, NULL, &err) < 0)
		log_warning("%s, ignoring", err.message);
}

static int kill_qemu(struct launch *launch, struct error *err)
{
	_cleanup_close_ int pidfd = -1;

	if (process_open(&launch->qemu, &pidfd, err) < 0)
		return -1;
	if (pidfd < 0)
		return 0;
	if (process_signal(pidfd, SIGKILL, err) < 0)
		return -1;
	int ended = process_wait(pidfd, deadline_in(launch->context->settings->timeouts.sigkill), err);
	return ended == 0 ? error_set(err, ERROR_TIMEOUT, "QEMU (pid %d) was killed but does not end", launch->qemu.pid)
	       : ended < 0 ? -1
			   : 0;
}

/* What the command has left, and a moment at least. */
static struct deadline undo_time(const struct launch *launch)
{
	struct deadline end =
		deadline_earlier(launch->context->deadline, deadline_in(launch->context->settings->timeouts.sigkill));

	return deadline_left(end) < UNDO_MS ? deadline_in(UNDO_MS) : end;
}

/* P may still be among the control groups, and would make again what the teardown takes down: it lets the session go when that is behind it. */
static int await_undone(const struct launch *launch, struct error *err)
{
	struct deadline deadline = undo_time(launch);
	char text[64];
	int fd = -1, got;

	if (session_send(launch->session, "undo", -1) < 0)
		return 0; /* nobody is there any more */
	while ((got = session_hear(launch->session, deadline, text, sizeof(text), &fd)) > 0)
		close_fd(&fd);
	return got == 0 ? 0
			: error_set(err, ERROR_TIMEOUT, "the process that becomes the supervisor of \"%s\" is held up",
				    launch->name);
}

int launch_abort(struct launch *launch, struct error *err)
{
	/* A QEMU that is not on record yet waits at the gate, and ends by this. */
	close_fd(&launch->gate);
	announce_end(launch);
	if (launch->qemu.pid > 0 && kill_qemu(launch, err) < 0)
		return -1;
	return launch->session >= 0 ? await_undone(launch, err) : 0;
}
