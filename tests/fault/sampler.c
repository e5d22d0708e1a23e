/* sampler: looks from outside, all the while, whether two instances ever share what each must have for itself.
 *
 *   sampler RUN_DIR UID_FIRST UID_LAST
 *
 * A QEMU is a process with KVMCTL_RUN_DIR=RUN_DIR and KVMCTL_INSTANCE=NAME in its environment. Of each one the uids (/proc/PID/status) and the TAPs that its
 * descriptors hold ("iff:" in /proc/PID/fdinfo) are read. Ends on SIGTERM: prints "SAMPLES QEMUS_SEEN UIDS_SEEN TAPS_SEEN" and ends with 0; with 1 as soon as one uid of the
 * pool or one TAP is in two QEMUs, or one name has two QEMUs, which it prints.
 */
#include <dirent.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define QEMUS_MAX 512
#define TAPS_MAX 8
#define SEEN_MAX 65536
#define PAUSE_NS 2000000L

struct qemu {
	int pid;
	char name[256];
	long uid;
	char taps[TAPS_MAX][32];
	size_t n_taps;
};

static volatile sig_atomic_t done;

static void on_term(int signal)
{
	(void)signal;
	done = 1;
}

/* A whole small file, NUL-terminated; -1 when it cannot be read (the process has ended, mostly). */
static ssize_t slurp(const char *path, char *text, size_t size)
{
	FILE *f = fopen(path, "re");
	size_t n;

	if (!f)
		return -1;
	n = fread(text, 1, size - 1, f);
	fclose(f);
	text[n] = '\0';
	return (ssize_t)n;
}

static const char *variable(const char *block, ssize_t length, const char *key)
{
	size_t n = strlen(key);

	for (const char *p = block; p < block + length; p += strlen(p) + 1)
		if (strncmp(p, key, n) == 0)
			return p + n;
	return NULL;
}

/* A TAP that this process has open: "iff:\tNAME" in the descriptor's fdinfo (drivers/net/tun.c, tun_chr_show_fdinfo). */
static void add_tap(struct qemu *qemu, const char *fd)
{
	char path[320], text[1024], *at;

	snprintf(path, sizeof(path), "/proc/%d/fdinfo/%s", qemu->pid, fd);
	if (slurp(path, text, sizeof(text)) < 0 || !(at = strstr(text, "iff:\t")))
		return;
	at += strlen("iff:\t");
	at[strcspn(at, "\n")] = '\0';
	/* Several queues of one TAP are several descriptors. */
	for (size_t i = 0; i < qemu->n_taps; i++)
		if (strcmp(qemu->taps[i], at) == 0)
			return;
	if (*at && qemu->n_taps < TAPS_MAX)
		snprintf(qemu->taps[qemu->n_taps++], sizeof(qemu->taps[0]), "%s", at);
}

static void add_taps(struct qemu *qemu)
{
	char path[64];
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/fdinfo", qemu->pid);
	dir = opendir(path);
	if (!dir)
		return;
	for (struct dirent *entry; (entry = readdir(dir));)
		if (entry->d_name[0] != '.')
			add_tap(qemu, entry->d_name);
	closedir(dir);
}

/* True for a QEMU of the run directory that still lives when all of it has been read. */
static bool read_qemu(int pid, const char *run_dir, struct qemu *qemu)
{
	static char block[65536];
	char path[64], status[2048];
	const char *name, *dir, *uid;
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/environ", pid);
	n = slurp(path, block, sizeof(block));
	name = variable(block, n, "KVMCTL_INSTANCE=");
	dir = variable(block, n, "KVMCTL_RUN_DIR=");
	if (!name || !dir || strcmp(dir, run_dir) != 0)
		return false;
	*qemu = (struct qemu){ .pid = pid, .uid = -1 };
	snprintf(qemu->name, sizeof(qemu->name), "%s", name);
	add_taps(qemu);
	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	if (slurp(path, status, sizeof(status)) < 0 || !(uid = strstr(status, "\nUid:")) ||
	    strstr(status, "\nState:\tZ"))
		return false;
	qemu->uid = strtol(uid + strlen("\nUid:"), NULL, 10);
	return true;
}

static size_t read_all(const char *run_dir, struct qemu *qemus)
{
	DIR *proc = opendir("/proc");
	size_t n = 0;

	if (!proc)
		return 0;
	for (struct dirent *entry; (entry = readdir(proc)) && n < QEMUS_MAX;) {
		int pid = entry->d_name[0] >= '1' && entry->d_name[0] <= '9' ? (int)strtol(entry->d_name, NULL, 10) : 0;

		if (pid > 0 && read_qemu(pid, run_dir, &qemus[n]))
			n++;
	}
	closedir(proc);
	return n;
}

static bool alive(const struct qemu *qemu)
{
	char path[64], block[65536];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/environ", qemu->pid);
	n = slurp(path, block, sizeof(block));
	return n > 0 && variable(block, n, "KVMCTL_INSTANCE=") != NULL;
}

/* The list was read one after the other: what looks shared counts only when both still live afterwards (the first may have ended before the second began). */
static bool clash(const struct qemu *a, const struct qemu *b, long first, long last)
{
	bool uid = a->uid == b->uid && a->uid >= first && a->uid <= last, tap = false,
	     twins = strcmp(a->name, b->name) == 0;

	for (size_t i = 0; i < a->n_taps; i++)
		for (size_t k = 0; k < b->n_taps; k++)
			tap |= strcmp(a->taps[i], b->taps[k]) == 0;
	if (!(uid || tap || twins) || !alive(a) || !alive(b))
		return false;
	printf("shared %s: pid %d (%s, uid %ld) and pid %d (%s, uid %ld)\n",
	       uid   ? "uid"
	       : tap ? "TAP"
		     : "name",
	       a->pid, a->name, a->uid, b->pid, b->name, b->uid);
	return true;
}

static unsigned char pids_seen[4 << 20], uids_seen[SEEN_MAX];

static unsigned long mark(unsigned char *seen, size_t size, long at)
{
	if (at < 0 || (size_t)at >= size || seen[at])
		return 0;
	seen[at] = 1;
	return 1;
}

int main(int argc, char **argv)
{
	static struct qemu qemus[QEMUS_MAX];
	unsigned long samples = 0, n_qemus = 0, n_uids = 0, most_taps = 0;
	long first, last;

	if (argc != 4)
		return 2;
	first = strtol(argv[2], NULL, 10);
	last = strtol(argv[3], NULL, 10);
	signal(SIGTERM, on_term);
	while (!done) {
		size_t n = read_all(argv[1], qemus);
		unsigned long taps = 0;
		struct timespec pause = { 0, PAUSE_NS };

		samples++;
		for (size_t i = 0; i < n; i++) {
			n_qemus += mark(pids_seen, sizeof(pids_seen), qemus[i].pid);
			n_uids += mark(uids_seen, sizeof(uids_seen), qemus[i].uid - first);
			taps += qemus[i].n_taps;
			for (size_t k = i + 1; k < n; k++)
				if (clash(&qemus[i], &qemus[k], first, last))
					return 1;
		}
		if (taps > most_taps)
			most_taps = taps;
		nanosleep(&pause, NULL);
	}
	printf("%lu samples, %lu QEMUs, %lu uids, at most %lu TAPs at once\n", samples, n_qemus, n_uids, most_taps);
	return 0;
}
