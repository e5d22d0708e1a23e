/* The benchmark's frame: commands timed in turn, medians, a table of goals. Everything runs in a network namespace and a run directory of its own. */
#ifndef BENCH_H
#define BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct bench {
	pid_t pid;         /* ours */
	const char *build; /* absolute */
	char kvmctl[512];
	char dir[64];     /* private, on a tmpfs */
	char config[128]; /* kvmctl.json of it */
	int runs;
	bool virsh; /* installed, and a libvirtd answers */
};

struct sample {
	double wall_ms, cpu_ms; /* cpu: user and system of the process itself and of what it waited for */
	int status;
};

/* Runs argv to its end; its output goes to `out` (NULL: nowhere). */
struct sample bench_run(char *const *argv, const char *out);
/* The same through printf and blanks between words. */
struct sample bench_command(const char *format, ...) __attribute__((format(printf, 1, 2)));
double bench_now_ms(void);
double bench_median(double *values, int n);
void bench_write(const char *path, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* First number behind `key` in a file, -1: none. */
double bench_number(const char *path, const char *key);
void bench_die(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

/* One row of the table: what, the goal in words, the figure in words, whether it was met. */
void bench_row(const char *what, const char *goal, bool met, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
void bench_skip(const char *what, const char *why);

/* The instance NAME with these hvparams and NICs, as JSON texts. */
void bench_spec(struct bench *bench, const char *name, const char *hvparams, const char *nics);

/* The rows, by file. */
void bench_start(struct bench *bench);  /* start against bare QEMU (and virsh), CPU per start, version */
void bench_list(struct bench *bench);   /* list of 100 and 1,000; cleanup of 1,000 */
void bench_full(struct bench *bench);   /* list --full of 100 real QEMUs against a bare epoll client; one frozen */
void bench_small(struct bench *bench);  /* supervisor's memory and wake-ups, QMP round trip */
void bench_save(struct bench *bench);   /* save, restore against the bare QMP sequence */
void bench_filter(struct bench *bench); /* what filters cost at a start, to change, and per frame */
void bench_migrate(
	struct bench *bench); /* migrate against the bare QMP commands between the same QEMUs: time and downtime */

#endif
