/* A supervisor at work on a stand-in for QEMU, in a run directory of its own: for the supervisor_*_test.c programs.
 *
 * The test is `kvmctl start` (it holds the other end of --start-fd). It forks P, P forks the stand-in and becomes kvmctl-supervisor, as the launch does. The
 * stand-in speaks QMP on the event socket and does what the test tells it over a pipe. "kvmctl" is a script that writes down how it was called. */
#ifndef TESTS_SUPERVISOR_RIG_H
#define TESTS_SUPERVISOR_RIG_H

#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <cmocka.h>

#include "base/deadline.h"
#include "base/file.h"
#include "base/module.h"
#include "base/strv.h"
#include "base/text.h"
#include "host/process.h"
#include "supervisor_stand_in.h"
#include "vm/exit_record.h"
#include "vm/status.h"

#define NAME "web1"
#define WAIT_MS 60000

struct rig {
	char dir[64];
	int start_fd;     /* we are `kvmctl start`; -1: hung up */
	int order_fd;     /* orders to the stand-in */
	int go_fd;        /* the gate before P's exec */
	pid_t supervisor; /* P, our child */
	struct process_id qemu;
	const char *run_state; /* what query-status answers; set before rig_launch */
	bool attached;         /* the stand-in is not the supervisor's child */
	int starter_exit;      /* > 0: P has a child that ends with this status when rig_release_starter says so */
	int starter_fd;
};

/* --- waiting --- */

/* Looks every 5 ms until `condition` holds: 1, or 0 after WAIT_MS. */
#define wait_until(condition)                                               \
	({                                                                  \
		struct deadline until_ = deadline_in(WAIT_MS);              \
		bool holds_;                                                \
		while (!(holds_ = (condition)) && !deadline_passed(until_)) \
			usleep(5000);                                       \
		holds_;                                                     \
	})

static inline int rig_part(const struct rig *rig, const char *part)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", rig->dir, part);
	return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* The text of a file of the run directory; "" when it is not there. Owned by the caller. */
static inline char *rig_read(const struct rig *rig, const char *file)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	_cleanup_close_ int dir = rig_part(rig, ".");
	char *text = NULL;

	return file_read_at(dir, file, 64 << 20, &text, NULL, &err) == 0 ? text : xstrdup("");
}

static inline bool rig_has(const struct rig *rig, const char *file, const char *needle)
{
	_cleanup_free_ char *text = rig_read(rig, file);

	return strstr(text, needle) != NULL;
}

static inline struct status rig_status(const struct rig *rig)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	_cleanup_close_ int dir = rig_part(rig, "pid");
	struct status status = { 0 };

	assert_int_equal(status_read(dir, NAME, &status, &err), 1);
	return status;
}

static inline void rig_write_status(const struct rig *rig, const struct status *status)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	_cleanup_close_ int dir = rig_part(rig, "pid");

	assert_int_equal(status_write(dir, NAME, status, &err), 0);
}

static inline void set_rung(struct status *status, void *arg)
{
	status->phase = PHASE_STOPPING;
	snprintf(status->reason, sizeof(status->reason), "%s", (const char *)arg);
}

/* What `kvmctl stop` does before each rung. */
static inline void rig_set_rung(const struct rig *rig, const char *rung)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	_cleanup_close_ int pid_dir = rig_part(rig, "pid"), lock_dir = rig_part(rig, "lock");
	_cleanup_free_ char *copy = xstrdup(rung);

	assert_int_equal(status_update(pid_dir, lock_dir, NAME, set_rung, copy, &err), 1);
}

static inline struct exit_record rig_record(const struct rig *rig)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	_cleanup_close_ int dir = rig_part(rig, "exit");
	struct exit_record record = { 0 };

	assert_int_equal(exit_record_read(dir, NAME, &record, &err), 1);
	return record;
}

/* --- setting up --- */

static void rig_write(const struct rig *rig, const char *file, const char *text, mode_t mode)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	_cleanup_close_ int dir = rig_part(rig, ".");

	assert_int_equal(file_write_at(dir, file, text, strlen(text), mode, false, &err), 0);
}

static inline void rig_make(struct rig *rig)
{
	static const char *const parts[] = { "pid", "lock", "conf", "exit", "log", "ctrl", "cgroup" };
	_cleanup_free_ char *script = NULL;
	_cleanup_close_ int dir = -1;

	*rig = (struct rig){ .start_fd = -1, .order_fd = -1, .go_fd = -1, .starter_fd = -1, .run_state = "running" };
	snprintf(rig->dir, sizeof(rig->dir), "/tmp/kvmctl-rig-XXXXXX");
	assert_non_null(mkdtemp(rig->dir));
	dir = rig_part(rig, ".");
	for (size_t i = 0; i < ELEMENTS(parts); i++)
		assert_int_equal(mkdirat(dir, parts[i], 0750), 0);
	/* stop: the guest follows; --force: it is killed. */
	script = xprintf("#!/bin/sh\necho \"$@\" >> %s/calls\n"
			 "case \"$*\" in\n*--force*) kill -9 $(head -n1 %s/pid/" NAME ") ;;\n"
			 "*' stop '*) [ -e %s/deaf ] || kill -15 $(head -n1 %s/pid/" NAME ") ;;\nesac\n",
			 rig->dir, rig->dir, rig->dir, rig->dir);
	rig_write(rig, "kvmctl", script, 0750);
	rig_write(rig, "conf/" NAME ".runtime", "{}\n", 0640);
	rig_write(rig, "cgroup/memory.events", "low 0\noom_kill 3\n", 0640);
}

