/* A child with which lines are exchanged.
 *
 * One poll serves all three pipes: while we write a long line the child may say something, and must not be kept from reading by a full pipe.
 * What it says on stderr is kept to its last bytes: the reason of an end stands there, at the end. */
#include "host/dialogue.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>

#include "base/lines.h"
#include "base/strv.h"
#include "base/text.h"
#include "host/process.h"

#define WORDS_MAX 2048
#define WORDS_SHOWN 500
#define KILL_MS 1000
#define END_MS 1000

struct dialogue {
	pid_t pid; /* 0: reaped */
	int pidfd;
	int in, out, err_fd; /* its stdin, stdout, stderr; -1: closed */
	struct lines lines;  /* of stdout */
	char words[WORDS_MAX];
	size_t n_words;
};

static void shut(struct dialogue *d)
{
	close_fd(&d->in);
	close_fd(&d->out);
	close_fd(&d->err_fd);
	d->in = d->out = d->err_fd = -1;
}

/* The last WORDS_MAX bytes stay. */
static void keep_words(struct dialogue *d, const char *text, size_t n)
{
	if (n > WORDS_MAX) {
		text += n - WORDS_MAX;
		n = WORDS_MAX;
	}
	if (d->n_words + n > WORDS_MAX) {
		size_t gone = d->n_words + n - WORDS_MAX;

		memmove(d->words, d->words + gone, d->n_words - gone);
		d->n_words -= gone;
	}
	memcpy(d->words + d->n_words, text, n);
	d->n_words += n;
}

static void read_words(struct dialogue *d)
{
	char text[4096];
	ssize_t n = read(d->err_fd, text, sizeof(text));

	if (n > 0)
		keep_words(d, text, (size_t)n);
	else if (n == 0 || (errno != EAGAIN && errno != EINTR))
		close_fd(&d->err_fd);
}

static void read_output(struct dialogue *d)
{
	if (!lines_read(&d->lines, d->out))
		close_fd(&d->out);
}

/* One turn of the poll: reads what there is (of stdout as long as there is room); *ret_writable may be NULL. 1, 0 time-out, -1 error. */
static int turn(struct dialogue *d, struct deadline deadline, bool *ret_writable, struct error *err)
{
	bool room = lines_have_room(&d->lines);
	struct pollfd fds[3] = { { .fd = room ? d->out : -1, .events = POLLIN },
				 { .fd = d->err_fd, .events = POLLIN },
				 { .fd = ret_writable ? d->in : -1, .events = POLLOUT } };
	int n = deadline_poll(fds, 3, deadline);

	if (n < 0)
		return error_errno(err, ERROR_HOST, errno, "cannot wait for a child's words");
	if (n == 0)
		return 0;
	if (fds[0].revents)
		read_output(d);
	if (fds[1].revents)
		read_words(d);
	if (ret_writable)
		*ret_writable = fds[2].revents != 0;
	return 1;
}

/* Our ends do not block; theirs are theirs. */
static int make_pipes(struct dialogue *d, int theirs[3], struct error *err)
{
	int *ours[3] = { &d->in, &d->out, &d->err_fd };

	for (int i = 0; i < 3; i++) {
		int fds[2];

		if (pipe2(fds, O_CLOEXEC) < 0)
			return error_errno(err, ERROR_HOST, errno, "cannot make a pipe");
		*ours[i] = fds[i == 0];
		theirs[i] = fds[i != 0];
		if (fcntl(*ours[i], F_SETFL, O_NONBLOCK) < 0)
			return error_errno(err, ERROR_HOST, errno, "cannot set up a pipe");
	}
	return 0;
}

static int spawn_with_pipes(const struct child *child, struct dialogue *d, struct error *err)
{
	int theirs[3] = { -1, -1, -1 };
	int result = make_pipes(d, theirs, err);
	const struct child_fd fds[3] = { { theirs[0], 0 }, { theirs[1], 1 }, { theirs[2], 2 } };
	struct child described = *child;

	described.fds = fds;
	described.n_fds = 3;
	described.new_session = true;
	described.gate_fd = -1;
	if (result == 0)
		result = child_spawn(&described, &d->pid, NULL, err);
	for (int i = 0; i < 3; i++)
		close_fd(&theirs[i]);
	return result;
}

int dialogue_start(const struct child *child, size_t max_line, struct dialogue **ret, struct error *err)
{
	struct dialogue *d = xcalloc(1, sizeof(*d));

	*d = (struct dialogue){ .pidfd = -1, .in = -1, .out = -1, .err_fd = -1 };
	lines_init(&d->lines, max_line);
	if (spawn_with_pipes(child, d, err) < 0) {
		dialogue_end(d, 0, NULL);
		return -1;
	}
	d->pidfd = pidfd_open(d->pid, 0);
	if (d->pidfd < 0) {
		error_errno(err, ERROR_HOST, errno, "cannot watch \"%s\"", child->path);
		dialogue_end(d, 0, NULL);
		return -1;
	}
	*ret = d;
	return 0;
}

