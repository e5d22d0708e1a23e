/* Filters: what they add to a start, how long it takes to change them, what a frame costs. */
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench/bench.h"

#define MANY_NICS 500
#define FRAMES 20000
#define ROUNDS 7
#define MEMBERS 10000

static struct sample kvmctl(struct bench *bench, const char *format, ...) __attribute__((format(printf, 2, 3)));

static struct sample kvmctl(struct bench *bench, const char *format, ...)
{
	char text[4096];
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	return bench_command("%s -q --config %s %s", bench->kvmctl, bench->config, text);
}

static struct sample must(struct bench *bench, const char *command)
{
	struct sample s = kvmctl(bench, "%s", command);

	if (s.status != 0)
		bench_die("kvmctl %s fails", command);
	return s;
}

/* A filter of n rules, each with a port of its own. The port of the last one is `last`, so that two definitions differ. */
static void write_filter(struct bench *bench, const char *file, const char *name, int n, int last)
{
	char path[256];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", bench->dir, file);
	f = fopen(path, "w");
	if (!f)
		bench_die("cannot write %s", path);
	fprintf(f, "<filter name='%s'>\n", name);
	for (int i = 0; i < n; i++)
		fprintf(f,
			"<rule action='drop' direction='in' statematch='false'><tcp dstportstart='%d' "
			"srcipaddr='10.%d.%d.1'/></rule>\n",
			i == n - 1 ? last : 1 + i % 60000, i / 250 % 250, i % 250);
	fputs("</filter>\n", f);
	fclose(f);
}

static void define(struct bench *bench, const char *file)
{
	char command[256];

	snprintf(command, sizeof(command), "filter define %s/%s", bench->dir, file);
	must(bench, command);
}

/* --- a start --- */

static double start_ms(struct bench *bench, const char *name)
{
	char start[96], stop[96];

	snprintf(start, sizeof(start), "start %s --paused", name);
	snprintf(stop, sizeof(stop), "stop %s --force", name);
	double wall = must(bench, start).wall_ms;
	must(bench, stop);
	return wall;
}

static void rows_of_start(struct bench *bench)
{
	static const struct {
		const char *name, *filter, *what, *goal;
		double limit;
	} trees[] = {
		{ "plain", NULL, NULL, NULL, 0 },
		{ "clean", "clean-traffic", "start: clean-traffic adds", "< 20 ms", 20 },
		{ "tree100", "rules100", "start: a tree of 100 rules adds", "< 30 ms", 30 },
		{ "tree1000", "rules1000", "start: a tree of 1,000 rules adds", "< 100 ms", 100 },
	};
	enum { N = sizeof(trees) / sizeof(trees[0]) };
	double wall[N][100];
	int n = bench->runs > 100 ? 100 : bench->runs;

	write_filter(bench, "rules100.xml", "rules100", 100, 61000);
	write_filter(bench, "rules1000.xml", "rules1000", 1000, 61000);
	define(bench, "rules100.xml");
	define(bench, "rules1000.xml");
	for (size_t k = 0; k < N; k++) {
		char nic[256];

		snprintf(nic, sizeof(nic), "{\"mode\": \"bridged\", \"link\": \"br0\", \"ip\": \"10.1.0.9\"%s%s%s}",
			 trees[k].filter ? ", \"filter\": {\"name\": \"" : "", trees[k].filter ? trees[k].filter : "",
			 trees[k].filter ? "\"}" : "");
		bench_spec(bench, trees[k].name, "", nic);
	}
	for (int i = -1; i < n; i++)
		for (size_t k = 0; k < N; k++) {
			double w = start_ms(bench, trees[k].name);

			if (i >= 0)
				wall[k][i] = w;
		}
	double plain = bench_median(wall[0], n);
	for (size_t k = 1; k < N; k++) {
		double more = bench_median(wall[k], n) - plain;

		bench_row(trees[k].what, trees[k].goal, more < trees[k].limit, "%+.1f ms (on %.1f ms)", more, plain);
	}
}

/* --- changes --- */

/* The median of so many definitions of the filter `name`, of which two are there in turns. */
static double define_ms(struct bench *bench, const char *name, int rounds)
{
	double wall[ROUNDS];

	for (int i = 0; i < rounds; i++) {
		char command[256];

		snprintf(command, sizeof(command), "filter define %s/%s-%d.xml", bench->dir, name, i % 2);
		wall[i] = must(bench, command).wall_ms;
	}
	return bench_median(wall, rounds);
}