/* P after the gate: becomes the supervisor. The fds of the test are closed by it. */
static void rig_become(const struct rig *rig, int event_fd, int start_fd, pid_t qemu, char *const *extra)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	_cleanup_strv_ char **argv = NULL;
	_cleanup_free_ char *program = NULL;
	struct process_stat stat;

	if (module_find("kvmctl-supervisor", &program, &err) < 0 || process_read_stat(qemu, &stat) < 0)
		_exit(98);
	strv_add(&argv, program);
	strv_addf(&argv, "--name");
	strv_addf(&argv, NAME);
	strv_addf(&argv, "--run-dir");
	strv_add(&argv, rig->dir);
	strv_addf(&argv, "--kvmctl");
	strv_addf(&argv, "%s/kvmctl", rig->dir);
	strv_addf(&argv, "--qemu");
	strv_addf(&argv, "%d", qemu);
	strv_addf(&argv, "--qemu-start");
	strv_addf(&argv, "%llu", (unsigned long long)stat.start);
	strv_addf(&argv, "--event-fd");
	strv_addf(&argv, "%d", event_fd);
	if (start_fd >= 0) {
		strv_addf(&argv, "--start-fd");
		strv_addf(&argv, "%d", start_fd);
	}
	if (!strv_contains(extra, "--log-max")) {
		strv_addf(&argv, "--log-max");
		strv_addf(&argv, "65536");
	}
	strv_extend(&argv, extra);
	/* A careless caller: everything blocked, SIGCHLD ignored. */
	sigset_t all;
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	execv(program, argv);
	_exit(97);
}

/* P's child that stands for the forked half of `start --foreground`; its pid as text. */
static char *rig_fork_starter(const struct rig *rig, int release)
{
	pid_t pid = fork();
	char byte;

	if (pid == 0) {
		for (int fd = 3; fd < 64; fd++)
			if (fd != release)
				close(fd);
		_exit(read(release, &byte, 1) == 1 ? rig->starter_exit : 95);
	}
	return xprintf("%d", pid);
}

static inline int rig_open_log(const struct rig *rig, const char *file)
{
	_cleanup_close_ int dir = rig_part(rig, "log");

	return openat(dir, file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
}

/* Forks the stand-in; its pid. orders[1] stays with us. */
static pid_t rig_fork_qemu(const struct rig *rig, int qmp, int orders)
{
	int log = rig_open_log(rig, NAME ".log");
	sigset_t all, before;
	pid_t pid;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &before); /* no signal before it has dropped cmocka's handlers */
	pid = fork();
	if (pid == 0)
		stand_in(qmp, orders, log, rig->run_state, &before);
	sigprocmask(SIG_SETMASK, &before, NULL);
	close(log);
	return pid;
}

/* Runs the supervisor with these options behind the usual ones (NULL-terminated; may be NULL). Afterwards the status line is written, as start does. */
static inline void rig_launch(struct rig *rig, const char *const *extra)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	int event[2], start[2], order[2], go[2], tell[2], release[2];
	struct status status = { .phase = PHASE_RUNNING, .vcpus = 2, .memory = 512, .maxmem = 1024 };
	pid_t pid = 0;
	char byte;

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, event), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, start), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, order), 0);
	assert_int_equal(pipe2(go, O_CLOEXEC), 0);
	assert_int_equal(pipe2(tell, O_CLOEXEC), 0);
	assert_int_equal(pipe2(release, O_CLOEXEC), 0);
	if (rig->attached)
		pid = rig_fork_qemu(rig, event[1], order[1]);
	rig->supervisor = fork();
	if (rig->supervisor == 0) {
		/* only ours: the other ends are those whose end-of-file counts */
		close(start[0]);
		if (!rig->attached)
			pid = rig_fork_qemu(rig, event[1], order[1]);
		(void)!write(tell[1], &pid, sizeof(pid));
		if (read(go[0], &byte, 1) != 1)
			_exit(96);
		fcntl(event[0], F_SETFD, 0);
		fcntl(start[1], F_SETFD, 0);
		const char *with_starter[] = { "--foreground", "--starter", NULL, NULL };
		if (rig->starter_exit > 0) {
			with_starter[2] = rig_fork_starter(rig, release[0]);
			extra = with_starter;
		}
		rig_become(rig, event[0], rig->attached ? -1 : start[1], pid, (char *const *)extra);
	}
	assert_int_equal(read(tell[0], &pid, sizeof(pid)), sizeof(pid));
	close(event[0]);
	close(event[1]);
	close(start[1]);
	close(order[1]);
	close(go[0]);
	close(tell[0]);
	close(tell[1]);
	close(release[0]);
	rig->starter_fd = release[1];
	assert_int_equal(recv(order[0], &byte, 1, 0), 1); /* it holds nothing of ours any more */
	assert_int_equal(process_identify(pid, &rig->qemu, &err), 0);
	status.qemu = rig->qemu;
	rig_write_status(rig, &status);
	rig->start_fd = start[0];
	rig->order_fd = order[0];
	assert_int_equal(write(go[1], "g", 1), 1);
	close(go[1]);
}

