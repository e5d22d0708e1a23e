/* list --full of 100 real QEMUs against a bare epoll client that sends the same commands; and with one of them frozen. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/bench.h"

#define GUESTS 100

static int start_guests(struct bench *bench)
{
	for (int i = 0; i < GUESTS; i++) {
		char name[32];

		snprintf(name, sizeof(name), "full%d", i);
		bench_spec(bench, name, "", "");
		if (bench_command("%s -q --config %s start %s --paused", bench->kvmctl, bench->config, name).status !=
		    0)
			return -1;
	}
	return 0;
}

/* What a C programmer would write: connect to all, one write each, epoll until every one has answered three times. The very
 * bytes that list --full sends, ids as well: QEMU before 10 reads its monitor byte by byte, so they are most of the time. */
static void bare_client(struct bench *bench)
{
	static const char commands[] =
		"{\"execute\":\"qmp_capabilities\",\"id\":1}\n{\"execute\":\"query-status\",\"id\":2}\n"
		"{\"execute\":\"query-balloon\",\"id\":3}\n";
	struct {
		int fd, answers;
	} peers[GUESTS] = { 0 };
	int epoll = epoll_create1(0), left = GUESTS;

	for (int i = 0; i < GUESTS; i++) {
		struct sockaddr_un address = { .sun_family = AF_UNIX };
		struct epoll_event event = { .events = EPOLLIN, .data.u32 = (unsigned)i };

		snprintf(address.sun_path, sizeof(address.sun_path), "%s/run/ctrl/full%d.query", bench->dir, i);
		peers[i].fd = socket(AF_UNIX, SOCK_STREAM, 0);
		if (connect(peers[i].fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
		    write(peers[i].fd, commands, strlen(commands)) < 0)
			_exit(1);
		epoll_ctl(epoll, EPOLL_CTL_ADD, peers[i].fd, &event);
	}
	while (left > 0) {
		struct epoll_event events[GUESTS];
		int n = epoll_wait(epoll, events, GUESTS, 10000);

		for (int k = 0; k < n; k++) {
			char buffer[65536];
			unsigned i = events[k].data.u32;
			ssize_t length = read(peers[i].fd, buffer, sizeof(buffer));

			for (ssize_t c = 0; c < length; c++)
				peers[i].answers += buffer[c] == '\n';
			if (length <= 0 || peers[i].answers == 4) { /* the greeting and three replies */
				close(peers[i].fd);
				left--;
			}
		}
	}
	_exit(0);
}

static double bare_ms(struct bench *bench)
{
	double begin = bench_now_ms();
	pid_t pid = fork();

	if (pid == 0)
		bare_client(bench);
	waitpid(pid, NULL, 0);
	return bench_now_ms() - begin;
}

static void row_of_full(struct bench *bench)
{
	double ours[31], bare[31], ratio[31];

	for (int i = 0; i < 31; i++) {
		bare[i] = bare_ms(bench);
		ours[i] = bench_command("%s --config %s list --full", bench->kvmctl, bench->config).wall_ms;
		ratio[i] = ours[i] / bare[i];
	}
	double r = bench_median(ratio, 31);
	bench_row("list --full, 100 QEMUs, against bare epoll", "<= 1.3", r <= 1.3, "%.2f (%.1f ms / %.1f ms)", r,
		  bench_median(ours, 31), bench_median(bare, 31));
}

/* How many rows of `list --full --json` say a state. */
static int count_rows(const char *path, const char *state)
{
	char *text = calloc(1, 1 << 22), needle[64];
	FILE *f = fopen(path, "r");
	int n = 0;

	if (f && fread(text, 1, (1 << 22) - 1, f) > 0)
		for (char *at = text; snprintf(needle, sizeof(needle), "\"%s\"", state) && (at = strstr(at, needle));
		     at++)
			n++;
	if (f)
		fclose(f);
	free(text);
	return n;
}

static void row_of_frozen(struct bench *bench)
{
	char pid_file[256], out[256];

	snprintf(pid_file, sizeof(pid_file), "%s/run/pid/full7", bench->dir);
	snprintf(out, sizeof(out), "%s/frozen.json", bench->dir);
	pid_t pid = (pid_t)bench_number(pid_file, "");
	char *argv[] = { bench->kvmctl, (char *)"--json", (char *)"--config",
			 bench->config, (char *)"list",   (char *)"--full",
			 NULL };
	kill(pid, SIGSTOP);
	struct sample s = bench_run(argv, out);
	kill(pid, SIGCONT);
	int unresponsive = count_rows(out, "unresponsive"), paused = count_rows(out, "prelaunch");
	bench_row("list --full, one of 100 frozen", "1 row late, 99 whole", unresponsive == 1 && paused == GUESTS - 1,
		  "%d unresponsive, %d whole, %.0f ms", unresponsive, paused, s.wall_ms);
}

void bench_full(struct bench *bench)
{
	if (start_guests(bench) < 0)
		bench_die("100 guests do not start");
	row_of_full(bench);
	row_of_frozen(bench);
	for (int i = 1; i < GUESTS; i++) /* full0 is kept for the rows that follow */
		bench_command("%s -q --config %s stop full%d --force", bench->kvmctl, bench->config, i);
}
