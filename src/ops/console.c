/* kvmctl console: our own relay between the terminal and the guest's serial port.
 *
 * QEMU's socket serves one client: who holds the console has lock/.NAME.console, and a second person is
 * told who that is. The connection ends with QEMU; when the instance comes back (kvmctl reboot, on_crash
 * restart) it is made again. Ctrl-] ends the relay. */
#include "ops/verbs.h"

#include <fcntl.h>
#include <sys/inotify.h>
#include <sys/signalfd.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/lock.h"
#include "base/log.h"
#include "base/parse.h"
#include "base/text.h"
#include "host/process.h"
#include "host/socket.h"
#include "host/terminal.h"
#include "host/watch.h"
#include "ops/act_control.h"
#include "ops/act_look.h"
#include "vm/spec.h"

#define ESCAPE CTRL(']')
#define COME_BACK_MS 60000 /* for an instance that reboots */
#define QUIET_MS 1000      /* standard input at its end: the guest's answer is over when it says nothing for so long */

struct console {
	struct context *context;
	const char *name;
	int serial;
	bool from_terminal;
	bool input_ended;
	struct terminal terminal;
};

enum relay { RELAY_LEFT, RELAY_GUEST_GONE, RELAY_TIME_UP, RELAY_FAILED };

static char *console_holder(void)
{
	_cleanup_free_ char *since = clock_to_text(clock_realtime_ms());
	const char *tty = ttyname(STDIN_FILENO);

	return xprintf("pid %d, console on %s, since %s", getpid(), tty ? tty : "no terminal", since);
}

/* --force: whoever holds it is asked to leave. Its pid stands first in the lock's text. */
static void end_holder(int dir, const char *file)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	_cleanup_free_ char *holder = lock_holder(dir, file);
	_cleanup_close_ int pidfd = -1;
	struct process_id id;
	int64_t pid;

	if (!starts_with(holder, "pid "))
		return;
	_cleanup_free_ char *number = xstrndup(holder + 4, strspn(holder + 4, "0123456789"));
	if (parse_int(number, "pid", 2, INT32_MAX, &pid, &err) < 0 || process_identify((pid_t)pid, &id, &err) < 0 ||
	    process_open(&id, &pidfd, &err) < 0 || pidfd < 0)
		return;
	process_signal(pidfd, SIGTERM, &err);
}

static int hold(struct context *context, const char *name, bool force, int *ret_lock, struct error *err)
{
	_cleanup_free_ char *file = xprintf(".%s.console", name), *holder = console_holder();
	int dir = rundir_part(&context->rundir, RUNDIR_LOCK);

	if (dir < 0 && errno != ENOENT)
		return error_errno(err, ERROR_HOST, errno, "cannot open \"%s/lock\"", context->rundir.path);
	if (dir < 0)
		return 0; /* Nothing runs here: connecting finds the words for it. */
	if (lock_take(dir, file, holder, deadline_in(0), ret_lock, err) == 0)
		return 0;
	if (err->kind != ERROR_BUSY)
		return -1;
	if (force) {
		error_clear(err);
		end_holder(dir, file);
		return lock_take(dir, file, holder, deadline_in(2000), ret_lock, err);
	}
	_cleanup_free_ char *who = lock_holder(dir, file);
	error_set(err, ERROR_BUSY, "the console of \"%s\" is held (%s)", name, who);
	return error_hint(err, "--force takes it away from them");
}

static int connect_serial(struct console *console, struct error *err)
{
	_cleanup_free_ char *file = xprintf("%s.serial", console->name);
	struct instance instance = { 0 };
	int dir = rundir_part(&console->context->rundir, RUNDIR_CTRL);

	if (dir >= 0 && socket_connect_at(dir, file, &console->serial, err) == 0)
		return 0;
	error_clear(err);
	if (look_instance(console->context, console->name, &instance, err) < 0)
		return -1;
	if (look_is_alive(&instance)) {
		error_set(err, ERROR_STATE, "instance \"%s\" has no serial console", console->name);
		error_hint(err, "its spec says \"serial_console\": false");
	} else {
		control_not_running(console->context, &instance, err);
	}
	instance_clear(&instance);
	return -1;
}

/* All of it, also to a socket whose buffer is full: the guest may be slow to read. */
static bool write_through(int fd, const char *data, size_t length, struct deadline deadline)
{
	while (length > 0) {
		ssize_t n = write(fd, data, length);
		struct pollfd pfd = { fd, POLLOUT, 0 };

		if (n < 0 && errno != EAGAIN && errno != EINTR)
			return false;
		if (n < 0 && deadline_poll(&pfd, 1, deadline) <= 0)
			return false;
		data += n > 0 ? n : 0;
		length -= n > 0 ? (size_t)n : 0;
	}
	return true;
}

/* From the person to the guest. */
static enum relay relay_input(struct console *console, bool *ret_go_on)
{
	char data[4096];
	ssize_t n = read(STDIN_FILENO, data, sizeof(data));
	const char *escape = n > 0 && console->from_terminal ? memchr(data, ESCAPE, (size_t)n) : NULL;

