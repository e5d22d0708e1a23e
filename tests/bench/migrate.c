/* migrate against the bare way between the same QEMUs: the target started with -incoming, the QMP commands, the source told to quit; a real guest, idle and
 * writing its memory. Downtime: from the STOP of the one to the RESUME of the other, as QEMU stamps its events. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/deadline.h"
#include "base/error.h"
#include "base/text.h"
#include "bench/bench.h"
#include "qemu/migration.h"

#define PATIENCE_MS 180000
#define RUNS_MAX 60
/* How much is left to send when the guest is stopped swings, and how fast a guest writes stays with that guest: so several pairs of them, each of which
 * makes the moves of all ways, beginning with another one. */
#define PAIRS 3
#define EVENTS_LATE_US 100000 /* a supervisor writes them down when the QEMUs have the CPUs no longer to themselves */
#define SYSCTL "/proc/sys/vm/unprivileged_userfaultfd"
#define APPEND "console=ttyS0 quiet no_timer_check"
#define WRITES                                                                                                      \
	" kvmctl.run=\\\"dd if=/dev/urandom of=/tmp/seed bs=1M count=8; (while :; do dd if=/tmp/seed of=/tmp/dirt " \
	"bs=64k conv=notrunc; done) &\\\""
/* An idle guest: kvmctl's own default. One that writes: QEMU's, so that the passes stay few; in each of them its emulation may lose a write. */
#define DOWNTIME_IDLE_MS 30
#define DOWNTIME_WRITING_MS 300

enum way { PLAIN, MULTIFD, POST_COPY, WAYS };
static const char *const way_names[WAYS] = { "", ", multifd", ", post-copy" };
static const char *const way_options[WAYS] = { "", "--channels 2", "--post-copy-after 1" };

struct times {
	double wall_ms, downtime_ms;
};

/* --- the bare way --- */

struct bare {
	char base[96]; /* of its sockets and files */
	struct qmp *qmp;
	double stopped_ms, resumed_ms;
	int downtime_ms; /* that is allowed */
	enum migration_state state;
	int64_t passes;
};

static double stamp(const struct json *event)
{
	const struct json *at = json_get(event, "timestamp");

	return (double)json_get_int(at, "seconds", 0) * 1e3 + (double)json_get_int(at, "microseconds", 0) / 1e3;
}

static void hear(const struct json *event, void *arg)
{
	struct bare *bare = arg;
	const char *name = json_get_string(event, "event", "");

	if (streq(name, "STOP"))
		bare->stopped_ms = stamp(event);
	else if (streq(name, "RESUME"))
		bare->resumed_ms = stamp(event);
	else if (streq(name, "MIGRATION_PASS"))
		bare->passes = json_get_int(json_get(event, "data"), "pass", 0);
	migration_event_state(event, &bare->state);
}

static struct json *tell(struct bare *bare, const char *command, const char *arguments)
{
	struct error err = ERROR_INIT;
	struct json *parsed = NULL, *reply = NULL;

	if (arguments && json_parse(arguments, strlen(arguments), 10000, 10, "arguments", &parsed, &err) < 0)
		bench_die("%s", err.message);
	if (qmp_execute(bare->qmp, command, parsed, deadline_in(PATIENCE_MS), &reply, &err) < 0)
		bench_die("bare QEMU: %s: %s", command, err.message);
	return reply;
}

static void order(struct bare *bare, const char *command, const char *arguments)
{
	json_free(tell(bare, command, arguments));
}

static bool any(const struct json *event, void *arg)
{
	(void)event;
	(void)arg;
	return true;
}

static void await_event(struct bare *bare)
{
	struct error err = ERROR_INIT;

	if (qmp_wait_event(bare->qmp, any, NULL, deadline_in(PATIENCE_MS), NULL, &err) < 0)
		bench_die("bare QEMU: %s", err.message);
}

