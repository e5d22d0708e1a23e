/* The fake QEMU's loop: monitors, timers, signals, and the ways of going wrong that its conf names. See fake.h. */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "base/deadline.h"
#include "base/file.h"
#include "base/strv.h"
#include "base/text.h"
#include "fake.h"

struct fake fake = { .handed_over = -1 };

/* --- going --- */
void fake_exit(int status)
{
	_exit(status);
}

void fake_die(void)
{
	const char *text = conf_string("text", NULL);
	int signal_number = (int)conf_int("signal", 0);

	if (text)
		file_write_all(2, text, strlen(text));
	if (signal_number > 0) {
		/* No core file, and no handler or mask in the way. */
		setrlimit(RLIMIT_CORE, &(struct rlimit){ 0 });
		signal(signal_number, SIG_DFL);
		sigset_t all;
		sigemptyset(&all);
		sigprocmask(SIG_SETMASK, &all, NULL);
		kill(getpid(), signal_number);
	}
	_exit((int)conf_int("status", 1));
}

static bool dies_at(const char *when)
{
	return streq(conf_string("die", ""), when);
}

static void crash(struct json *unused)
{
	(void)unused;
	if (conf_int("signal", 0) == 0 && !json_get(fake.conf, "status"))
		json_put_int(fake.conf, "signal", SIGSEGV);
	fake_die();
}

/* --- timers --- */
void fake_after(int64_t ms, void (*fn)(struct json *arg), struct json *arg)
{
	for (size_t i = 0; i < FAKE_MAX; i++) {
		if (fake.timers[i].at_ms == 0) {
			fake.timers[i] = (struct timer){ clock_boottime_ms() + ms, fn, arg };
			return;
		}
	}
}

/* Milliseconds to the next one, -1: none. */
static int next_timer(void)
{
	int64_t now = clock_boottime_ms();
	int64_t next = -1;

	for (size_t i = 0; i < FAKE_MAX; i++) {
		int64_t left = fake.timers[i].at_ms - now;

		if (fake.timers[i].at_ms && (next < 0 || left < next))
			next = left > 0 ? left : 0;
	}
	return (int)next;
}

static void run_timers(void)
{
	for (size_t i = 0; i < FAKE_MAX; i++) {
		struct timer timer = fake.timers[i];

		if (timer.at_ms && timer.at_ms <= clock_boottime_ms()) {
			fake.timers[i] = (struct timer){ 0 };
			timer.fn(timer.arg);
			json_free(timer.arg);
		}
	}
}

/* --- speaking --- */
static void hang_up(struct chardev *chardev)
{
	if (chardev->client_fd > 2)
		close(chardev->client_fd);
	chardev->client_fd = chardev->out_fd = -1;
	chardev->negotiated = false;
	chardev->in_length = 0;
}

static void say_bytes(struct chardev *chardev, const char *bytes, size_t length)
{
	while (length > 0 && chardev->out_fd >= 0) {
		ssize_t n = chardev->out_fd == 1 ? write(1, bytes, length)
						 : send(chardev->out_fd, bytes, length, MSG_NOSIGNAL);

		if (n <= 0) {
			if (n < 0 && errno == EINTR)
				continue;
			hang_up(chardev);
			return;
		}
		bytes += n;
		length -= (size_t)n;
	}
}

static void say(struct chardev *chardev, const struct json *message)
{
	_cleanup_free_ char *text = json_to_text(message);
	_cleanup_free_ char *line = xprintf("%s\r\n", text);

	say_bytes(chardev, line, strlen(line));
}

void fake_event(const char *name, struct json *data)
{
	_cleanup_json_ struct json *event = json_new_object();
	struct json *timestamp = json_new_object();
	int64_t now = clock_realtime_ms();

	json_put_int(timestamp, "seconds", now / 1000);
	json_put_int(timestamp, "microseconds", now % 1000 * 1000);
	json_put(event, "timestamp", timestamp);
	json_put_string(event, "event", name);
	if (data)
		json_put(event, "data", data);
	for (size_t i = 0; i < fake.n_chardevs; i++)
		if (fake.chardevs[i].monitor && fake.chardevs[i].negotiated)
			say(&fake.chardevs[i], event);
}

static void scripted_event(struct json *event)
{
	struct json *data = json_get(event, "data");

	fake_event(json_get_string(event, "event", "FAKE"), data ? json_ref(data) : NULL);
}

