/* Between fork and exec: the child is made into what was described, and nothing of the caller stays that
 * was not.
 *
 * The order: session and signals (we may be killed from here on), limits and scheduling (while we may
 * still change them), descriptors (so that the gate's other end is not kept open by us), the gate, and
 * only then privileges: a waiting child of a shared uid would be something for its neighbours to look at.
 * We have one thread, so memory may be had between fork and exec. */
#include "host/child_setup.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/text.h"

static int own_session(const struct child_setup *setup, struct error *err)
{
	/* EPERM: we lead a session, or a group, already (a process that has forked and becomes something else). */
	if (setup->child->new_session && setsid() < 0 && getsid(0) != getpid())
		return error_errno(err, ERROR_HOST, errno, "cannot start a session");
	if (setup->own_group && !setup->child->new_session && setpgid(0, 0) < 0)
		return error_errno(err, ERROR_HOST, errno, "cannot start a process group");
	return 0;
}

/* Ignored signals stay ignored over exec (signal(7)): a caller with an ignored SIGCHLD or SIGPIPE must
 * not make a QEMU with one. */
static int default_signals(const struct child *child, struct error *err)
{
	struct sigaction action = { .sa_handler = SIG_DFL };
	sigset_t none;

	for (int number = 1; number < NSIG; number++)
		sigaction(number, &action, NULL); /* SIGKILL, SIGSTOP and libc's own refuse */
	sigemptyset(&none);
	if (!child->keep_blocked && sigprocmask(SIG_SETMASK, &none, NULL) < 0)
		return error_errno(err, ERROR_HOST, errno, "cannot reset the signal mask");
	return 0;
}

/* Soft and hard: the child cannot take it back. */
static int limit(int resource, const char *name, rlim_t value, struct error *err)
{
	struct rlimit limit = { .rlim_cur = value, .rlim_max = value };

	if (setrlimit(resource, &limit) == 0)
		return 0;
	error_errno(err, ERROR_HOST, errno, "cannot set %s to %llu", name, (unsigned long long)value);
	return err->errnum == EPERM ? error_hint(err, "a limit can only be raised by root with CAP_SYS_RESOURCE") : -1;
}

/* What may be refused to an unprivileged caller (a better priority than it has itself) is let go: nothing
 * depends on it. */
static void plain_scheduling(const struct child *child)
{
	_cleanup_close_ int oom = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
	cpu_set_t all;

	if (oom >= 0 && write(oom, "0", 1) < 0)
		errno = 0;
	if (setpriority(PRIO_PROCESS, 0, 0) < 0)
		errno = 0;
	memset(&all, 0xff, sizeof(all)); /* cut down by the kernel to what the cpuset allows */
	if (!child->affinity && sched_setaffinity(0, sizeof(all), &all) < 0)
		errno = 0;
}

static int limits_and_place(const struct child *child, struct error *err)
{
	plain_scheduling(child);
	if (child->affinity && sched_setaffinity(0, sizeof(*child->affinity), child->affinity) < 0)
		return error_errno(err, ERROR_HOST, errno, "cannot set the CPU affinity");
	if (limit(RLIMIT_CORE, "RLIMIT_CORE", 0, err) < 0)
		return -1;
	if (child->memlock >= 0 && limit(RLIMIT_MEMLOCK, "RLIMIT_MEMLOCK", (rlim_t)child->memlock, err) < 0)
		return -1;
	umask((mode_t)child->umask);
	if (chdir("/") < 0)
		return error_errno(err, ERROR_HOST, errno, "cannot change to \"/\"");
	return 0;
}

static int compare_targets(const void *a, const void *b)
{
	const struct child_fd *x = a, *y = b;

	return (x->target > y->target) - (x->target < y->target);
}

