/* fault-inject: runs a command, and lets one process of it die, or one system call of it fail, at an exact place.
 *
 *   fault-inject [--log FILE] [--at ROLE:SYSCALL:N (--kill | --error ERRNO | --run SCRIPT)] [--hit FILE] COMMAND ARG...
 *
 * A place is the Nth call of SYSCALL in ROLE. Why not `strace --inject`: its counters begin anew in every process, so one (system call, N) names several
 * places at once, and a supervisor that strace starts is no child of `kvmctl start` any more. Roles are what a process is at the moment:
 *   kvmctl                 the command itself
 *   kvmctl+, kvmctl++      its child, and that one's child, until they become another program (the two forks of a start)
 *   supervisor             kvmctl-supervisor
 *   afterwards             kvmctl again, which the supervisor has become (teardown, start)
 * With --run the process stands at the place until a shell has done SCRIPT ($TRACEE is its pid), and then goes on as if nothing had been.
 * Whatever becomes any other program (QEMU, scripts) is let go. The command's exit status is ours (128 + signal when it was killed), as soon as it has ended;
 * the tracing of the supervisor goes on in the background until it ends. --log takes down each place, as a line ROLE SYSCALL N; --hit FILE is made when the place was reached.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <linux/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef __x86_64__
#error "the registers of a system call are known here for x86-64 only"
#endif

static const struct {
	long number;
	const char *name;
} syscalls[] = {
#include "syscalls.h" /* made by the Makefile of the kernel's header */
};

#define TRACEES_MAX 256
#define ROLES_MAX 32
#define SYSCALL_MAX 512
#define OPTIONS \
	(PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC)

struct tracee {
	pid_t pid;  /* 0: this place is free */
	int role;   /* -1: its parent's event has not come yet, it waits */
	bool waits; /* stopped, until its role is known */
	bool fails; /* the call that it is in is to return -errnum */
};

static struct {
	struct tracee tracees[TRACEES_MAX];
	char *roles[ROLES_MAX];
	unsigned counts[ROLES_MAX][SYSCALL_MAX];
	int log;
	const char *hit;
	char role[32]; /* the place */
	long number;   /* of its system call; -1: none wanted */
	unsigned n;
	int errnum;         /* 0: kill */
	const char *script; /* or this is run; NULL */
	bool done;
	pid_t command;
	int tell; /* the command's status goes here */
} t = { .log = -1, .number = -1 };

static _Noreturn void die(const char *what)
{
	fprintf(stderr, "fault-inject: %s: %s\n", what, strerror(errno));
	exit(125);
}

static const char *syscall_name(long number)
{
	for (size_t i = 0; i < sizeof(syscalls) / sizeof(syscalls[0]); i++)
		if (syscalls[i].number == number)
			return syscalls[i].name;
	return "unknown";
}

static long syscall_number(const char *name)
{
	for (size_t i = 0; i < sizeof(syscalls) / sizeof(syscalls[0]); i++)
		if (strcmp(syscalls[i].name, name) == 0)
			return syscalls[i].number;
	errno = ENOENT;
	die(name);
}

static int errno_number(const char *name)
{
	for (int i = 1; i < 134; i++)
		if (strerrorname_np(i) && strcmp(strerrorname_np(i), name) == 0)
			return i;
	errno = ENOENT;
	die(name);
}

static int role_number(const char *name)
{
	for (int i = 0; i < ROLES_MAX; i++) {
		if (!t.roles[i])
			t.roles[i] = strdup(name);
		if (strcmp(t.roles[i], name) == 0)
			return i;
	}
	errno = ENFILE;
	die("roles");
}

static struct tracee *find(pid_t pid)
{
	struct tracee *free_one = NULL;

	for (size_t i = 0; i < TRACEES_MAX; i++) {
		if (t.tracees[i].pid == pid)
			return &t.tracees[i];
		if (!free_one && !t.tracees[i].pid)
			free_one = &t.tracees[i];
	}
	if (!free_one) {
		errno = ENFILE;
		die("tracees");
	}
	*free_one = (struct tracee){ .pid = pid, .role = -1 };
	return free_one;
}

