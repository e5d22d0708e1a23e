/* The guest of the fake QEMU: what it does by itself, how it ends, and the ways of going wrong that the conf names. */
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "base/file.h"
#include "base/text.h"
#include "fake.h"

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

bool fake_dies_at(const char *when)
{
	return streq(conf_string("die", ""), when);
}

void fake_crash(struct json *unused)
{
	(void)unused;
	if (conf_int("signal", 0) == 0 && !json_get(fake.conf, "status"))
		json_put_int(fake.conf, "signal", SIGSEGV);
	fake_die();
}

void fake_shut_down(bool guest, const char *reason)
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
	fake_shut_down(true, "guest-shutdown");
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
	fake_shut_down(true, "guest-panic");
}

/* --- running --- */
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

void fake_start_guest(void)
{
	start_vcpus();
	if (!fake.probe && conf_int("serial_flood", 0) > 0) {
		fake.flood_left = conf_int("serial_flood", 0);
		fake_after(1, flood, NULL);
	}
}
