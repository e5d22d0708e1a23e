/* Bounding what a guest or QEMU writes without end.
 *
 * The watch is one-shot: the first write wakes us, then a timer looks every 100 ms for as long as the
 * files grow, and only when they have stopped growing the watch is set again. So a flood costs ten looks
 * a second instead of a wake-up per write, and silence none.
 *
 * A user may have 128 inotify descriptors unless the host's fs.inotify.max_user_instances says more: on a
 * host full of guests there may be none left for us. Then the timer looks now and then, all the time. */
#include "supervisor/logs.h"

#include <fcntl.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/timerfd.h>

#include "base/deadline.h"
#include "base/file.h"
#include "base/text.h"

#define LOOK_MS 100
#define BLIND_LOOK_MS 10000 /* without a watch */
#define COPY_SIZE 4096
#define WORDS_BYTES 4096
#define WORDS_LINES 10
#define WORDS_LINE_MAX 300

static const char *const watched[LOGS_WATCHED] = { ".log", ".serial" };

static int open_log_dir(const struct logs *logs)
{
	_cleanup_free_ char *path = xprintf("%s/log", logs->run_dir);

	/* Opened anew each time: the run directory may be wiped and made again while the guest runs. */
	return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* The begin of the next line after `from`, or `from` when there is none near. */
static off_t next_line(int fd, off_t from)
{
	char data[COPY_SIZE];
	ssize_t n = pread(fd, data, sizeof(data), from);
	const char *end = n > 0 ? memchr(data, '\n', (size_t)n) : NULL;

	return end ? from + (end - data) + 1 : from;
}

/* Moves [from, end) down behind the marker. Reads to the file's end, which the writer may push on while
 * we copy: `limit` ends the race. */
static int move_down(int fd, off_t from, const char *marker, off_t limit)
{
	off_t to = (off_t)strlen(marker);
	char data[COPY_SIZE];

	if (pwrite(fd, marker, strlen(marker), 0) != (ssize_t)strlen(marker))
		return -1;
	while (to < limit) {
		ssize_t n = pread(fd, data, sizeof(data), from);

		if (n < 0)
			return -1;
		if (n == 0)
			break;
		if (pwrite(fd, data, (size_t)n, to) != n)
			return -1;
		from += n;
		to += n;
	}
	return ftruncate(fd, to);
}

int log_bound(int dirfd, const char *file, int64_t max, const char *marker)
{
	_cleanup_close_ int fd = -1;
	struct stat st;

	if (fstatat(dirfd, file, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : -1;
	if (!S_ISREG(st.st_mode) || st.st_size <= max)
		return 0;
	fd = openat(dirfd, file, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return -1;
	return move_down(fd, next_line(fd, st.st_size - max / 2), marker, max) < 0 ? -1 : 1;
}

static void start_timer(struct logs *logs, long ms)
{
	struct itimerspec in = { .it_value = { ms / 1000, ms % 1000 * 1000000L } };

	timerfd_settime(logs->timer, 0, &in, NULL);
}

int logs_open(struct logs *logs, const char *run_dir, const char *name, int64_t max, struct error *err)
{
	*logs = (struct logs){ .run_dir = run_dir, .name = name, .max = max, .inotify = -1, .timer = -1 };
	logs->timer = timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK);
	if (logs->timer < 0)
		return error_errno(err, ERROR_HOST, errno, "the logs of \"%s\" cannot be watched", name);
	logs->inotify = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (logs->inotify < 0)
		error_errno(err, ERROR_HOST, errno,
			    "the logs of \"%s\" are looked at every %d s only; raise fs.inotify.max_user_instances",
			    name, BLIND_LOOK_MS / 1000);
	logs_look(logs);
	return logs->inotify < 0 ? -1 : 0;
}

void logs_close(struct logs *logs)
{
	close_fd(&logs->inotify);
	close_fd(&logs->timer);
	logs->inotify = logs->timer = -1;
}

void logs_touched(struct logs *logs)
{
	char events[1024];

	while (read(logs->inotify, events, sizeof(events)) > 0)
		;
	start_timer(logs, LOOK_MS);
}

static void set_watches(const struct logs *logs)
{
	for (size_t i = 0; i < LOGS_WATCHED; i++) {
		_cleanup_free_ char *path = xprintf("%s/log/%s%s", logs->run_dir, logs->name, watched[i]);

		/* One that is not there is not written (QEMU has its descriptors from the start). */
		(void)inotify_add_watch(logs->inotify, path, IN_MODIFY | IN_ONESHOT);
	}
}

/* Bounds both; true when one of them has grown since the last time. */
static bool look_at_files(struct logs *logs)
{
	_cleanup_close_ int dir = open_log_dir(logs);
	bool grown = false;

	for (size_t i = 0; dir >= 0 && i < LOGS_WATCHED; i++) {
		_cleanup_free_ char *file = xprintf("%s%s", logs->name, watched[i]);
		struct stat st;

		if (log_bound(dir, file, logs->max, "[kvmctl: the log was too long, its older part was cut]\n") == 1 &&
		    i == 0)
			logs->cut = true;
		if (fstatat(dir, file, &st, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		grown |= st.st_size != logs->seen[i];
		logs->seen[i] = st.st_size;
	}
	return grown;
}

void logs_look(struct logs *logs)
{
	uint64_t ticks;

	(void)!read(logs->timer, &ticks, sizeof(ticks));
	if (look_at_files(logs)) {
		start_timer(logs, LOOK_MS);
		return;
	}
	if (logs->inotify < 0) {
		start_timer(logs, BLIND_LOOK_MS);
		return;
	}
	set_watches(logs);
	/* What was written between the look and the watch woke nobody. */
	if (look_at_files(logs))
		start_timer(logs, LOOK_MS);
}

int logs_event(struct logs *logs, const char *line, size_t length)
{
	_cleanup_free_ char *file = xprintf("%s.events", logs->name), *whole = xprintf("%.*s\n", (int)length, line),
			    *marker = NULL;
	_cleanup_close_ int dir = open_log_dir(logs), fd = -1;
	int64_t now = clock_realtime_ms();

	if (dir < 0)
		return -1;
	fd = openat(dir, file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0640);
	if (fd < 0 || file_write_all(fd, whole, strlen(whole)) < 0)
		return -1;
	/* JSON lines stay JSON lines. */
	marker =
		xprintf("{\"timestamp\": {\"seconds\": %lld, \"microseconds\": %lld}, \"event\": \"KVMCTL_LOG_CUT\"}\n",
			(long long)now / 1000, (long long)now % 1000 * 1000);
	return log_bound(dir, file, logs->max, marker) < 0 ? -1 : 0;
}

/* A copy of text with every line made printable; the last WORDS_LINES lines that say something. */
static char *last_lines(char *text)
{
	char *lines[WORDS_LINES] = { NULL }, *result = NULL;
	size_t n = 0, length;
	FILE *f;

	for (char *rest = text, *line; (line = strsep(&rest, "\n"));) {
		line[strcspn(line, "\r")] = '\0';
		if (*line)
			lines[n++ % WORDS_LINES] = line;
	}
	if (n == 0)
		return NULL;
	f = open_memstream(&result, &length);
	if (!f)
		abort();
	for (size_t i = n > WORDS_LINES ? n - WORDS_LINES : 0; i < n; i++) {
		const char *line = lines[i % WORDS_LINES];
		_cleanup_free_ char *clean = text_printable(line, strlen(line), WORDS_LINE_MAX);

		fprintf(f, "%s%s", ftell(f) > 0 ? "\n" : "", clean);
	}
	if (fclose(f) != 0)
		abort();
	return result;
}

char *logs_words(const struct logs *logs, int64_t offset)
{
	_cleanup_free_ char *file = xprintf("%s.log", logs->name);
	_cleanup_close_ int dir = open_log_dir(logs), fd = -1;
	char text[WORDS_BYTES + 1];
	struct stat st;
	ssize_t n;

	fd = dir < 0 ? -1 : openat(dir, file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return NULL;
	if (logs->cut || offset > st.st_size)
		offset = 0;
	if (st.st_size - offset > WORDS_BYTES)
		offset = next_line(fd, st.st_size - WORDS_BYTES);
	n = pread(fd, text, WORDS_BYTES, offset);
	if (n <= 0)
		return NULL;
	text[n] = '\0';
	return last_lines(text);
}
