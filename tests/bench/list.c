/* list of many instances, and cleanup of many stale ones: the run directory is filled with the records of one real instance. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/bench.h"

#define MANY 1000

/* The whole file; the caller frees it. */
static char *slurp(const char *path)
{
	FILE *f = fopen(path, "r");
	char *text = calloc(1, 1 << 20);

	if (!f || fread(text, 1, (1 << 20) - 1, f) == 0)
		bench_die("cannot read %s", path);
	fclose(f);
	return text;
}

static unsigned long long start_time(pid_t pid)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	char *text = slurp(path), *at = strrchr(text, ')');
	for (int field = 2; field < 22; field++)
		at = strchr(at + 1, ' ');
	unsigned long long start = strtoull(at + 1, NULL, 10);
	free(text);
	return start;
}

/* Replaces the first "KEY…" word of a status line by KEY and the number. */
static void put_word(const char *line, const char *key, unsigned long long value, char *out, size_t size)
{
	const char *at = strstr(line, key);
	const char *end = at ? at + strcspn(at, " \n") : NULL;

	if (!at)
		bench_die("no %s in a status line", key);
	snprintf(out, size, "%.*s%s%llu%s", (int)(at - line), line, key, value, end);
}

/* A status line like the real one, of this process. */
static void write_status(struct bench *bench, int i, const char *line, pid_t pid, unsigned long long start)
{
	char a[4096], b[4096], path[256];

	put_word(line, "start=", start, a, sizeof(a));
	put_word(a, " supervisor=", (unsigned long long)getpid(), b, sizeof(b));
	snprintf(path, sizeof(path), "%s/run/pid/many%d", bench->dir, i);
	bench_write(path, "%d\n%s", pid, b);
}

/* n processes that sleep stand for QEMUs: list looks at each one's /proc entry. */
static pid_t *fill_alive(struct bench *bench, int n, const char *line)
{
	pid_t *pids = calloc((size_t)n, sizeof(*pids));

	for (int i = 0; i < n; i++) {
		pids[i] = fork();
		if (pids[i] == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			pause();
			_exit(0);
		}
		write_status(bench, i, line, pids[i], start_time(pids[i]));
	}
	return pids;
}

/* A row of `list`; the CPU time beside it tells what a busy host did to the figure. */
static void row_of_list(struct bench *bench, const char *what, const char *goal, double most, int runs)
{
	double wall[100], cpu[100];

	for (int i = 0; i < runs; i++) {
		struct sample s = bench_command("%s --config %s list", bench->kvmctl, bench->config);

		if (s.status != 0)
			bench_die("kvmctl list fails");
		wall[i] = s.wall_ms;
		cpu[i] = s.cpu_ms;
	}
	double m = bench_median(wall, runs);
	bench_row(what, goal, m <= most, "%.1f ms (CPU %.1f ms)", m, bench_median(cpu, runs));
}

static void end_all(struct bench *bench, pid_t *pids, int n)
{
	char path[256];

	for (int i = 0; i < n; i++) {
		kill(pids[i], SIGKILL);
		waitpid(pids[i], NULL, 0);
		snprintf(path, sizeof(path), "%s/run/pid/many%d", bench->dir, i);
		unlink(path);
	}
	free(pids);
}

/* Every "fast" of the state becomes the other name. */
static void write_state(struct bench *bench, int i, const char *state)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/run/conf/many%d.runtime", bench->dir, i);
	FILE *f = fopen(path, "w");
	for (const char *at = state, *next; *at; at = next) {
		next = strstr(at, "\"fast\"");
		fwrite(at, 1, next ? (size_t)(next - at) : strlen(at), f);
		if (!next)
			break;
		fprintf(f, "\"many%d\"", i);
		next += strlen("\"fast\"");
	}
	fclose(f);
}

static void row_of_cleanup(struct bench *bench, const char *line, const char *state, int runs)
{
	double values[100], cpu[100];
	pid_t dead = fork();

	if (dead == 0)
		_exit(0);
	waitpid(dead, NULL, 0);
	for (int run = 0; run < runs; run++) {
		for (int i = 0; i < MANY; i++) {
			write_status(bench, i, line, dead, 1);
			write_state(bench, i, state);
		}
		struct sample s = bench_command("%s -q --config %s cleanup", bench->kvmctl, bench->config);
		if (s.status != 0)
			bench_die("kvmctl cleanup fails");
		values[run] = s.wall_ms;
		cpu[run] = s.cpu_ms;
	}
	double m = bench_median(values, runs);
	bench_row("cleanup of 1,000 stale instances", "<= 200 ms", m <= 200, "%.0f ms (CPU %.0f ms)", m,
		  bench_median(cpu, runs));
}

void bench_list(struct bench *bench)
{
	char path[256];

	bench_spec(bench, "fast", "", "{\"mode\": \"bridged\", \"link\": \"br0\"}");
	bench_command("%s -q --config %s start fast --paused", bench->kvmctl, bench->config);
	snprintf(path, sizeof(path), "%s/run/pid/fast", bench->dir);
	char *status = slurp(path), *line = strchr(status, '\n') + 1;
	snprintf(path, sizeof(path), "%s/run/conf/fast.runtime", bench->dir);
	char *state = slurp(path);
	bench_command("%s -q --config %s stop fast --force", bench->kvmctl, bench->config);

	pid_t *pids = fill_alive(bench, 100, line);
	row_of_list(bench, "list, 100 instances", "<= 3 ms", 3, 31);
	end_all(bench, pids, 100);
	pids = fill_alive(bench, MANY, line);
	row_of_list(bench, "list, 1,000 instances", "<= 20 ms", 20, 31);
	end_all(bench, pids, MANY);
	row_of_cleanup(bench, line, state, 7);
	free(status);
	free(state);
}