/* The command returns when QEMU has made its devices: -daemonize says so. */
static void bare_begin(struct bench *bench, struct bare *bare, const char *guest, const char *append, const char *more)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct error err = ERROR_INIT;
	static int number; /* no two have a file in common: one ends while the next begins */
	char script[256];
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	*bare = (struct bare){ .stopped_ms = -1, .resumed_ms = -1 };
	snprintf(bare->base, sizeof(bare->base), "%s/bare%d", bench->dir, ++number);
	snprintf(script, sizeof(script), "%s.sh", bare->base);
	bench_write(
		script,
		"exec qemu-system-x86_64 -nodefaults -no-user-config -daemonize -machine "
		"pc,accel=tcg,dump-guest-core=off -m 128 -smp 1 -display none"
		" -kernel %s/guest/vmlinuz -initrd %s/guest/initrd.gz -append \"%s\" -device virtio-balloon-pci"
		" -object rng-random,id=r0,filename=/dev/urandom -device virtio-rng-pci,rng=r0 -serial file:%s.serial"
		" -qmp unix:%s.qmp,server=on,wait=off -pidfile %s.pid %s\n",
		guest, guest, append, bare->base, bare->base, bare->base, more);
	if (bench_command("sh %s", script).status != 0)
		bench_die("bare QEMU does not start");
	snprintf(address.sun_path, sizeof(address.sun_path), "%s.qmp", bare->base);
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		bench_die("bare QEMU does not listen");
	bare->qmp = qmp_new(fd, "bare QEMU");
	qmp_on_event(bare->qmp, hear, bare);
	if (qmp_handshake(bare->qmp, deadline_in(PATIENCE_MS), &err) < 0)
		bench_die("bare QEMU: %s", err.message);
}

static void bare_end(struct bare *bare)
{
	struct error err = ERROR_INIT;

	qmp_execute(bare->qmp, "quit", NULL, deadline_in(PATIENCE_MS), NULL, &err);
	error_clear(&err);
	/* Until the connection is at its end, QEMU is. */
	while (qmp_wait_event(bare->qmp, any, NULL, deadline_in(PATIENCE_MS), NULL, &err) == 0)
		;
	error_clear(&err);
	qmp_free(bare->qmp);
	bare->qmp = NULL;
}

static void set_capabilities(struct bare *bare, enum way way, bool target)
{
	char text[512];

	snprintf(text, sizeof(text),
		 "{\"capabilities\":[{\"capability\":\"events\",\"state\":true},{\"capability\":\"return-path\","
		 "\"state\":true},"
		 "{\"capability\":\"late-block-activate\",\"state\":%s},{\"capability\":\"multifd\",\"state\":%s},"
		 "{\"capability\":\"postcopy-ram\",\"state\":%s}]}",
		 target ? "true" : "false", way == MULTIFD ? "true" : "false", way == POST_COPY ? "true" : "false");
	order(bare, "migrate-set-capabilities", text);
}

/* Post-copy: when the second pass begins it is switched over, and the target runs as soon as the source has said so. */
static void see_through(struct bare *from, struct bare *to, enum way way)
{
	bool switched = false, running = false;

	while (from->state != MIGRATION_COMPLETED) {
		await_event(from);
		if (from->state == MIGRATION_FAILED)
			bench_die("bare QEMU: the migration failed");
		if (way == POST_COPY && !switched && from->passes > 1) {
			order(from, "migrate-start-postcopy", NULL);
			switched = true;
		}
		if (!running && from->state == MIGRATION_POSTCOPY_ACTIVE) {
			/* It takes it when the state of its devices is there. */
			while (to->state != MIGRATION_POSTCOPY_ACTIVE)
				await_event(to);
			order(to, "cont", NULL);
			running = true;
		}
	}
	if (!running)
		order(to, "cont", NULL);
	while (to->resumed_ms < 0)
		await_event(to);
}

/* `from` becomes what runs afterwards. */
static struct times bare_move(struct bench *bench, struct bare *from, const char *guest, const char *append,
			      enum way way)
{
	struct bare to;
	char uri[256], arguments[300];
	double begin = bench_now_ms();

	bare_begin(bench, &to, guest, append, "-S -incoming defer");
	set_capabilities(&to, way, true);
	set_capabilities(from, way, false);
	char parameters[128];
	snprintf(parameters, sizeof(parameters),
		 "{\"max-bandwidth\":1099511627776,\"downtime-limit\":%d,\"multifd-channels\":2}", from->downtime_ms);
	order(&to, "migrate-set-parameters", parameters);
	order(from, "migrate-set-parameters", parameters);
	order(&to, "migrate-incoming", "{\"uri\":\"tcp:127.0.0.1:0\"}");
	struct json *answer = tell(&to, "query-migrate", NULL);
	snprintf(uri, sizeof(uri), "tcp:127.0.0.1:%s",
		 json_get_string(json_at(json_get(answer, "socket-address"), 0), "port", "?"));
	json_free(answer);
	snprintf(arguments, sizeof(arguments), "{\"uri\":\"%s\"}", uri);
	order(from, "migrate", arguments);
	see_through(from, &to, way);
	double downtime = to.resumed_ms - from->stopped_ms;
	bare_end(from);
	struct times times = { bench_now_ms() - begin, downtime };
	to.downtime_ms = from->downtime_ms;
	*from = to;
	qmp_on_event(from->qmp, hear, from);
	from->stopped_ms = from->resumed_ms = -1;
	from->state = MIGRATION_NONE;
	from->passes = 0;
	return times;
}