/* *ret: how much of it has gone out. */
static int write_some(struct dialogue *d, const char *text, size_t length, size_t *ret, struct error *err)
{
	ssize_t n = write(d->in, text, length);

	*ret = n > 0 ? (size_t)n : 0;
	if (n >= 0 || errno == EAGAIN || errno == EINTR)
		return 0;
	return error_errno(err, ERROR_HOST, errno, "it does not listen any more");
}

int dialogue_say(struct dialogue *d, const char *line, struct deadline deadline, struct error *err)
{
	_cleanup_free_ char *text = xprintf("%s\n", line);
	size_t length = strlen(text), done = 0;

	if (d->in < 0)
		return error_set(err, ERROR_HOST, "it does not listen any more");
	while (done < length) {
		bool writable = false;
		size_t n = 0;
		int turned = turn(d, deadline, &writable, err);

		if (turned < 0)
			return -1;
		if (turned == 0)
			return error_set(err, ERROR_TIMEOUT, "it does not listen");
		if (writable && write_some(d, text + done, length - done, &n, err) < 0)
			return -1;
		done += n;
	}
	return 0;
}

int dialogue_hear(struct dialogue *d, struct deadline deadline, char **ret, struct error *err)
{
	for (;;) {
		int taken = lines_take(&d->lines, ret, err), turned;

		if (taken < 0)
			return error_prefix(err, "it says");
		if (taken > 0 || d->out < 0)
			return taken;
		turned = turn(d, deadline, NULL, err);
		if (turned < 0)
			return -1;
		/* One that never stops talking on stderr makes poll always ready. */
		if (turned == 0 || deadline_passed(deadline))
			return error_set(err, ERROR_TIMEOUT, "it does not answer");
	}
}

char *dialogue_words(const struct dialogue *d)
{
	size_t n = d->n_words < WORDS_SHOWN ? d->n_words : WORDS_SHOWN;

	return text_one_line(d->words + d->n_words - n, n, WORDS_SHOWN);
}

/* What is in the pipe of one that has ended, or is about to, are its last words. */
static void last_words(struct dialogue *d)
{
	for (int i = 0; i < 64 && d->err_fd >= 0; i++) {
		struct pollfd fd = { .fd = d->err_fd, .events = POLLIN };

		if (deadline_poll(&fd, 1, deadline_in(0)) <= 0)
			return;
		read_words(d);
	}
}

/* Its stdout is read and dropped meanwhile, so that it can end. */
static void await_end(struct dialogue *d, struct deadline deadline)
{
	for (;;) {
		struct pollfd fds[3] = { { .fd = d->pidfd, .events = POLLIN },
					 { .fd = d->out, .events = POLLIN },
					 { .fd = d->err_fd, .events = POLLIN } };

		if (deadline_poll(fds, 3, deadline) <= 0 || fds[0].revents)
			return;
		d->lines.length = 0;
		if (fds[1].revents)
			read_output(d);
		if (fds[2].revents)
			read_words(d);
		if (deadline_passed(deadline))
			return;
	}
}

void dialogue_close(struct dialogue *d, int ms, int *ret_status)
{
	struct error ignored = ERROR_INIT;
	int status = -1;

	close_fd(&d->in);
	if (d->pid > 0) {
		if (d->pidfd >= 0)
			await_end(d, deadline_in(ms));
		/* Before the reaping: the group's number is ours as long as its leader is a zombie. */
		process_signal_group(d->pid, SIGKILL);
		if (d->pidfd >= 0)
			process_wait(d->pidfd, deadline_in(KILL_MS), &ignored);
		last_words(d);
		if (waitpid(d->pid, &status, d->pidfd >= 0 ? WNOHANG : 0) != d->pid)
			status = -1;
		d->pid = 0;
	}
	shut(d);
	error_clear(&ignored);
	if (ret_status)
		*ret_status = status;
}

void dialogue_end(struct dialogue *d, int ms, int *ret_status)
{
	if (!d)
		return;
	dialogue_close(d, ms, ret_status);
	close_fd(&d->pidfd);
	lines_clear(&d->lines);
	free(d);
}

void dialogue_end_ptr(struct dialogue **d)
{
	dialogue_end(*d, END_MS, NULL);
}

char *program_find(const char *word)
{
	_cleanup_strv_ char **dirs = NULL;
	const char *path = getenv("PATH");

	if (strchr(word, '/'))
		return access(word, X_OK) == 0 ? realpath(word, NULL) : NULL;
	dirs = strv_split(path ? path : CHILD_PATH + strlen("PATH="), ':');
	for (char **dir = dirs; dir && *dir; dir++) {
		_cleanup_free_ char *file = xprintf("%s/%s", *dir, word);

		if (**dir == '/' && access(file, X_OK) == 0)
			return take_ptr(file);
	}
	return NULL;
}
