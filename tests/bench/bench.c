/* make bench: every row of the speed table, as ratios of medians within one run. */
#include "bench/bench.h"

#include <fcntl.h>
#include <glob.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int missed, skipped;

double bench_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1000 + (double)now.tv_nsec / 1e6;
}

void bench_die(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	fputs("bench: ", stderr);
	vfprintf(stderr, format, ap);
	fputc('\n', stderr);
	va_end(ap);
	exit(1);
}

static double of_timeval(struct timeval t)
{
	return (double)t.tv_sec * 1000 + (double)t.tv_usec / 1000;
}

struct sample bench_run(char *const *argv, const char *out)
{
	struct sample sample;
	struct rusage usage;
	double begin = bench_now_ms();
	pid_t pid = vfork();

	if (pid == 0) {
		int fd = open(out ? out : "/dev/null", O_WRONLY | O_CREAT | O_TRUNC, 0600);

		dup2(fd, STDOUT_FILENO);
		execvp(argv[0], argv);
		_exit(127);
	}
	if (pid < 0 || wait4(pid, &sample.status, 0, &usage) != pid)
		bench_die("cannot run %s", argv[0]);
	sample.wall_ms = bench_now_ms() - begin;
	sample.cpu_ms = of_timeval(usage.ru_utime) + of_timeval(usage.ru_stime);
	return sample;
}

struct sample bench_command(const char *format, ...)
{
	char text[8192], *argv[256], *save = NULL;
	size_t n = 0;
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	for (char *word = strtok_r(text, " ", &save); word && n < 255; word = strtok_r(NULL, " ", &save))
		argv[n++] = word;
	argv[n] = NULL;
	return bench_run(argv, NULL);
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

double bench_median(double *values, int n)
{
	qsort(values, (size_t)n, sizeof(*values), compare);
	return n % 2 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

void bench_write(const char *path, const char *format, ...)
{
	FILE *f = fopen(path, "w");
	va_list ap;

	if (!f)
		bench_die("cannot write %s", path);
	va_start(ap, format);
	vfprintf(f, format, ap);
	va_end(ap);
	fclose(f);
}

double bench_number(const char *path, const char *key)
{
	char line[4096];
	double value = -1;
	FILE *f = fopen(path, "r");

	while (f && fgets(line, sizeof(line), f)) {
		const char *at = strstr(line, key);

		if (at) {
			value = strtod(at + strlen(key), NULL);
			break;
		}
	}
	if (f)
		fclose(f);
	return value;
}

void bench_row(const char *what, const char *goal, bool met, const char *format, ...)
{
	char figure[256];
	va_list ap;

	va_start(ap, format);
	vsnprintf(figure, sizeof(figure), format, ap);
	va_end(ap);
	printf("%-46s %-22s %-44s %s\n", what, goal, figure, met ? "met" : "MISSED");
	fflush(stdout);
	missed += !met;
}

void bench_skip(const char *what, const char *why)
{
	printf("%-46s %-22s %s\n", what, "-", why);
	skipped++;
}

void bench_spec(struct bench *bench, const char *name, const char *hvparams, const char *nics)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/specs/%s.json", bench->dir, name);
	bench_write(path,
		    "{\"name\": \"%s\", \"vcpus\": 1, \"maxmem\": 64, \"minmem\": 64,\n"
		    " \"hvparams\": {\"kvm_flag\": \"disabled\", \"security_model\": \"none\", \"vhost_net\": "
		    "false%s%s},\n \"nics\": [%s]}\n",
		    name, *hvparams ? ", " : "", hvparams, nics);
}

/* Nothing of ours is seen outside, and the kernel takes it all away at the end. */
static void isolate(struct bench *bench)
{
	char path[256];

	if (unshare(CLONE_NEWNET | CLONE_NEWNS) < 0)
		bench_die("needs root (a network and a mount namespace of its own)");
	mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL);
	snprintf(bench->dir, sizeof(bench->dir), "/tmp/kvmctl-bench.XXXXXX");
	if (!mkdtemp(bench->dir) || mount("bench", bench->dir, "tmpfs", 0, "size=512m") < 0)
		bench_die("cannot make a tmpfs");
	snprintf(path, sizeof(path), "%s/specs", bench->dir);
	mkdir(path, 0700);
	snprintf(bench->config, sizeof(bench->config), "%s/kvmctl.json", bench->dir);
	bench_write(bench->config,
		    "{\"run_dir\": \"%s/run\", \"spec_dir\": \"%s/specs\", \"state_dir\": \"%s/state\", \"cache_dir\": "
		    "\"%s/cache\",\n"
		    " \"filter_dir\": \"%s/filters\"}\n",
		    bench->dir, bench->dir, bench->dir, bench->dir, bench->dir);
	bench_command("ip link set lo up");
	bench_command("ip link add br0 type bridge");
	bench_command("ip link set br0 up");
}

static struct bench bench;

static void end_by_file(const char *path)
{
	FILE *f = fopen(path, "r");
	int pid = 0;

	if (f && fscanf(f, "%d", &pid) == 1 && pid > 1)
		kill(pid, SIGKILL);
	if (f)
		fclose(f);
}

/* Also when it dies in the middle: what runs is ended, QEMUs of the bare way by their pid files. */
static void leave_nothing(void)
{
	char pattern[256];
	glob_t found;

	if (getpid() != bench.pid)
		return;
	snprintf(pattern, sizeof(pattern), "%s/*.json", bench.dir);
	if (glob(pattern, 0, NULL, &found) == 0)
		for (size_t i = 0; i < found.gl_pathc; i++)
			if (bench_command("grep -q run_dir %s", found.gl_pathv[i]).status == 0) /* settings, no spec */
				bench_command("%s --config %s -q stop --all --force", bench.kvmctl, found.gl_pathv[i]);
	globfree(&found);
	snprintf(pattern, sizeof(pattern), "%s/*.pid", bench.dir);
	if (glob(pattern, 0, NULL, &found) == 0)
		for (size_t i = 0; i < found.gl_pathc; i++)
			end_by_file(found.gl_pathv[i]);
	globfree(&found);
	umount2(bench.dir, MNT_DETACH);
	rmdir(bench.dir);
}

int main(int argc, char **argv)
{
	bench = (struct bench){ .pid = getpid(),
				.build = argc > 1 ? argv[1] : "build",
				.runs = argc > 2 ? (int)strtol(argv[2], NULL, 10) : 15 };

	snprintf(bench.kvmctl, sizeof(bench.kvmctl), "%s/kvmctl", bench.build);
	if (access(bench.kvmctl, X_OK) < 0)
		bench_die("no %s: run make first", bench.kvmctl);
	isolate(&bench);
	atexit(leave_nothing);
	printf("%-46s %-22s %-44s\n", "WHAT", "GOAL", "MEDIANS OF THIS RUN");
	static const struct {
		const char *name;
		void (*rows)(struct bench *bench);
	} chapters[] = { { "start", bench_start },    { "list", bench_list },     { "full", bench_full },
			 { "small", bench_small },    { "filter", bench_filter }, { "save", bench_save },
			 { "migrate", bench_migrate } };
	for (size_t i = 0; i < sizeof(chapters) / sizeof(chapters[0]); i++)
		if (argc <= 3 || strcmp(argv[3], chapters[i].name) == 0)
			chapters[i].rows(&bench);
	printf("%d missed, %d left out\n", missed, skipped);
	return 0;
}