	*ret_go_on = false;
	if (n <= 0) {
		console->input_ended = true;
		*ret_go_on = true;
		return RELAY_LEFT;
	}
	if (escape)
		n = escape - data;
	if (!write_through(console->serial, data, (size_t)n, console->context->deadline))
		return RELAY_GUEST_GONE;
	*ret_go_on = !escape;
	return RELAY_LEFT;
}

/* From the guest to the person. */
static enum relay relay_output(struct console *console, bool *ret_go_on)
{
	char data[16384];
	ssize_t n = read(console->serial, data, sizeof(data));

	*ret_go_on = n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR));
	if (n > 0 && file_write_all(STDOUT_FILENO, data, (size_t)n) < 0) {
		*ret_go_on = false;
		return errno == EPIPE ? RELAY_LEFT : RELAY_FAILED;
	}
	return RELAY_GUEST_GONE;
}

static struct deadline relay_deadline(const struct console *console)
{
	return console->input_ended && console->context->deadline.at_ms == INT64_MAX ? deadline_in(QUIET_MS)
										     : console->context->deadline;
}

/* SIGTERM (somebody takes the console with --force), SIGHUP (the terminal is gone), SIGINT (not from a
 * raw terminal) end the relay in good order: once read, the signal has no other effect. */
static void leave_by_signal(const struct console *console)
{
	struct signalfd_siginfo info;

	while (read(console->terminal.signals, &info, sizeof(info)) > 0)
		;
}

static enum relay relay(struct console *console)
{
	for (;;) {
		struct pollfd polls[3] = {
			{ console->serial, POLLIN, 0 },
			{ console->input_ended ? -1 : STDIN_FILENO, POLLIN, 0 },
			{ console->terminal.signals, POLLIN, 0 },
		};
		enum relay why = RELAY_TIME_UP;
		bool go_on = true;

		if (deadline_poll(polls, 3, relay_deadline(console)) <= 0)
			return console->input_ended && !deadline_passed(console->context->deadline) ? RELAY_LEFT
												    : RELAY_TIME_UP;
		if (polls[2].revents) {
			leave_by_signal(console);
			return RELAY_LEFT;
		}
		if (polls[0].revents)
			why = relay_output(console, &go_on);
		if (go_on && polls[1].revents)
			why = relay_input(console, &go_on);
		if (!go_on)
			return why;
	}
}

/* After QEMU's end: does the instance come back? */
static bool comes_back(struct console *console)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	_cleanup_free_ char *dir = rundir_path(&console->context->rundir, RUNDIR_PID, "", "");
	_cleanup_close_ int watch = -1;
	struct deadline deadline = context_step(console->context, COME_BACK_MS);

	if (watch_open(&watch, &err) < 0 || watch_add(watch, dir, IN_MOVED_TO | IN_DELETE, &err) < 0)
		return false;
	for (;;) {
		_cleanup_instance_ struct instance instance = { 0 };

		if (instance_look(&console->context->rundir, console->name, &console->context->here, &instance, &err) <
		    0)
			return false;
		if (instance.proc.start != 0 && instance.status.phase != PHASE_STOPPING &&
		    connect_serial(console, &err) == 0)
			return true;
		error_clear(&err);
		if (!instance.has_status || instance.state == INSTANCE_UNKNOWN ||
		    watch_wait(watch, deadline, &err) <= 0)
			return false;
	}
}

static int run(struct console *console, struct error *err)
{
	for (;;) {
		enum relay why = relay(console);

		close_fd(&console->serial);
		console->serial = -1;
		if (why == RELAY_LEFT)
			return 0;
		if (why == RELAY_TIME_UP)
			return console->from_terminal || !console->input_ended
				       ? error_set(err, ERROR_TIMEOUT, "the time for the console is up")
				       : 0;
		if (why == RELAY_FAILED)
			return error_errno(err, ERROR_OTHER, errno, "cannot write to standard output");
		if (!comes_back(console))
			return 0;
	}
}

int op_console(struct context *context, const char *name, bool force, struct error *err)
{
	struct console console = { .context = context,
				   .name = name,
				   .serial = -1,
				   .from_terminal = isatty(STDIN_FILENO),
				   .terminal = TERMINAL_INIT };
	_cleanup_close_ int lock = -1;

	if (instance_name_check(name, err) < 0 || hold(context, name, force, &lock, err) < 0 ||
	    connect_serial(&console, err) < 0)
		return -1;
	if (console.from_terminal)
		log_notice("connected to the console of \"%s\"; Ctrl-] leaves it", name);
	if (terminal_raw(&console.terminal, STDIN_FILENO, err) < 0) {
		close_fd(&console.serial);
		return -1;
	}
	int result = run(&console, err);
	terminal_restore(&console.terminal);
	if (console.from_terminal)
		log_notice("left the console of \"%s\"", name);
	return result;
}
