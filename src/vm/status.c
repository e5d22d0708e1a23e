/* The status file: two short lines instead of the state's JSON, because `list` reads one per instance.
 *
 * Both directions walk the same table, so a word that is written is a word that is read. Unknown words
 * are skipped: a file of a newer kvmctl that only says more is still understood. Each writer replaces the
 * whole file (rename), so a reader never sees half of one; on a full disk it is one write(2) over the old
 * line. */
#include "vm/status.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/deadline.h"
#include "base/file.h"
#include "base/lock.h"
#include "base/parse.h"
#include "base/text.h"

#define STATUS_LOCK_WAIT_MS 1000

static const char *const phase_names[PHASE_MAX] = {
	[PHASE_STARTING] = "starting",   [PHASE_RUNNING] = "running",   [PHASE_STOPPING] = "stopping",
	[PHASE_REBOOTING] = "rebooting", [PHASE_INCOMING] = "incoming", [PHASE_OUTGOING] = "outgoing",
	[PHASE_SAVING] = "saving",       [PHASE_SAVED] = "saved",
};

const char *phase_to_string(enum phase phase)
{
	return phase < PHASE_MAX ? phase_names[phase] : "unknown";
}

int phase_from_string(const char *s, enum phase *ret)
{
	for (size_t i = 0; i < PHASE_MAX; i++)
		if (streq(s, phase_names[i])) {
			*ret = (enum phase)i;
			return 0;
		}
	return -1;
}

bool phase_is_move(enum phase phase)
{
	return phase == PHASE_INCOMING || phase == PHASE_OUTGOING || phase == PHASE_SAVING;
}

enum word_kind { WORD_U64, WORD_I64, WORD_INT, WORD_BOOL, WORD_PHASE, WORD_TEXT };

static const struct word {
	const char *key;
	enum word_kind kind;
	size_t offset, size; /* size: of a text, with its NUL */
	bool required;
} words[] = {
	{ "start", WORD_U64, offsetof(struct status, qemu.start), 0, true },
	{ "boot", WORD_TEXT, offsetof(struct status, qemu.boot_id), sizeof(((struct status *)0)->qemu.boot_id), false },
	{ "pidns", WORD_U64, offsetof(struct status, qemu.pid_ns), 0, true },
	{ "phase", WORD_PHASE, offsetof(struct status, phase), 0, true },
	{ "paused", WORD_BOOL, offsetof(struct status, paused), 0, true },
	{ "reason", WORD_TEXT, offsetof(struct status, reason), sizeof(((struct status *)0)->reason), false },
	{ "migration", WORD_TEXT, offsetof(struct status, migration), sizeof(((struct status *)0)->migration), false },
	{ "move", WORD_TEXT, offsetof(struct status, move), sizeof(((struct status *)0)->move), false },
	{ "vcpus", WORD_INT, offsetof(struct status, vcpus), 0, false },
	{ "memory", WORD_I64, offsetof(struct status, memory), 0, false },
	{ "maxmem", WORD_I64, offsetof(struct status, maxmem), 0, false },
	{ "supervisor", WORD_INT, offsetof(struct status, supervisor), 0, false },
	{ "supervisor_start", WORD_U64, offsetof(struct status, supervisor_start), 0, false },
	{ "since", WORD_I64, offsetof(struct status, since_ms), 0, false },
	{ "netns", WORD_U64, offsetof(struct status, net_ns), 0, false },
};

_Static_assert(sizeof(pid_t) == sizeof(int), "a pid is read and written as an int");

/* A text is one word: blanks and control bytes would make a second one of it. Empty texts are left out by
 * the caller. */
static void one_word(const char *s, char *ret, size_t size)
{
	size_t n = 0;

	for (; *s && n + 1 < size; s++)
		ret[n++] = (unsigned char)*s <= ' ' || *s == 0x7f ? '_' : *s;
	ret[n] = '\0';
}