static void define_both(struct bench *bench, const char *name, int n)
{
	for (int i = 0; i < 2; i++) {
		char file[64];

		snprintf(file, sizeof(file), "%s-%d.xml", name, i);
		write_filter(bench, file, name, n, 61000 + i);
		define(bench, file);
	}
}

static void rows_of_guests(struct bench *bench)
{
	static const int steps[] = { 1, 10, 50 };
	int running = 0;

	define_both(bench, "guests", 40);
	for (size_t k = 0; k < sizeof(steps) / sizeof(steps[0]); k++) {
		char what[64];

		for (; running < steps[k]; running++) {
			char name[32], start[64];

			snprintf(name, sizeof(name), "guest%d", running);
			bench_spec(bench, name, "",
				   "{\"mode\": \"bridged\", \"link\": \"br0\", \"filter\": {\"name\": \"guests\"}}");
			snprintf(start, sizeof(start), "start %s --paused", name);
			must(bench, start);
		}
		double wall = define_ms(bench, "guests", ROUNDS);
		snprintf(what, sizeof(what), "a filter of 40 rules changed, %d guest%s", steps[k],
			 steps[k] == 1 ? "" : "s");
		bench_row(what, steps[k] == 50 ? "< 200 ms" : "-", steps[k] < 50 || wall < 200, "%.1f ms", wall);
	}
	must(bench, "stop --all --force");
}

static void bind_taps(struct bench *bench, int n)
{
	for (int i = 0; i < n; i++) {
		char command[128];

		if (bench_command("ip tuntap add many%d mode tap", i).status != 0 ||
		    bench_command("ip link set many%d master br0", i).status != 0)
			bench_die("cannot make TAPs");
		snprintf(command, sizeof(command),
			 "filter bind --interface many%d --mac 52:54:00:01:%02x:%02x --filter many", i, i >> 8,
			 i & 255);
		must(bench, command);
	}
}

static void row_of_many(struct bench *bench)
{
	define_both(bench, "many", 10);
	bind_taps(bench, MANY_NICS);
	double wall = define_ms(bench, "many", 3);
	bench_row("a filter of 10 rules changed, 500 TAPs", "< 1.5 s", wall < 1500, "%.0f ms", wall);
	for (int i = 0; i < MANY_NICS; i++) {
		char command[64];

		if (i >= 200) {
			snprintf(command, sizeof(command), "filter unbind many%d", i);
			must(bench, command);
			bench_command("ip link del many%d", i);
		}
	}
}

static void rows_of_rules(struct bench *bench)
{
	static const int sizes[] = { 100, 1000, 10000 };

	bench_command("ip tuntap add rules mode tap");
	bench_command("ip link set rules master br0");
	for (size_t k = 0; k < sizeof(sizes) / sizeof(sizes[0]); k++) {
		char file[64], name[32], bind[160], what[64];
		double wall[ROUNDS];

		snprintf(name, sizeof(name), "load%d", sizes[k]);
		snprintf(file, sizeof(file), "%s.xml", name);
		write_filter(bench, file, name, sizes[k], 61000);
		define(bench, file);
		snprintf(bind, sizeof(bind), "filter bind --interface rules --mac 52:54:00:02:00:01 --filter %s", name);
		for (int i = 0; i < ROUNDS; i++) {
			wall[i] = must(bench, bind).wall_ms;
			must(bench, "filter unbind rules");
		}
		snprintf(what, sizeof(what), "%d rules compiled and loaded", sizes[k]);
		double ms = bench_median(wall, ROUNDS);
		bench_row(what, sizes[k] == 10000 ? "< 1 s" : "-", sizes[k] < 10000 || ms < 1000, "%.0f ms", ms);
	}
	bench_command("ip link del rules");
}

/* --- a group --- */

