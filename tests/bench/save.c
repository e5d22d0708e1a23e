/* save and restore against the bare QMP sequence on a QEMU of the same kind: memory through a pipe to a file and back, the same guest in both. */
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/deadline.h"
#include "base/error.h"
#include "bench/bench.h"
#include "qemu/migration.h"
#include "qemu/qmp.h"

#define PIECE (1024 * 1024)
#define READY "kvmctl-guest ready"
/* Some 90 MB that are not zeros, quickly. */
#define FIVE(x) x x x x x
#define WORDS                                                                                            \
	"quiet no_timer_check kvmctl.run=\\\"cat " FIVE("/bin/busybox ") ">/tmp/a; cat " FIVE("/tmp/a ") \
		FIVE("/tmp/a ") ">/tmp/full\\\""
#define BOOT_MS 180000

struct bare {
	char qmp[100], file[128], pid_file[128], log[128];
	struct qmp *monitor;
	int pid;
};

static bool has_text(const char *path, const char *text)
{
	char buffer[65536];
	FILE *f = fopen(path, "r");
	size_t n = f ? fread(buffer, 1, sizeof(buffer), f) : 0;

	if (f)
		fclose(f);
	return memmem(buffer, n, text, strlen(text)) != NULL;
}

static void wait_for_text(const char *path)
{
	double end = bench_now_ms() + BOOT_MS;

	while (!has_text(path, READY)) {
		if (bench_now_ms() > end)
			bench_die("the guest does not boot");
		usleep(50000);
	}
}

static void ask(struct bare *bare, const char *command, const char *arguments)
{
	struct error err = ERROR_INIT;
	struct json *j = NULL;

	if (arguments && json_parse(arguments, strlen(arguments), 4096, 8, "arguments", &j, &err) < 0)
		bench_die("%s", err.message);
	if (qmp_execute(bare->monitor, command, j, deadline_in(60000), NULL, &err) < 0)
		bench_die("bare %s: %s", command, err.message);
}

static void give(struct bare *bare, int fd)
{
	struct error err = ERROR_INIT;
	struct json *j = json_new_object();

	json_put_string(j, "fdname", "bench");
	if (qmp_execute_fds(bare->monitor, "getfd", j, &fd, 1, deadline_in(60000), NULL, &err) < 0)
		bench_die("bare getfd: %s", err.message);
	close(fd);
}

static bool is_completed(const struct json *event, void *arg)
{
	enum migration_state state;

	(void)arg;
	return migration_event_state(event, &state) == 0 && state == MIGRATION_COMPLETED;
}

static void await_completed(struct bare *bare)
{
	struct error err = ERROR_INIT;

	if (qmp_wait_event(bare->monitor, is_completed, NULL, deadline_in(60000), NULL, &err) < 0)
		bench_die("bare migration: %s", err.message);
}

static void launch(struct bench *bench, struct bare *bare, const char *more)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct error err = ERROR_INIT;
	char command[4096], words[sizeof(WORDS)];
	size_t length = 0;

	/* As JSON has it, without the backslashes. */
	for (const char *p = WORDS; *p; p++)
		if (*p != '\\')
			words[length++] = *p;
	words[length] = '\0';
	snprintf(command, sizeof(command),
		 "qemu-system-x86_64 -name bare -nodefaults -no-user-config -daemonize -pidfile %s -machine "
		 "pc,accel=tcg -m 256 -smp 1 -display none"
		 " -device virtio-balloon-pci -object rng-random,id=r0,filename=/dev/urandom -device "
		 "virtio-rng-pci,rng=r0"
		 " -kernel %s/guest/vmlinuz -initrd %s/guest/initrd.gz -append 'console=ttyS0 %s' -serial file:%s -qmp "
		 "unix:%s,server=on,wait=off %s",
		 bare->pid_file, bench->build, bench->build, words, bare->log, bare->qmp, more);
	char *const argv[] = { (char *)"sh", (char *)"-c", command, NULL };
	if (bench_run(argv, NULL).status != 0)
		bench_die("bare QEMU does not start");
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", bare->qmp);
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		bench_die("bare QEMU does not listen");
	bare->monitor = qmp_new(fd, "bare");
	if (qmp_handshake(bare->monitor, deadline_in(60000), &err) < 0)
		bench_die("%s", err.message);
	bare->pid = (int)bench_number(bare->pid_file, "");
	ask(bare, "migrate-set-capabilities", "{\"capabilities\": [{\"capability\": \"events\", \"state\": true}]}");
}

static void copy(int from, int to)
{
	static char piece[PIECE];
	ssize_t n;

	while ((n = read(from, piece, sizeof(piece))) > 0)
		for (ssize_t done = 0, m; done < n; done += m)
			if ((m = write(to, piece + done, (size_t)(n - done))) < 0)
				bench_die("cannot copy");
}

