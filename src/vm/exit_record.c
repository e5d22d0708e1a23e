/* The exit record: the last thing that is known of a run, in a form that people and programs read. */
#include "vm/exit_record.h"

#include <string.h>

#include "base/deadline.h"
#include "base/file.h"
#include "base/json.h"
#include "base/text.h"
#include "vm/move.h"

#define RECORD_MAX_BYTES (64 * 1024)
#define RECORD_MAX_DEPTH 4

static const char *const reason_names[EXIT_REASON_MAX] = {
	[EXIT_UNKNOWN] = "unknown",
	[EXIT_GUEST] = "guest",
	[EXIT_GUEST_REBOOT] = "guest-reboot",
	[EXIT_ACPI] = "acpi",
	[EXIT_QUIT] = "quit",
	[EXIT_SIGTERM] = "sigterm",
	[EXIT_SIGKILL] = "sigkill",
	[EXIT_FORCED] = "forced",
	[EXIT_CRASHED] = "crashed",
	[EXIT_FAILED] = "failed",
	[EXIT_PANICKED] = "panicked",
	[EXIT_WATCHDOG] = "watchdog",
	[EXIT_OOM] = "oom",
	[EXIT_MIGRATED] = "migrated",
	[EXIT_SAVED] = "saved",
	[EXIT_INCOMING_FAILED] = "incoming-failed",
	[EXIT_HOST_REBOOTED] = "host-rebooted",
	[EXIT_START_FAILED] = "start-failed",
};

const char *exit_reason_to_string(enum exit_reason reason)
{
	return reason < EXIT_REASON_MAX ? reason_names[reason] : "unknown";
}

int exit_reason_from_string(const char *s, enum exit_reason *ret)
{
	for (size_t i = 0; i < EXIT_REASON_MAX; i++)
		if (streq(s, reason_names[i])) {
			*ret = (enum exit_reason)i;
			return 0;
		}
	return -1;
}

void exit_record_free(struct exit_record *record)
{
	if (!record)
		return;
	free(record->by);
	free(record->detail);
	free(record->words);
	free(record->move);
	*record = (struct exit_record){ 0 };
}

static struct json *record_to_json(const struct exit_record *record)
{
	_cleanup_free_ char *ended = clock_to_text(record->ended_ms);
	struct json *j = json_new_object();

	json_put_string(j, "reason", exit_reason_to_string(record->reason));
	json_put_int(j, "pid", record->pid);
	json_put_int(j, "start", (int64_t)record->start);
	json_put_int(j, "status", record->status);
	json_put_int(j, "signal", record->signal);
	json_put_string(j, "ended", ended); /* for people; ended_ms is what is read back */
	json_put_int(j, "ended_ms", record->ended_ms);
	if (record->by)
		json_put_string(j, "by", record->by);
	if (record->detail)
		json_put_string(j, "detail", record->detail);
	if (record->words)
		json_put_string(j, "words", record->words);
	if (record->move)
		json_put_string(j, "move", record->move);
	json_put_int(j, "restart_at_ms", record->restart_at_ms);
	json_put_int(j, "restarts", record->restarts);
	return j;
}

enum exit_reason exit_reason_of_move(const char *word)
{
	static const struct {
		const char *word;
		enum exit_reason reason;
	} rows[] = { { MOVE_MIGRATED, EXIT_MIGRATED },
		     { MOVE_SAVED, EXIT_SAVED },
		     { MOVE_WAITING, EXIT_INCOMING_FAILED } };

	for (size_t i = 0; i < ELEMENTS(rows); i++)
		if (streq(word, rows[i].word))
			return rows[i].reason;
	return EXIT_UNKNOWN;
}

/* A start that failed changes nothing of what the last end said of another host: that the guest went there, or never came from there. A source asks
 * about the second. */