static void shut_down(bool guest, const char *reason)
{
	struct json *data = json_new_object();

	json_put_bool(data, "guest", guest);
	json_put_string(data, "reason", reason);
	fake_event("SHUTDOWN", data);
	if (fake.no_shutdown && guest) {
		fake.status = "shutdown";
		fake_event("STOP", NULL);
		return;
	}
	_exit(0);
}

void fake_guest_shutdown(struct json *unused)
{
	(void)unused;
	shut_down(true, "guest-shutdown");
}

void fake_panic(void)
{
	struct json *data = json_new_object();
	bool pause_it = streq(fake.panic_action, "pause");

	json_put_string(data, "action", pause_it ? "pause" : "poweroff");
	fake_event("GUEST_PANICKED", data);
	if (streq(fake.panic_action, "none"))
		return;
	if (pause_it) {
		fake.status = "guest-panicked";
		fake_event("STOP", NULL);
		return;
	}
	shut_down(true, "guest-panic");
}

static void greet(struct chardev *chardev)
{
	const char *greeting = conf_string("greeting", NULL);

	if (!chardev->monitor || conf_bool("silent"))
		return;
	if (greeting)
		say_bytes(chardev, greeting, strlen(greeting));
	else
		say(chardev, json_get(fake.answers, "greeting"));
	if (dies_at("greeting"))
		fake_die();
}

/* --- answering --- */
static void delayed_line(struct json *arg)
{
	const char *line = json_get_string(arg, "line", "");
	struct chardev *monitor = &fake.chardevs[json_get_int(arg, "monitor", 0)];

	say_bytes(monitor, line, strlen(line));
}

static void send_line(struct chardev *monitor, const char *line, int64_t delay)
{
	struct json *arg;

	if (delay <= 0) {
		say_bytes(monitor, line, strlen(line));
		return;
	}
	arg = json_new_object();
	json_put_string(arg, "line", line);
	json_put_int(arg, "monitor", monitor - fake.chardevs);
	fake_after(delay, delayed_line, arg);
}

static char *reply_line(const char *member, const struct json *value, const struct json *id)
{
	_cleanup_json_ struct json *reply = json_new_object();

	json_put(reply, member, json_copy(value));
	if (id)
		json_put(reply, "id", json_copy(id));
	_cleanup_free_ char *text = json_to_text(reply);
	return xprintf("%s\r\n", text);
}

/* "raw" with @ID@ replaced. */
static char *raw_line(const char *raw, const struct json *id)
{
	const char *mark = strstr(raw, "@ID@");
	_cleanup_free_ char *text = id ? json_to_text(id) : xstrdup("null");

	return mark ? xprintf("%.*s%s%s", (int)(mark - raw), raw, text, mark + 4) : xstrdup(raw);
}

/* The conf has an answer of its own for this command. */
static bool scripted_reply(struct chardev *monitor, const char *command, const struct json *id)
{
	const struct json *replies =
		fake.probe && !json_get_bool(fake.conf, "in_probe", false) ? NULL : json_get(fake.conf, "replies");
	const struct json *row = json_get(replies, command);
	const char *raw = json_get_string(row, "raw", NULL);
	_cleanup_free_ char *line = NULL;

	if (!row)
		return false;
	if (json_get_bool(row, "none", false))
		return true;
	if (raw)
		line = raw_line(raw, id);
	else if (json_get(row, "error"))
		line = reply_line("error", json_get(row, "error"), id);
	else if (json_get(row, "return"))
		line = reply_line("return", json_get(row, "return"), id);
	if (!line)
		return false;
	send_line(monitor, line, json_get_int(row, "delay", 0));
	if (json_get_bool(row, "twice", false))
		send_line(monitor, line, json_get_int(row, "delay", 0));
	return true;
}

/* Once, when the first monitor is negotiated. */
static void now_ready(void)
{
	const struct json *events = json_get(fake.conf, "events");

	if (fake.ever_ready || fake.probe)
		return;
	fake.ever_ready = true;
	for (size_t i = 0; i < json_length(events); i++)
		fake_after(json_get_int(json_at(events, i), "at", 0), scripted_event, json_ref(json_at(events, i)));
	if (conf_int("crash_after", -1) >= 0)
		fake_after(conf_int("crash_after", 0), crash, NULL);
	if (dies_at("ready"))
		fake_after(1, crash, NULL);
}

static void say_long_line(struct chardev *monitor, int64_t bytes)
{
	char block[65536];

	memset(block, 'x', sizeof(block));
	for (; bytes > 0 && monitor->out_fd >= 0; bytes -= (int64_t)sizeof(block))
		say_bytes(monitor, block, bytes < (int64_t)sizeof(block) ? (size_t)bytes : sizeof(block));
}