static double bare_save(struct bare *bare)
{
	double begin = bench_now_ms();
	int fds[2], file = open(bare->file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (file < 0 || pipe2(fds, O_CLOEXEC) < 0)
		bench_die("cannot write %s", bare->file);
	fcntl(fds[0], F_SETPIPE_SZ, PIECE);
	ask(bare, "stop", NULL);
	ask(bare, "migrate-set-parameters", "{\"max-bandwidth\": 1152921504606846976}");
	give(bare, fds[1]);
	ask(bare, "migrate", "{\"uri\": \"fd:bench\"}");
	copy(fds[0], file);
	await_completed(bare);
	if (fsync(file) < 0)
		bench_die("fsync");
	close(file);
	close(fds[0]);
	/* Whoever inherits it may reap it late: that is nobody's time. */
	struct pollfd end = { .fd = (int)syscall(SYS_pidfd_open, bare->pid, 0), .events = POLLIN };
	ask(bare, "quit", NULL);
	while (end.fd >= 0 && poll(&end, 1, -1) < 0)
		;
	close(end.fd);
	double wall = bench_now_ms() - begin;
	qmp_free(bare->monitor);
	return wall;
}

static double bare_restore(struct bench *bench, struct bare *bare)
{
	double begin = bench_now_ms();
	int fds[2], file = open(bare->file, O_RDONLY | O_CLOEXEC);

	launch(bench, bare, "-S -incoming defer");
	if (file < 0 || pipe2(fds, O_CLOEXEC) < 0)
		bench_die("cannot read %s", bare->file);
	fcntl(fds[0], F_SETPIPE_SZ, PIECE);
	give(bare, fds[0]);
	ask(bare, "migrate-incoming", "{\"uri\": \"fd:bench\"}");
	copy(file, fds[1]);
	close(fds[1]);
	close(file);
	await_completed(bare);
	ask(bare, "cont", NULL);
	return bench_now_ms() - begin;
}

/* The file is one of our own choice, which stays: removing it is not part of the bare sequence. */
static double ours(struct bench *bench, const char *words)
{
	struct sample s = bench_command("%s -q --config %s %s", bench->kvmctl, bench->config, words);

	if (s.status != 0)
		bench_die("kvmctl %s fails", words);
	return s.wall_ms;
}

static void boot(struct bench *bench, struct bare *bare)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/specs/saved.json", bench->dir);
	bench_write(path,
		    "{\"name\": \"saved\", \"vcpus\": 1, \"maxmem\": 256, \"minmem\": 256, \"hvparams\": "
		    "{\"kvm_flag\": \"disabled\", \"security_model\": \"none\","
		    " \"kernel_path\": \"%s/guest/vmlinuz\", \"initrd_path\": \"%s/guest/initrd.gz\", \"kernel_args\": "
		    "\"" WORDS "\"}}\n",
		    bench->build, bench->build);
	ours(bench, "start saved");
	launch(bench, bare, "");
	snprintf(path, sizeof(path), "%s/run/log/saved.serial", bench->dir);
	wait_for_text(path);
	wait_for_text(bare->log);
}

void bench_save(struct bench *bench)
{
	double save[100], saved[100], restore[100], restored[100], save_ratio[100], restore_ratio[100];
	int n = bench->runs > 100 ? 100 : bench->runs;
	char file[128], save_words[256], restore_words[256];
	struct bare bare = { 0 };

	snprintf(file, sizeof(file), "%s/save.ours", bench->dir);
	snprintf(save_words, sizeof(save_words), "save saved %s", file);
	snprintf(restore_words, sizeof(restore_words), "restore %s", file);
	snprintf(bare.qmp, sizeof(bare.qmp), "%s/save.qmp", bench->dir);
	snprintf(bare.file, sizeof(bare.file), "%s/save.bare", bench->dir);
	snprintf(bare.pid_file, sizeof(bare.pid_file), "%s/save.pid", bench->dir);
	snprintf(bare.log, sizeof(bare.log), "%s/save.log", bench->dir);
	boot(bench, &bare);
	for (int i = -1; i < n; i++) { /* the first is a warm-up */
		int at = i < 0 ? 0 : i;

		saved[at] = bare_save(&bare);
		restored[at] = bare_restore(bench, &bare);
		save[at] = ours(bench, save_words);
		restore[at] = ours(bench, restore_words);
		unlink(file);
		save_ratio[at] = save[at] / saved[at];
		restore_ratio[at] = restore[at] / restored[at];
	}
	double s = bench_median(save_ratio, n), r = bench_median(restore_ratio, n);
	bench_row("save against the bare QMP sequence", "<= 1.25", s <= 1.25, "%.2f (%.0f ms / %.0f ms)", s,
		  bench_median(save, n), bench_median(saved, n));
	bench_row("restore against the bare QMP sequence", "<= 1.25", r <= 1.25, "%.2f (%.0f ms / %.0f ms)", r,
		  bench_median(restore, n), bench_median(restored, n));
	ask(&bare, "quit", NULL);
	qmp_free(bare.monitor);
	bench_command("%s -q --config %s stop saved --force", bench->kvmctl, bench->config);
}