/* --- our way --- */

/* The time of the last event of that name. */
static double last_event(struct bench *bench, char host, const char *name)
{
	char path[256], line[4096];
	double at = -1;

	snprintf(path, sizeof(path), "%s/%c/run/log/g.events", bench->dir, host);
	FILE *f = fopen(path, "r");
	while (f && fgets(line, sizeof(line), f)) {
		struct error err = ERROR_INIT;
		struct json *event = NULL;

		if (json_parse(line, strcspn(line, "\n"), sizeof(line), 20, "event", &event, &err) == 0 &&
		    streq(json_get_string(event, "event", ""), name))
			at = stamp(event);
		json_free(event);
		error_clear(&err);
	}
	if (f)
		fclose(f);
	return at;
}

static void make_host(struct bench *bench, char host, const char *guest, const char *append)
{
	char path[256];

	for (const char *const *part = (const char *const[]){ "", "/specs", NULL }; *part; part++) {
		snprintf(path, sizeof(path), "%s/%c%s", bench->dir, host, *part);
		mkdir(path, 0700);
	}
	snprintf(path, sizeof(path), "%s/%c.json", bench->dir, host);
	bench_write(path,
		    "{\"run_dir\": \"%s/%c/run\", \"spec_dir\": \"%s/%c/specs\", \"state_dir\": \"%s/%c/state\", "
		    "\"cache_dir\": \"%s/cache\"}\n",
		    bench->dir, host, bench->dir, host, bench->dir, host, bench->dir);
	snprintf(path, sizeof(path), "%s/%c/specs/g.json", bench->dir, host);
	bench_write(path,
		    "{\"name\": \"g\", \"vcpus\": 1, \"maxmem\": 128, \"hvparams\": {\"kvm_flag\": \"disabled\", "
		    "\"migration_port\": 0, "
		    "\"kernel_path\": \"%s/guest/vmlinuz\", \"initrd_path\": \"%s/guest/initrd.gz\", \"kernel_args\": "
		    "\"quiet no_timer_check%s\"}}\n",
		    guest, guest, append);
}

static struct times our_move(struct bench *bench, char *from, int downtime_ms, enum way way)
{
	char to = *from == 'a' ? 'b' : 'a', command[2048], shell[] = "sh", option[] = "-c";
	char *argv[] = { shell, option, command, NULL };

	snprintf(command, sizeof(command),
		 "exec %s -q --config %s/%c.json migrate g there --shell 'env KVMCTL_CONFIG=%s/%c.json' --far-kvmctl "
		 "%s --address 127.0.0.1"
		 " --bandwidth 0 --downtime %d %s",
		 bench->kvmctl, bench->dir, *from, bench->dir, to, bench->kvmctl, downtime_ms, way_options[way]);
	struct sample sample = bench_run(argv, NULL);
	if (sample.status != 0)
		bench_die("kvmctl migrate fails: %s", command);
	usleep(EVENTS_LATE_US);
	double stopped = last_event(bench, *from, "STOP"), resumed = last_event(bench, to, "RESUME");
	*from = to;
	return (struct times){ sample.wall_ms, resumed - stopped };
}

/* --- both --- */

static void await_guest(const char *path)
{
	struct deadline end = deadline_in(PATIENCE_MS);

	while (bench_command("grep -q kvmctl-guest.ready %s", path).status != 0) {
		if (deadline_passed(end))
			bench_die("the guest does not come: %s", path);
		usleep(200000);
	}
}

struct series {
	double more[RUNS_MAX], wall[RUNS_MAX], bare_wall[RUNS_MAX], downtime[RUNS_MAX], bare_downtime[RUNS_MAX];
	int n;
};

/* A guest under kvmctl, on host a or b, and a bare one. */
struct pair {
	struct bench *bench;
	const char *guest, *append; /* the directory of the image, the kernel's arguments */
	struct bare bare;
	char host;
};

/* The first one is not counted. */
static void moves_of_way(struct pair *pair, enum way way, struct series *series)
{
	struct bench *bench = pair->bench;

	for (int i = -1; i < bench->runs && series->n < RUNS_MAX; i++) {
		/* The guest that is not moved stands still: it would take the CPU from the other one. */
		if (bench_command("%s -q --config %s/%c.json pause g", bench->kvmctl, bench->dir, pair->host).status)
			bench_die("kvmctl pause fails");
		order(&pair->bare, "cont", NULL);
		struct times theirs = bare_move(bench, &pair->bare, pair->guest, pair->append, way);
		order(&pair->bare, "stop", NULL);
		if (bench_command("%s -q --config %s/%c.json resume g", bench->kvmctl, bench->dir, pair->host).status)
			bench_die("kvmctl resume fails");
		struct times ours = our_move(bench, &pair->host, pair->bare.downtime_ms, way);

		if (i < 0)
			continue;
		int k = series->n++;
		series->more[k] = ours.wall_ms - theirs.wall_ms;
		series->wall[k] = ours.wall_ms;
		series->bare_wall[k] = theirs.wall_ms;
		series->downtime[k] = ours.downtime_ms;
		series->bare_downtime[k] = theirs.downtime_ms;
	}
}