static void go_on(const struct tracee *tracee, int signal)
{
	/* It may have been killed meanwhile: then its end comes next. */
	if (ptrace(PTRACE_SYSCALL, tracee->pid, NULL, (void *)(long)signal) < 0 && errno != ESRCH)
		die("PTRACE_SYSCALL");
}

static void make_hit(void)
{
	t.done = true;
	if (t.hit)
		close(open(t.hit, O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
}

static void set_register(pid_t pid, size_t offset, long value)
{
	if (ptrace(PTRACE_POKEUSER, pid, (void *)offset, (void *)value) < 0 && errno != ESRCH)
		die("PTRACE_POKEUSER");
}

static void run_script(pid_t tracee)
{
	char pid[16];
	pid_t shell = fork();
	int status;

	if (shell < 0)
		die("fork");
	if (shell == 0) {
		snprintf(pid, sizeof(pid), "%d", (int)tracee);
		setenv("TRACEE", pid, 1);
		execl("/bin/sh", "sh", "-c", t.script, (char *)NULL);
		_exit(125);
	}
	waitpid(shell, &status, 0);
}

static void on_entry(struct tracee *tracee, long number)
{
	unsigned n;

	if (number < 0 || number >= SYSCALL_MAX)
		return;
	n = ++t.counts[tracee->role][number];
	if (t.log >= 0)
		dprintf(t.log, "%s %s %u\n", t.roles[tracee->role], syscall_name(number), n);
	if (t.done || number != t.number || n != t.n || strcmp(t.roles[tracee->role], t.role) != 0)
		return;
	make_hit();
	if (t.script) {
		run_script(tracee->pid);
		return;
	}
	/* Number -1 is no system call: nothing is done. */
	set_register(tracee->pid, offsetof(struct user_regs_struct, orig_rax), -1);
	if (t.errnum)
		tracee->fails = true;
	else
		kill(tracee->pid, SIGKILL);
}

static void on_syscall(struct tracee *tracee)
{
	struct ptrace_syscall_info info;

	if (ptrace(PTRACE_GET_SYSCALL_INFO, tracee->pid, sizeof(info), &info) < 0)
		return; /* it is gone */
	if (info.op == PTRACE_SYSCALL_INFO_ENTRY) {
		on_entry(tracee, (long)info.entry.nr);
	} else if (info.op == PTRACE_SYSCALL_INFO_EXIT && tracee->fails) {
		tracee->fails = false;
		set_register(tracee->pid, offsetof(struct user_regs_struct, rax), -t.errnum);
	}
}

/* False: it has become something that is not ours, and was let go. */
static bool on_exec(struct tracee *tracee)
{
	char path[64], target[512];
	const char *before = tracee->role < 0 ? "" : t.roles[tracee->role], *name;
	ssize_t length;

	snprintf(path, sizeof(path), "/proc/%d/exe", (int)tracee->pid);
	length = readlink(path, target, sizeof(target) - 1);
	target[length > 0 ? length : 0] = '\0';
	name = strrchr(target, '/') ? strrchr(target, '/') + 1 : target;
	if (strcmp(name, "kvmctl-supervisor") == 0) {
		tracee->role = role_number("supervisor");
	} else if (strcmp(name, "kvmctl") == 0) {
		tracee->role = role_number(strcmp(before, "supervisor") == 0 || strcmp(before, "afterwards") == 0
						   ? "afterwards"
						   : "kvmctl");
	} else {
		ptrace(PTRACE_DETACH, tracee->pid, NULL, NULL);
		*tracee = (struct tracee){ 0 };
		return false;
	}
	return true;
}

static void on_fork(const struct tracee *parent)
{
	unsigned long pid;
	char role[64];
	struct tracee *child;

	if (ptrace(PTRACE_GETEVENTMSG, parent->pid, NULL, &pid) < 0)
		return;
	child = find((pid_t)pid);
	snprintf(role, sizeof(role), "%s+", t.roles[parent->role]);
	child->role = role_number(role);
	if (child->waits) {
		child->waits = false;
		go_on(child, 0);
	}
}

static void on_stop(struct tracee *tracee, int status)
{
	int signal = WSTOPSIG(status), event = status >> 16;

	if (signal == (SIGTRAP | 0x80)) {
		on_syscall(tracee);
	} else if (event == PTRACE_EVENT_EXEC) {
		if (!on_exec(tracee))
			return;
	} else if (event == PTRACE_EVENT_FORK || event == PTRACE_EVENT_VFORK || event == PTRACE_EVENT_CLONE) {
		on_fork(tracee);
	} else if (event == PTRACE_EVENT_STOP) {
		if (tracee->role < 0) {
			tracee->waits = true;
			return;
		}
	} else if (event == 0) {
		go_on(tracee, signal);
		return;
	}
	go_on(tracee, 0);
}

static void trace(void)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, __WALL)) > 0) {
		struct tracee *tracee = find(pid);

		if (WIFSTOPPED(status)) {
			on_stop(tracee, status);
			continue;
		}
		*tracee = (struct tracee){ 0 };
		if (pid == t.command && write(t.tell, &status, sizeof(status)) < 0)
			die("the command's status");
	}
}

