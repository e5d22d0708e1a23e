/* The fake QEMU's loop: its start, monitors, timers, signals. See fake.h. */
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>

#include "base/deadline.h"
#include "base/text.h"
#include "fake.h"

struct fake fake = { .handed_over = -1 };

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

/* --- signals --- */
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
		fake_shut_down(false, "host-signal");
}

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

/* --- the loop --- */
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
			fake_hear(chardev);
		else
			fake_accept(chardev);
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
	if (fake_dies_at("start"))
		fake_die();

	int signals = watch_signals();
	signal(SIGPIPE, SIG_IGN); /* as QEMU */
	fake_start_guest();
	for (size_t i = 0; i < fake.n_chardevs; i++)
		if (fake.chardevs[i].client_fd >= 0)
			fake_greet(&fake.chardevs[i]);
	for (;;)
		turn(signals);
}