static void print_word(FILE *f, const struct word *word, const struct status *status)
{
	const void *at = (const char *)status + word->offset;
	char text[64];

	switch (word->kind) {
	case WORD_U64:
		fprintf(f, "%s=%llu", word->key, (unsigned long long)*(const uint64_t *)at);
		break;
	case WORD_I64:
		fprintf(f, "%s=%lld", word->key, (long long)*(const int64_t *)at);
		break;
	case WORD_INT:
		fprintf(f, "%s=%d", word->key, *(const int *)at);
		break;
	case WORD_BOOL:
		fprintf(f, "%s=%s", word->key, *(const bool *)at ? "yes" : "no");
		break;
	case WORD_PHASE:
		fprintf(f, "%s=%s", word->key, phase_to_string(*(const enum phase *)at));
		break;
	case WORD_TEXT:
		one_word(at, text, sizeof(text));
		fprintf(f, "%s=%s", word->key, text);
		break;
	}
}

char *status_to_text(const struct status *status)
{
	char *text = NULL;
	size_t length = 0;
	FILE *f = open_memstream(&text, &length);

	if (!f)
		abort();
	fprintf(f, "%d\n", (int)status->qemu.pid);
	for (size_t i = 0; i < ELEMENTS(words); i++) {
		if (words[i].kind == WORD_TEXT && !*((const char *)status + words[i].offset))
			continue;
		if (i > 0)
			fputc(' ', f);
		print_word(f, &words[i], status);
	}
	fputc('\n', f);
	if (fclose(f) != 0)
		abort();
	return text;
}

static int parse_word(const struct word *word, const char *value, struct status *status, struct error *err)
{
	void *at = (char *)status + word->offset;
	int64_t number;

	switch (word->kind) {
	case WORD_U64:
	case WORD_I64:
		if (parse_int(value, word->key, 0, INT64_MAX, &number, err) < 0)
			return -1;
		if (word->kind == WORD_U64)
			*(uint64_t *)at = (uint64_t)number;
		else
			*(int64_t *)at = number;
		return 0;
	case WORD_INT:
		if (parse_int(value, word->key, 0, INT32_MAX, &number, err) < 0)
			return -1;
		*(int *)at = (int)number;
		return 0;
	case WORD_BOOL:
		return parse_bool(value, word->key, at, err);
	case WORD_PHASE:
		if (phase_from_string(value, at) < 0)
			return error_set(err, ERROR_UNKNOWN, "\"%s\" is no phase", value);
		return 0;
	case WORD_TEXT:
		if (strlen(value) >= word->size)
			return error_set(err, ERROR_UNKNOWN, "\"%s\" is too long", word->key);
		memcpy(at, value, strlen(value) + 1);
		return 0;
	}
	return 0;
}

/* One KEY=VALUE. *seen gets the bit of the word. *next is the row to try first: words are written in the
 * table's order, and `list` reads a dozen of them a thousand times. */
static int take_word(char *token, size_t *next, struct status *status, unsigned *seen, struct error *err)
{
	char *equals = strchr(token, '=');

	if (!equals)
		return error_set(err, ERROR_UNKNOWN, "\"%s\" is not KEY=VALUE", token);
	*equals = '\0';
	for (size_t n = 0; n < ELEMENTS(words); n++) {
		size_t i = (*next + n) % ELEMENTS(words);

		if (streq(token, words[i].key)) {
			*seen |= 1u << i;
			*next = i + 1;
			return parse_word(&words[i], equals + 1, status, err);
		}
	}
	return 0;
}

static int parse_lines(char *text, struct status *status, struct error *err)
{
	char *end = strchr(text, '\n'), *line, *token;
	unsigned seen = 0;
	size_t next = 0;
	int64_t pid;

	if (!end || !ends_with(end + 1, "\n"))
		return error_set(err, ERROR_UNKNOWN, "it does not have two lines");
	*end = '\0';
	if (parse_int(text, "pid", 0, INT32_MAX, &pid, err) < 0)
		return -1;
	status->qemu.pid = (pid_t)pid;
	line = end + 1;
	line[strcspn(line, "\n")] = '\0';
	while ((token = strsep(&line, " ")))
		if (*token && take_word(token, &next, status, &seen, err) < 0)
			return -1;
	for (size_t i = 0; i < ELEMENTS(words); i++)
		if (words[i].required && !(seen & 1u << i))
			return error_set(err, ERROR_UNKNOWN, "\"%s\" is missing", words[i].key);
	return 0;
}

