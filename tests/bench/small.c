/* What a supervisor costs while nothing happens; what a QMP round trip costs over a bare write and read. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/deadline.h"
#include "base/error.h"
#include "bench/bench.h"
#include "qemu/qmp.h"

#define ROUND_TRIPS 2000
#define IDLE_S 20

static void rows_of_supervisor(struct bench *bench)
{
	char path[256], rollup[64], status[64];

	snprintf(path, sizeof(path), "%s/run/pid/full0", bench->dir);
	int pid = (int)bench_number(path, " supervisor=");
	snprintf(rollup, sizeof(rollup), "/proc/%d/smaps_rollup", pid);
	snprintf(status, sizeof(status), "/proc/%d/status", pid);
	double pss = bench_number(rollup, "Pss:");
	bench_row("a supervisor's memory", "<= 400 KiB PSS", pss > 0 && pss <= 400, "%.0f KiB", pss);
	sleep(1); /* what a start leaves to be done is no idling */
	double before = bench_number(status, "voluntary_ctxt_switches:");
	sleep(IDLE_S);
	double wakeups = bench_number(status, "voluntary_ctxt_switches:") - before;
	bench_row("a supervisor's wake-ups when idle", "0 a minute", wakeups == 0, "%.0f in %d s", wakeups, IDLE_S);
}

static int connect_query(struct bench *bench)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s/run/ctrl/full0.query", bench->dir);
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		bench_die("cannot connect to a monitor");
	return fd;
}

/* Reads until a whole line that is no event is there. */
static void read_reply(int fd)
{
	char buffer[65536];
	size_t length = 0;

	do {
		ssize_t n = read(fd, buffer + length, sizeof(buffer) - length);

		if (n <= 0)
			bench_die("the monitor is gone");
		length += (size_t)n;
	} while (buffer[length - 1] != '\n');
}

static double bare_round_trips(struct bench *bench)
{
	static const char hello
		[] = "{\"execute\":\"qmp_capabilities\"}\n",
	   ask[] = "{\"execute\":\"query-status\",\"id\":1}\n"; /* the bytes that we send as well: QEMU reads them one by one */
	int fd = connect_query(bench);

	read_reply(fd);
	if (write(fd, hello, strlen(hello)) < 0)
		bench_die("the monitor is gone");
	read_reply(fd);
	double begin = bench_now_ms();
	for (int i = 0; i < ROUND_TRIPS; i++) {
		if (write(fd, ask, strlen(ask)) < 0)
			bench_die("the monitor is gone");
		read_reply(fd);
	}
	double wall = bench_now_ms() - begin;
	close(fd);
	return wall;
}

static double our_round_trips(struct bench *bench)
{
	struct error err = ERROR_INIT;
	struct qmp *qmp = qmp_new(connect_query(bench), "bench");

	if (qmp_handshake(qmp, deadline_in(5000), &err) < 0)
		bench_die("%s", err.message);
	double begin = bench_now_ms();
	for (int i = 0; i < ROUND_TRIPS; i++) {
		struct json *reply = NULL;

		if (qmp_execute(qmp, "query-status", NULL, deadline_in(5000), &reply, &err) < 0)
			bench_die("%s", err.message);
		json_free(reply);
	}
	double wall = bench_now_ms() - begin;
	qmp_free(qmp);
	return wall;
}

void bench_small(struct bench *bench)
{
	double ours[9], bare[9], ratio[9];

	bench_spec(bench, "full0", "", "");
	bench_command("%s -q --config %s start full0 --paused --ensure", bench->kvmctl, bench->config);
	rows_of_supervisor(bench);
	for (int i = 0; i < 9; i++) {
		bare[i] = bare_round_trips(bench) * 1000 / ROUND_TRIPS;
		ours[i] = our_round_trips(bench) * 1000 / ROUND_TRIPS;
		ratio[i] = ours[i] / bare[i];
	}
	double r = bench_median(ratio, 9);
	bench_row("QMP round trip against bare write and read", "<= 1.2", r <= 1.2, "%.2f (%.0f us / %.0f us)", r,
		  bench_median(ours, 9), bench_median(bare, 9));
}