static inline void rig_order(const struct rig *rig, const char *format, ...) __attribute__((format(printf, 2, 3)));
static inline void rig_order(const struct rig *rig, const char *format, ...)
{
	_cleanup_free_ char *order = NULL;
	va_list ap;

	va_start(ap, format);
	order = xvprintf(format, ap);
	va_end(ap);
	assert_int_equal(send(rig->order_fd, order, strlen(order), MSG_NOSIGNAL), (ssize_t)strlen(order));
}

/* An event with this data ("{}" at least). */
static inline void rig_event(const struct rig *rig, const char *event, const char *data)
{
	rig_order(rig,
		  "say {\"timestamp\": {\"seconds\": 1, \"microseconds\": 2}, \"event\": \"%s\", \"data\": %s}\r\n",
		  event, data);
}

/* What the supervisor says to start; "" when it hung up. Owned by the caller. */
static inline char *rig_heard(struct rig *rig)
{
	struct pollfd pfd = { rig->start_fd, POLLIN, 0 };
	char text[64];
	ssize_t n;

	assert_int_equal(poll(&pfd, 1, WAIT_MS), 1);
	n = recv(rig->start_fd, text, sizeof(text) - 1, 0);
	text[n > 0 ? n : 0] = '\0';
	return xstrdup(text);
}

static inline void rig_say(const struct rig *rig, const char *word)
{
	assert_int_equal(send(rig->start_fd, word, strlen(word), MSG_NOSIGNAL), (ssize_t)strlen(word));
}

static inline void rig_hang_up(struct rig *rig)
{
	close(rig->start_fd);
	rig->start_fd = -1;
}

/* "commit", "ok", and the handshake with QEMU is over (an event that is sent now is seen). */
static inline void rig_commit(struct rig *rig)
{
	_cleanup_free_ char *answer = NULL, *end = NULL;

	rig_say(rig, "commit");
	answer = rig_heard(rig);
	assert_string_equal(answer, "ok");
	end = rig_heard(rig);
	assert_string_equal(end, "");
	rig_hang_up(rig);
}

/* Waits until an event sent now is in the log: all that was sent before has been taken. */
static inline void rig_sync(const struct rig *rig)
{
	_cleanup_free_ char *mark = xprintf("SYNC_%lld", (long long)clock_boottime_ms());

	/* Events of before the handshake are lost, as with QEMU: so again until one arrives. */
	for (int i = 0; i < 200 && !rig_has(rig, "log/" NAME ".events", mark); i++) {
		rig_event(rig, mark, "{}");
		usleep(10000);
	}
	assert_true(rig_has(rig, "log/" NAME ".events", mark));
}

static inline void rig_begin(struct rig *rig, const char *const *extra)
{
	rig_launch(rig, extra);
	rig_commit(rig);
	rig_sync(rig);
}

/* Waits for P (which may be kvmctl by then): waitpid's status. */
static inline int rig_wait(struct rig *rig)
{
	int status = -1;
	bool ended = wait_until(waitpid(rig->supervisor, &status, WNOHANG) != 0);

	assert_true(ended);
	rig->supervisor = 0;
	return status;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

/* Nothing survives a test: neither QEMU nor the supervisor, nor the directory. */
static inline void rig_remove(struct rig *rig)
{
	if (rig->supervisor > 0) {
		kill(rig->supervisor, SIGKILL);
		waitpid(rig->supervisor, NULL, 0);
	}
	close_fd(&rig->start_fd);
	close_fd(&rig->starter_fd);
	close_fd(&rig->order_fd); /* the stand-in ends at this end-of-file */
	if (rig->attached)
		waitpid(rig->qemu.pid, NULL, 0);
	nftw(rig->dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static inline int rig_setup(void **state)
{
	struct rig *rig = xcalloc(1, sizeof(*rig));

	rig_make(rig);
	*state = rig;
	return 0;
}

static inline int rig_teardown(void **state)
{
	rig_remove(*state);
	free(*state);
	return 0;
}

#define rig_test(f) cmocka_unit_test_setup_teardown(f, rig_setup, rig_teardown)

#endif