static void negotiate(struct chardev *monitor, const struct json *id)
{
	_cleanup_json_ struct json *nothing = json_new_object();
	_cleanup_free_ char *line = reply_line("return", nothing, id);

	if (dies_at("device"))
		fake_die();
	if (conf_int("long_line", 0) > 0) {
		say_long_line(monitor, conf_int("long_line", 0));
		return;
	}
	send_line(monitor, line, conf_int("ready_delay", 0));
	monitor->negotiated = true;
	now_ready();
}

static void handle_command(struct chardev *monitor, const struct json *message)
{
	const char *command = json_get_string(message, "execute", "");
	const struct json *id = json_get(message, "id");
	struct json *error = NULL;

	fake_record_command(monitor, message);
	if (conf_bool("silent"))
		return;
	if (*command && dies_at(command))
		fake_die();
	if (streq(command, "qmp_capabilities") && !scripted_reply(monitor, command, id)) {
		negotiate(monitor, id);
		return;
	}
	if (!monitor->negotiated || scripted_reply(monitor, command, id))
		return;

	_cleanup_json_ struct json *result = fake_execute(monitor, command, json_get(message, "arguments"), &error);
	_cleanup_free_ char *line = reply_line(error ? "error" : "return", error ? error : result, id);
	send_line(monitor, line, 0);
	json_free(error);
}

/* --- hearing --- */
static void handle_lines(struct chardev *monitor)
{
	char *newline;

	while (monitor->client_fd >= 0 && (newline = memchr(monitor->in, '\n', monitor->in_length))) {
		size_t length = (size_t)(newline - monitor->in);
		_cleanup_error_ struct error err = ERROR_INIT;
		_cleanup_json_ struct json *message = NULL;
		_cleanup_free_ char *line = xstrndup(monitor->in, length);

		monitor->in_length -= length + 1;
		memmove(monitor->in, newline + 1, monitor->in_length);
		if (json_parse(line, strlen(line), 64 << 20, 512, "QMP", &message, &err) == 0) {
			handle_command(monitor, message);
		} else {
			_cleanup_json_ struct json *desc = json_new_object();
			_cleanup_free_ char *reply = NULL;

			json_put_string(desc, "class", "GenericError");
			json_put_string(desc, "desc", "JSON parse error");
			reply = reply_line("error", desc, NULL);
			send_line(monitor, reply, 0);
		}
	}
}

static ssize_t receive(struct chardev *chardev, char *buffer, size_t size)
{
	char control[CMSG_SPACE(sizeof(int) * FAKE_MAX)];
	struct iovec iov = { buffer, size };
	struct msghdr message = {
		.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control)
	};

	if (chardev->client_fd == 0)
		return read(0, buffer, size);
	ssize_t n = recvmsg(chardev->client_fd, &message, MSG_CMSG_CLOEXEC);
	for (struct cmsghdr *header = n < 0 ? NULL : CMSG_FIRSTHDR(&message); header;
	     header = CMSG_NXTHDR(&message, header)) {
		size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);

		for (size_t i = 0; i < count && chardev->n_fds < FAKE_MAX; i++)
			memcpy(&chardev->fds[chardev->n_fds++], CMSG_DATA(header) + i * sizeof(int), sizeof(int));
	}
	return n;
}

static void handle_client(struct chardev *chardev)
{
	char buffer[65536];
	ssize_t n = receive(chardev, buffer, sizeof(buffer));

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n <= 0) {
		hang_up(chardev);
		/* A monitor on stdio or on a pair has no second client; its QEMU goes on. */
		return;
	}
	if (!chardev->monitor) {
		/* The guest's end of a serial port or channel: it echoes. */
		say_bytes(chardev, buffer, (size_t)n);
		return;
	}
	chardev->in = xrealloc(chardev->in, chardev->in_length + (size_t)n, 1);
	memcpy(chardev->in + chardev->in_length, buffer, (size_t)n);
	chardev->in_length += (size_t)n;
	handle_lines(chardev);
}

static void handle_listener(struct chardev *chardev)
{
	int fd = accept4(chardev->listen_fd, NULL, NULL, SOCK_CLOEXEC);

	if (fd < 0)
		return;
	chardev->client_fd = chardev->out_fd = fd;
	chardev->negotiated = false;
	greet(chardev);
}