/* The command waits until it is traced. */
static void start(char **argv)
{
	int gate[2];
	char byte = 0;

	if (pipe2(gate, O_CLOEXEC) < 0 || (t.command = fork()) < 0)
		die("fork");
	if (t.command == 0) {
		close(gate[1]);
		if (read(gate[0], &byte, 1) != 1)
			_exit(125);
		close(t.tell);
		execv(argv[0], argv);
		die(argv[0]);
	}
	if (ptrace(PTRACE_SEIZE, t.command, NULL, (void *)OPTIONS) < 0)
		die("PTRACE_SEIZE");
	find(t.command)->role = role_number("command");
	if (write(gate[1], &byte, 1) != 1)
		die("write");
	/* From here on it makes no system call that counts before its exec. */
	close(gate[0]);
	close(gate[1]);
}

static void set_place(char *text)
{
	char *name = strchr(text, ':'), *n = name ? strchr(name + 1, ':') : NULL;

	if (!n) {
		errno = EINVAL;
		die("--at");
	}
	*name = *n = '\0';
	snprintf(t.role, sizeof(t.role), "%s", text);
	t.number = syscall_number(name + 1);
	t.n = (unsigned)strtoul(n + 1, NULL, 10);
}

static char **read_options(char **argv)
{
	for (; *argv && strncmp(*argv, "--", 2) == 0; argv++) {
		if (strcmp(*argv, "--kill") == 0)
			t.errnum = 0;
		else if (strcmp(*argv, "--log") == 0)
			t.log = open(*++argv, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
		else if (strcmp(*argv, "--hit") == 0)
			t.hit = *++argv;
		else if (strcmp(*argv, "--run") == 0)
			t.script = *++argv;
		else if (strcmp(*argv, "--error") == 0)
			t.errnum = errno_number(*++argv);
		else if (strcmp(*argv, "--at") == 0)
			set_place(*++argv);
	}
	return argv;
}

int main(int argc, char **argv)
{
	int tell[2], status, null;
	pid_t tracer;

	(void)argc;
	argv = read_options(argv + 1);
	if (!*argv || pipe2(tell, O_CLOEXEC) < 0 || (tracer = fork()) < 0)
		die("nothing to run");
	if (tracer > 0) {
		close(tell[1]);
		if (read(tell[0], &status, sizeof(status)) != sizeof(status))
			die("the tracer ended early");
		return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	}
	t.tell = tell[1];
	setsid();
	start(argv);
	/* The background keeps nothing of the caller's open. */
	null = open("/dev/null", O_RDWR);
	for (int fd = 0; fd < 3; fd++)
		dup2(null, fd);
	trace();
	return 0;
}