static bool outlasts_failed_start(int exit_dir, const char *name, struct exit_record *ret)
{
	_cleanup_error_ struct error ignored = ERROR_INIT;

	return exit_record_read(exit_dir, name, ret, &ignored) == 1 &&
	       (ret->reason == EXIT_MIGRATED || ret->reason == EXIT_INCOMING_FAILED);
}

/* What the start ran into comes after that; of several the last one's. */
static void append_failure(struct exit_record *last, const struct exit_record *failure)
{
	static const char words[] = "a start since then failed";
	const char *before = last->detail ? last->detail : "", *mark = strstr(before, words);
	const char *why = failure->detail ? failure->detail : "";
	size_t length = mark ? (size_t)(mark - before) : strlen(before);

	while (length > 0 && strchr("; ", before[length - 1]))
		length--;
	_cleanup_free_ char *detail =
		xprintf("%.*s%s%s%s%s", (int)length, before, length ? "; " : "", words, *why ? ": " : "", why);
	text_replace(&last->detail, detail);
	text_replace(&last->words, failure->words);
}

static int write_record(int exit_dir, const char *name, const struct exit_record *record, struct error *err)
{
	_cleanup_json_ struct json *j = record_to_json(record);
	_cleanup_free_ char *text = json_to_pretty(j);
	_cleanup_free_ char *file = xprintf("%s\n", text);

	return file_write_at(exit_dir, name, file, strlen(file), 0640, true, err);
}

int exit_record_write(int exit_dir, const char *name, const struct exit_record *record, struct error *err)
{
	struct exit_record last = { 0 };
	bool stays = record->reason == EXIT_START_FAILED && outlasts_failed_start(exit_dir, name, &last);

	if (stays)
		append_failure(&last, record);
	int result = write_record(exit_dir, name, stays ? &last : record, err);
	exit_record_free(&last);
	return result;
}

static int record_from_json(const struct json *j, const char *name, struct exit_record *ret, struct error *err)
{
	const char *reason = json_get_string(j, "reason", NULL);
	struct exit_record record = { 0 };

	if (!reason)
		return error_set(err, ERROR_UNKNOWN, "the exit record of \"%s\" has no reason", name);
	/* A reason of a newer kvmctl is one that this one does not know: no error. */
	if (exit_reason_from_string(reason, &record.reason) < 0)
		record.reason = EXIT_UNKNOWN;
	record.pid = (pid_t)json_get_int(j, "pid", 0);
	record.start = (uint64_t)json_get_int(j, "start", 0);
	record.status = (int)json_get_int(j, "status", -1);
	record.signal = (int)json_get_int(j, "signal", 0);
	record.ended_ms = json_get_int(j, "ended_ms", 0);
	record.by = xstrdup(json_get_string(j, "by", NULL));
	record.detail = xstrdup(json_get_string(j, "detail", NULL));
	record.words = xstrdup(json_get_string(j, "words", NULL));
	record.move = xstrdup(json_get_string(j, "move", NULL));
	record.restart_at_ms = json_get_int(j, "restart_at_ms", 0);
	record.restarts = (int)json_get_int(j, "restarts", 0);
	*ret = record;
	return 0;
}

int exit_record_read(int exit_dir, const char *name, struct exit_record *ret, struct error *err)
{
	_cleanup_free_ char *text = NULL, *what = xprintf("exit record of \"%s\"", name);
	_cleanup_json_ struct json *j = NULL;
	size_t length;

	if (exit_dir < 0)
		return 0;
	if (file_read_at(exit_dir, name, RECORD_MAX_BYTES, &text, &length, err) < 0) {
		if (err->errnum == ENOENT) {
			error_clear(err);
			return 0;
		}
		err->kind = ERROR_UNKNOWN;
		return -1;
	}
	if (json_parse(text, length, RECORD_MAX_BYTES, RECORD_MAX_DEPTH, what, &j, err) < 0) {
		err->kind = ERROR_UNKNOWN;
		return -1;
	}
	return record_from_json(j, name, ret, err) < 0 ? -1 : 1;
}