static void handle_signal(int fd)
{
	struct signalfd_siginfo info;

	if (read(fd, &info, sizeof(info)) != (ssize_t)sizeof(info))
		return;
	if (info.ssi_signo == SIGUSR1)
		fake_panic();
	else if (info.ssi_signo == SIGUSR2)
		fake_guest_shutdown(NULL);
	else if (!conf_bool("ignore_sigterm"))
		shut_down(false, "host-signal");
}

/* --- the guest --- */
static void *vcpu(void *arg)
{
	int i = (int)(intptr_t)arg;
	char name[16];

	snprintf(name, sizeof(name), "CPU %d/TCG", i);
	prctl(PR_SET_NAME, name);
	__atomic_store_n(&fake.tids[i], (pid_t)syscall(SYS_gettid), __ATOMIC_RELEASE);
	for (;;)
		pause();
	return NULL;
}

static void start_vcpus(void)
{
	for (int i = 0; i < fake.vcpus; i++) {
		pthread_t thread;

		if (pthread_create(&thread, NULL, vcpu, (void *)(intptr_t)i) != 0)
			exit(98);
		while (!__atomic_load_n(&fake.tids[i], __ATOMIC_ACQUIRE))
			sched_yield();
	}
}

/* 64 KiB at a time, so that the loop goes on. */
static void flood(struct json *unused)
{
	char block[65536];
	size_t length = fake.flood_left < (int64_t)sizeof(block) ? (size_t)fake.flood_left : sizeof(block);

	(void)unused;
	memset(block, 'f', sizeof(block));
	block[sizeof(block) - 1] = '\n';
	for (size_t i = 0; i < fake.n_chardevs; i++) {
		struct chardev *chardev = &fake.chardevs[i];

		if (chardev->monitor || !chardev->logfile)
			continue;
		int set = starts_with(chardev->logfile, "/dev/fdset/")
				  ? fake_fdset_fd(strtoll(chardev->logfile + 11, NULL, 10))
				  : -1;
		int fd = set >= 0 ? dup(set) : open(chardev->logfile, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
		if (fd >= 0) {
			file_write_all(fd, block, length);
			close(fd);
		}
		if (chardev->client_fd >= 0)
			send(chardev->client_fd, block, length, MSG_NOSIGNAL | MSG_DONTWAIT);
	}
	fake.flood_left -= (int64_t)length;
	if (fake.flood_left > 0)
		fake_after(1, flood, NULL);
}

/* --- the loop --- */
static int watch_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGUSR2);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC);
}

static void turn(int signals)
{
	struct pollfd fds[FAKE_MAX + 1] = { { .fd = signals, .events = POLLIN } };

	for (size_t i = 0; i < fake.n_chardevs; i++) {
		struct chardev *chardev = &fake.chardevs[i];

		/* One client at a time: the next one waits in the backlog. */
		fds[i + 1].fd = chardev->client_fd >= 0 ? chardev->client_fd : chardev->listen_fd;
		fds[i + 1].events = POLLIN;
	}
	if (poll(fds, fake.n_chardevs + 1, next_timer()) < 0)
		return;
	run_timers();
	if (fds[0].revents)
		handle_signal(signals);
	for (size_t i = 0; i < fake.n_chardevs; i++) {
		struct chardev *chardev = &fake.chardevs[i];

		if (!fds[i + 1].revents)
			continue;
		if (chardev->client_fd >= 0)
			handle_client(chardev);
		else
			handle_listener(chardev);
	}
}

static bool asks_for(char **argv, const char *word)
{
	for (size_t i = 1; argv[i]; i++)
		if (streq(argv[i], word) || (argv[i][0] == '-' && streq(argv[i] + 1, word)))
			return true;
	return false;
}

int main(int argc, char **argv)
{
	(void)argc;
	fake_read_conf();
	fake_read_argv(argv);
	if (asks_for(argv, "-help") || asks_for(argv, "-version")) {
		fake_record("help");
		fputs(json_get_string(fake.answers, "help", ""), stdout);
		return 0;
	}
	fake_record(fake.probe ? "probe" : "run");
	if (dies_at("start"))
		fake_die();

	int signals = watch_signals();
	signal(SIGPIPE, SIG_IGN); /* as QEMU */
	start_vcpus();
	for (size_t i = 0; i < fake.n_chardevs; i++)
		if (fake.chardevs[i].client_fd >= 0)
			greet(&fake.chardevs[i]);
	if (!fake.probe && conf_int("serial_flood", 0) > 0) {
		fake.flood_left = conf_int("serial_flood", 0);
		fake_after(1, flood, NULL);
	}
	for (;;)
		turn(signals);
}