/* The described descriptors with 0, 1 and 2 added where missing, sorted by target. Owned by the caller. */
static int full_list(const struct child *child, struct child_fd **ret, size_t *ret_n, struct error *err)
{
	_cleanup_free_ struct child_fd *list = xcalloc(child->n_fds + 3, sizeof(*list));
	bool given[3] = { false };
	size_t n = 0;

	for (; n < child->n_fds; n++) {
		list[n] = child->fds[n];
		if (list[n].target >= 0 && list[n].target < 3)
			given[list[n].target] = true;
	}
	for (int i = 0; i < 3; i++) {
		if (!given[i])
			list[n++] = (struct child_fd){ .source = -1, .target = i };
	}
	qsort(list, n, sizeof(*list), compare_targets);
	for (size_t i = 0; i < n; i++) {
		if (list[i].target < 0 || (i && list[i].target == list[i - 1].target))
			return error_set(err, ERROR_HOST, "descriptor %d is not a target, or one twice",
					 list[i].target);
	}
	*ret = take_ptr(list);
	*ret_n = n;
	return 0;
}

/* A copy of fd at `base` or above, CLOEXEC. */
static int move_up(int *fd, int base, struct error *err)
{
	int moved;

	if (*fd < 0)
		return 0;
	moved = fcntl(*fd, F_DUPFD_CLOEXEC, base);
	if (moved < 0)
		return error_errno(err, ERROR_HOST, errno, "cannot pass on descriptor %d", *fd);
	*fd = moved;
	return 0;
}

/* Sources first go to numbers above all targets, so that none is overwritten before it is used, and dup2
 * of a number onto itself (which would leave CLOEXEC set) cannot happen. */
static int place(struct child_fd *list, size_t n, int base, struct error *err)
{
	_cleanup_close_ int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null < 0 || move_up(&null, base, err) < 0)
		return error_errno(err, ERROR_HOST, errno, "cannot open \"/dev/null\"");
	for (size_t i = 0; i < n; i++) {
		if (list[i].source < 0)
			list[i].source = null;
		if (move_up(&list[i].source, base, err) < 0)
			return -1;
	}
	for (size_t i = 0; i < n; i++) {
		if (dup2(list[i].source, list[i].target) < 0)
			return error_errno(err, ERROR_HOST, errno, "cannot pass on a descriptor as %d", list[i].target);
		close(list[i].source);
	}
	return 0;
}

/* *gate and the report's number change: both are moved above the targets. */
static int set_up_descriptors(struct child_setup *setup, int *gate, struct error *err)
{
	_cleanup_free_ struct child_fd *list = NULL;
	_cleanup_free_ int *keep = NULL;
	size_t n = 0, n_keep = 0;
	int base;

	if (full_list(setup->child, &list, &n, err) < 0)
		return -1;
	base = list[n - 1].target + 1;
	/* One after the other: the gate's number is above the report's, both above the targets. */
	if (move_up(&setup->report_fd, base, err) < 0)
		return -1;
	if (move_up(gate, setup->report_fd < 0 ? base : setup->report_fd + 1, err) < 0)
		return -1;
	if (place(list, n, base, err) < 0)
		return -1;
	keep = xcalloc(n + 2, sizeof(*keep));
	for (; n_keep < n; n_keep++)
		keep[n_keep] = list[n_keep].target;
	if (setup->report_fd >= 0)
		keep[n_keep++] = setup->report_fd;
	if (*gate >= 0)
		keep[n_keep++] = *gate;
	if (file_close_others(0, keep, n_keep, setup->keep_open) < 0)
		return error_errno(err, ERROR_HOST, errno, "cannot close the other descriptors");
	return 0;
}

/* The parent records our pid and opens the gate; when it dies instead, its end of the pipe goes with it,
 * and so do we. */
static int wait_at_gate(int gate, struct error *err)
{
	char byte;
	ssize_t n;

	if (gate < 0)
		return 0;
	do
		n = read(gate, &byte, 1);
	while (n < 0 && errno == EINTR);
	close(gate);
	if (n == 1)
		return 0;
	return error_set(err, ERROR_HOST, "the start was given up");
}

int child_set_up(struct child_setup *setup, struct error *err)
{
	const struct child *child = setup->child;
	int gate = child->gate_fd;

	if (own_session(setup, err) < 0 || default_signals(child, err) < 0 || limits_and_place(child, err) < 0)
		return -1;
	if (set_up_descriptors(setup, &gate, err) < 0 || wait_at_gate(gate, err) < 0)
		return -1;
	if (child->privileges && privileges_apply(child->privileges, err) < 0)
		return error_prefix(err, "privileges");
	return 0;
}