static void row_of_group(struct bench *bench)
{
	char path[256], command[512];
	double wall[ROUNDS], one[ROUNDS];

	snprintf(path, sizeof(path), "%s/crowd.json", bench->dir);
	bench_write(path, "{\"name\": \"crowd\", \"rules\": [{\"protocol\": \"tcp\", \"ports\": \"22\", \"group\": "
			  "\"crowd\"}]}\n");
	snprintf(command, sizeof(command), "secgroup define %s", path);
	must(bench, command);
	bench_spec(
		bench, "member", "",
		"{\"mode\": \"bridged\", \"link\": \"br0\", \"ip\": \"10.9.255.1\", \"security_groups\": [\"crowd\"]}");
	must(bench, "start member --paused");
	for (int i = 0; i < ROUNDS; i++) {
		snprintf(command, sizeof(command), "secgroup add crowd 10.8.0.%d", i + 1);
		one[i] = must(bench, command).wall_ms;
	}
	for (int i = 0; i < MEMBERS; i += 100) {
		size_t length = (size_t)snprintf(command, sizeof(command), "secgroup add crowd");
		char *more = malloc(length + 100 * 20);

		length = (size_t)sprintf(more, "%s", command);
		for (int k = i; k < i + 100; k++)
			length += (size_t)sprintf(more + length, " 10.7.%d.%d", k / 250, k % 250 + 1);
		must(bench, more);
		free(more);
	}
	for (int i = 0; i < ROUNDS; i++) {
		snprintf(command, sizeof(command), "secgroup add crowd 10.8.1.%d", i + 1);
		wall[i] = must(bench, command).wall_ms;
	}
	double ms = bench_median(wall, ROUNDS);
	bench_row("one more member in a group of 10,000", "< 5 ms", ms < 5, "%.1f ms (in a small group %.1f ms)", ms,
		  bench_median(one, ROUNDS));
	must(bench, "stop member --force");
}

/* --- frames --- */

static int open_tap(const char *name)
{
	struct ifreq request = { .ifr_flags = IFF_TAP | IFF_NO_PI };
	int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
	if (fd < 0 || ioctl(fd, TUNSETIFF, &request) < 0)
		bench_die("cannot open the TAP %s", name);
	return fd;
}

/* UDP of 64 bytes from the guest with clean-traffic to the LAN. A write has done all the work when it returns. */
static double frames_per_second(int guest, int lan)
{
	static const uint8_t frame[64] = { 0x52, 0x54, 0,  3,  0, 2, 0x52, 0x54, 0,    3,  0,    1,    8,  0,
					   0x45, 0,    0,  50, 0, 0, 0,    0,    64,   17, 0x66, 0xb9, 10, 0,
					   0,    1,    10, 0,  0, 2, 0x10, 0,    0x20, 0,  0,    30 };
	uint8_t buffer[2048];
	double begin = bench_now_ms();
	int arrived = 0;

	for (int i = 0; i < FRAMES; i++) {
		if (write(guest, frame, sizeof(frame)) < 0)
			bench_die("cannot write to the TAP");
		while (read(lan, buffer, sizeof(buffer)) > 0)
			arrived += memcmp(buffer, frame, sizeof(frame)) == 0;
	}
	double wall = bench_now_ms() - begin;
	if (arrived < FRAMES)
		bench_die("%d of %d frames arrived", arrived, FRAMES);
	return FRAMES / wall * 1000;
}

/* 200 TAPs are still bound. They are taken away in the middle of the run and put back, so that both are measured in turns. */
static void row_of_frames(struct bench *bench)
{
	double many[ROUNDS], few[ROUNDS];
	char command[160];

	bench_command("ip link add quiet0 type bridge");
	bench_command("ip link set quiet0 up");
	int guest = open_tap("from0"), lan = open_tap("to0");
	for (const char *const *tap = (const char *const[]){ "from0", "to0", NULL }; *tap; tap++)
		bench_command("ip link set %s master quiet0 up", *tap);
	must(bench, "filter bind --interface from0 --mac 52:54:00:03:00:01 --filter clean-traffic --param IP=10.0.0.1");
	sleep(1);
	frames_per_second(guest, lan);
	for (int i = 0; i < ROUNDS; i++) {
		many[i] = frames_per_second(guest, lan);
		/* The record of each stays: restore puts all back. */
		bench_command("mv %s/run/filter %s/run/filter-all", bench->dir, bench->dir);
		snprintf(command, sizeof(command),
			 "filter bind --interface from0 --mac 52:54:00:03:00:01 --filter clean-traffic --param "
			 "IP=10.0.0.1");
		bench_command("nft flush ruleset");
		must(bench, command);
		few[i] = frames_per_second(guest, lan);
		bench_command("rm -r %s/run/filter", bench->dir);
		bench_command("mv %s/run/filter-all %s/run/filter", bench->dir, bench->dir);
		must(bench, "filter restore");
	}
	double m = bench_median(many, ROUNDS), f = bench_median(few, ROUNDS);
	bench_row("frames a second, 200 filtered NICs against 1", ">= 0.90", m / f >= 0.9, "%.2f (%.0f / %.0f)", m / f,
		  m, f);
	close(guest);
	close(lan);
}

void bench_filter(struct bench *bench)
{
	rows_of_start(bench);
	rows_of_rules(bench);
	rows_of_guests(bench);
	row_of_many(bench);
	row_of_frames(bench);
	row_of_group(bench);
}