static void rows_of_series(struct series *series, const char *what, enum way way)
{
	int n = series->n;
	double m = bench_median(series->more, n), ours = bench_median(series->downtime, n),
	       theirs = bench_median(series->bare_downtime, n);
	char label[64];

	snprintf(label, sizeof(label), "migrate, %s%s: time over bare", what, way_names[way]);
	bench_row(label, "<= 150 ms", m <= 150, "%.0f ms (%.0f ms / %.0f ms)", m, bench_median(series->wall, n),
		  bench_median(series->bare_wall, n));
	snprintf(label, sizeof(label), "migrate, %s%s: downtime", what, way_names[way]);
	bench_row(label, "<= 1.10", ours <= theirs * 1.1, "%.2f (%.1f ms / %.1f ms)", ours / theirs, ours, theirs);
}

static void pair_begin(struct pair *pair, const char *run, int downtime_ms)
{
	struct bench *bench = pair->bench;
	char path[256];

	make_host(bench, 'a', pair->guest, run);
	make_host(bench, 'b', pair->guest, run);
	pair->host = 'a';
	if (bench_command("%s -q --config %s/a.json start g", bench->kvmctl, bench->dir).status != 0)
		bench_die("kvmctl start fails");
	snprintf(path, sizeof(path), "%s/a/run/log/g.serial", bench->dir);
	await_guest(path);
	bare_begin(bench, &pair->bare, pair->guest, pair->append, "");
	pair->bare.downtime_ms = downtime_ms;
	snprintf(path, sizeof(path), "%s.serial", pair->bare.base);
	await_guest(path);
}

static void pair_end(struct pair *pair)
{
	bare_end(&pair->bare);
	bench_command("%s -q --config %s/%c.json stop g --force", pair->bench->kvmctl, pair->bench->dir, pair->host);
}

static void rows_of_guest(struct bench *bench, const char *guest, const char *what, const char *run, int downtime_ms,
			  bool post_copy)
{
	static struct series series[WAYS];
	char append[512];

	memset(series, 0, sizeof(series));
	snprintf(append, sizeof(append), APPEND "%s", run);
	for (int i = 0; i < PAIRS; i++) {
		struct pair pair = { .bench = bench, .guest = guest, .append = append };

		pair_begin(&pair, run, downtime_ms);
		for (int k = 0; k < WAYS; k++) {
			enum way way = (enum way)((i + k) % WAYS);
			if (way != POST_COPY || post_copy)
				moves_of_way(&pair, way, &series[way]);
		}
		pair_end(&pair);
	}
	for (enum way way = PLAIN; way < WAYS; way++)
		if (way != POST_COPY || post_copy)
			rows_of_series(&series[way], what, way);
		else
			bench_skip("migrate, post-copy", "left out: vm.unprivileged_userfaultfd cannot be set");
}

static char sysctl_before[8];

/* Also when it dies in the middle. */
static void restore_sysctl(void)
{
	int fd = open(SYSCTL, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, sysctl_before, strlen(sysctl_before)) < 0)
		bench_skip("migrate", SYSCTL " stays 1");
	if (fd >= 0)
		close(fd);
}

static bool allow_post_copy(void)
{
	int fd = open(SYSCTL, O_RDWR | O_CLOEXEC);
	bool allowed =
		fd >= 0 && pread(fd, sysctl_before, sizeof(sysctl_before) - 1, 0) > 0 && pwrite(fd, "1", 1, 0) == 1;

	if (allowed)
		atexit(restore_sysctl);
	if (fd >= 0)
		close(fd);
	return allowed;
}

void bench_migrate(struct bench *bench)
{
	char guest[512];
	bool post_copy;

	snprintf(guest, sizeof(guest), "%s/guest/initrd.gz", bench->build);
	if (access(guest, R_OK) < 0) {
		bench_skip("migrate", "left out: no guest image (make guest)");
		return;
	}
	post_copy = allow_post_copy();
	rows_of_guest(bench, bench->build, "idle", "", DOWNTIME_IDLE_MS, post_copy);
	rows_of_guest(bench, bench->build, "writing", WRITES, DOWNTIME_WRITING_MS, post_copy);
}