int status_from_text(const char *text, const char *name, struct status *ret, struct error *err)
{
	_cleanup_free_ char *copy = xstrdup(text);
	struct status status = { 0 };

	if (parse_lines(copy, &status, err) < 0) {
		err->kind = ERROR_UNKNOWN; /* the parse_* say ERROR_SPEC: it is no spec */
		error_prefix(err, "the status file of \"%s\" makes no sense", name);
		return error_hint(err, "`kvmctl cleanup %s` looks at what is really there", name);
	}
	*ret = status;
	return 0;
}

int status_read(int pid_dir, const char *name, struct status *ret, struct error *err)
{
	/* One open, one read, one close: `list` does this 1,000 times. The file is never written in
	 * place, so a read is whole. */
	_cleanup_close_ int fd = pid_dir < 0 ? -1 : openat(pid_dir, name, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	char text[STATUS_MAX_BYTES + 2];
	ssize_t length;

	if (pid_dir < 0 || (fd < 0 && errno == ENOENT))
		return 0;
	if (fd < 0 || (length = read(fd, text, sizeof(text) - 1)) < 0)
		return error_errno(err, ERROR_UNKNOWN, errno, "cannot read the status of \"%s\"", name);
	if (length > STATUS_MAX_BYTES)
		return error_set(err, ERROR_UNKNOWN, "the status of \"%s\" is larger than %d bytes", name,
				 STATUS_MAX_BYTES);
	text[length] = '\0';
	return status_from_text(text, name, ret, err) < 0 ? -1 : 1;
}

/* On a full disk there is no room for a second file, but the first one's block is there: one write over
 * it, filled up with blanks (which readers skip) to the old length, so that nothing of the old line
 * shows. */
static int overwrite(int pid_dir, const char *name, const char *text)
{
	_cleanup_close_ int fd = openat(pid_dir, name, O_WRONLY | O_NOFOLLOW | O_CLOEXEC);
	size_t length = strlen(text);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -1;
	int blanks = (size_t)st.st_size > length ? (int)((size_t)st.st_size - length) : 0;
	_cleanup_free_ char *filled = xprintf("%.*s%*s\n", (int)length - 1, text, blanks, "");
	return pwrite(fd, filled, strlen(filled), 0) == (ssize_t)strlen(filled) ? 0 : -1;
}

int status_write(int pid_dir, const char *name, const struct status *status, struct error *err)
{
	_cleanup_free_ char *text = status_to_text(status);

	if (file_write_at(pid_dir, name, text, strlen(text), 0640, false, err) == 0)
		return 0;
	if ((err->errnum != ENOSPC && err->errnum != EDQUOT) || overwrite(pid_dir, name, text) < 0)
		return -1;
	error_clear(err);
	return 0;
}

int status_update(int pid_dir, int lock_dir, const char *name, status_change_fn change, void *arg, struct error *err)
{
	/* Names start with a letter or a digit: the dot keeps this lock apart from the lock of an
	 * instance called "NAME.status". */
	_cleanup_free_ char *lock_name = xprintf(".%s.status", name);
	_cleanup_close_ int lock = -1;
	struct status status;
	int r;

	if (lock_take(lock_dir, lock_name, "status", deadline_in(STATUS_LOCK_WAIT_MS), &lock, err) < 0)
		return error_prefix(err, "the status of \"%s\"", name);
	r = status_read(pid_dir, name, &status, err);
	if (r <= 0)
		return r;
	change(&status, arg);
	return status_write(pid_dir, name, &status, err) < 0 ? -1 : 1;
}
