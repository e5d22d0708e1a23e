/* The near end of a session with kvmctl on another host: requests and replies over whatever runs commands there. */
#include "ops/act_far.h"

#include <limits.h>
#include <string.h>
#include <sys/wait.h>

#include "base/strv.h"
#include "base/text.h"
#include "host/dialogue.h"

#define REPLY_DEPTH 64
#define SAID_MAX 120
/* At its end the far side takes a QEMU down that was not let run. */
#define CLOSE_MS 20000
#define BROKEN_MS 1000
#define EXPLAIN_MS 2000
/* What shells say of a command that is not there, and ssh of a host that it cannot reach. */
#define STATUS_NOT_FOUND 127
#define STATUS_SSH 255

struct far {
	struct dialogue *dialogue;
	char *host, *words; /* the command, for errors */
	bool broken;
};

static char *with_host(const char *word, const char *host)
{
	const char *mark = strstr(word, "%h");

	return mark ? xprintf("%.*s%s%s", (int)(mark - word), word, host, mark + 2) : xstrdup(word);
}

int far_command(const char *shell, const char *host, const char *program, char ***ret, struct error *err)
{
	_cleanup_strv_ char **words = NULL, **command = NULL;
	bool named = false;

	if (strv_split_shell(shell ? shell : "ssh", &words, err) < 0) {
		err->kind = ERROR_USAGE;
		return error_prefix(err, "--shell");
	}
	if (!words || !*words)
		return error_set(err, ERROR_USAGE, "--shell is empty");
	for (char **word = words; *word; word++) {
		named = named || strstr(*word, "%h");
		strv_take(&command, with_host(*word, host));
	}
	if (!named && streq(words[0], "ssh"))
		strv_add(&command, host);
	strv_add(&command, program ? program : "kvmctl");
	*ret = take_ptr(command);
	return 0;
}

/* "tcp:HOST:PORT" and "HOST:PORT" give HOST; an IPv6 address gets its brackets. */
static char *address_of(const char *reached)
{
	const char *address = starts_with(reached, "tcp:") ? reached + strlen("tcp:") : reached;
	const char *first = strchr(address, ':');

	if (*address == '[')
		return xprintf("%.*s]", (int)strcspn(address, "]"), address);
	if (first && strchr(first + 1, ':'))
		return xprintf("[%s]", address);
	return xprintf("%.*s", (int)strcspn(address, ":"), address);
}

char *far_uri(const char *listening, const char *reached)
{
	const char *port = strrchr(listening, ':');
	_cleanup_free_ char *address = NULL;

	if (!starts_with(listening, "tcp:") || starts_with(reached, "unix:"))
		return xstrdup(listening);
	address = address_of(reached);
	return xprintf("tcp:%s%s", address, port);
}

char *far_address(const char *listening, const char *reached)
{
	_cleanup_free_ char *address = NULL;
	bool all = !*listening || streq(listening, "::") || streq(listening, "0.0.0.0");

	if (!all || starts_with(reached, "unix:"))
		return xstrdup(listening);
	address = address_of(reached);
	/* Without brackets: it is a word of its own. */
	return *address == '[' ? xstrndup(address + 1, strcspn(address + 1, "]")) : xstrdup(address);
}

static int spawn(char *const *command, const char *name, struct far *far, struct error *err)
{
	_cleanup_strv_ char **argv = strv_copy(command);
	_cleanup_free_ char *path = program_find(command[0]);
	struct child child = CHILD_INIT;

	if (!path) {
		error_set(err, ERROR_HOST, "\"%s\": command not found", command[0]);
		return error_hint(err, "--shell CMD names another way to run commands on the other host");
	}
	strv_add(&argv, "--json");
	strv_add(&argv, "migration");
	strv_add(&argv, "serve");
	strv_add(&argv, name);
	child.path = path;
	child.argv = argv;
	child.env = environ;
	return dialogue_start(&child, FAR_LINE_MAX, &far->dialogue, err);
}

static void hint_at_cure(const struct far *far, int status, struct error *err)
{
	if (status == -1 || !WIFEXITED(status))
		return;
	if (WEXITSTATUS(status) == STATUS_NOT_FOUND)
		error_hint(err, "--far-kvmctl PROGRAM says where kvmctl is on that host");
	else if (WEXITSTATUS(status) == STATUS_SSH && starts_with(far->words, "ssh "))
		error_hint(err, "\"ssh %s true\" must work without a password being asked for", far->host);
}

/* It has ended, or will not be listened to any more: what came of it, in its own words. */
static int explain_end(struct far *far, const char *what, struct error *err)
{
	_cleanup_free_ char *how = NULL, *said = NULL;
	int status;

	dialogue_close(far->dialogue, EXPLAIN_MS, &status);
	far->broken = true;
	said = dialogue_words(far->dialogue);
	how = status == -1 ? xstrdup("") : child_status_text(status);
	error_set(err, ERROR_HOST, "host \"%s\": \"%s\" %s%s%s%s%s%s", far->host, far->words, what, *how ? " (" : "",
		  how, *how ? ")" : "", *said ? ": " : "", said);
	hint_at_cure(far, status, err);
	return -1;
}

/* A kind of a newer kvmctl is one that we do not know. */
static enum error_kind kind_of(const char *word)
{
	for (int kind = ERROR_NONE + 1; kind < ERROR_MAX; kind++)
		if (streq(word, error_kind_to_string((enum error_kind)kind)))
			return (enum error_kind)kind;
	return ERROR_OTHER;
}

static int far_error(const struct far *far, const struct json *error, struct error *err)
{
	const char *hint = json_get_string(error, "hint", NULL);
	const char *message = json_get_string(error, "message", "it failed without a word");
	_cleanup_free_ char *text = text_printable_lines(message, strlen(message), FAR_LINE_MAX);
	_cleanup_free_ char *cure = hint ? text_printable_lines(hint, strlen(hint), FAR_LINE_MAX) : NULL;

	error_set(err, kind_of(json_get_string(error, "kind", "")), "host \"%s\": %s", far->host, text);
	return cure ? error_hint(err, "%s", cure) : -1;
}

static int nonsense(struct far *far, const char *line, struct error *err)
{
	_cleanup_free_ char *said = text_printable(line, strlen(line), SAID_MAX);

	far->broken = true;
	error_set(err, ERROR_HOST, "host \"%s\": \"%s\" says something else than kvmctl does: \"%s\"", far->host,
		  far->words, said);
	return error_hint(err, "a remote shell must not print anything of its own (see what its start-up files do)");
}

/* A value of "ok" in *ret; or the far side's error. With *ret_theirs true the session goes on after an error. */
static int take_reply(struct far *far, const char *line, struct json **ret, bool *ret_theirs, struct error *err)
{
	_cleanup_json_ struct json *reply = NULL;
	_cleanup_error_ struct error ignored = ERROR_INIT;
	struct json *ok, *error;

	if (json_parse(line, strlen(line), FAR_LINE_MAX, REPLY_DEPTH, "reply", &reply, &ignored) < 0)
		return nonsense(far, line, err);
	ok = json_get(reply, "ok");
	error = json_get(reply, "error");
	if (json_type_of(error) == JSON_OBJECT) {
		*ret_theirs = true;
		return far_error(far, error, err);
	}
	if (json_type_of(ok) != JSON_OBJECT)
		return nonsense(far, line, err);
	*ret = json_ref(ok);
	return 0;
}

static int hear(struct far *far, struct deadline deadline, struct json **ret, bool *ret_theirs, struct error *err)
{
	_cleanup_free_ char *line = NULL;
	int heard = dialogue_hear(far->dialogue, deadline, &line, err);

	if (heard < 0) {
		far->broken = true;
		return error_prefix(err, "host \"%s\": \"%s\"", far->host, far->words);
	}
	if (heard == 0)
		return explain_end(far, "ended", err);
	return take_reply(far, line, ret, ret_theirs, err);
}

/* The first line: it is kvmctl, it has the lock. */
static int hear_greeting(struct far *far, struct deadline deadline, struct error *err)
{
	_cleanup_json_ struct json *greeting = NULL;
	bool theirs = false;
	int64_t protocol;

	if (hear(far, deadline, &greeting, &theirs, err) < 0)
		return -1;
	protocol = json_get_int(greeting, "protocol", -1);
	if (protocol == FAR_PROTOCOL)
		return 0;
	error_set(err, ERROR_HOST, "host \"%s\": its kvmctl speaks protocol %lld, not %d", far->host,
		  (long long)protocol, FAR_PROTOCOL);
	return error_hint(err, "both hosts need versions of kvmctl that know each other");
}

int far_open(char *const *command, const char *host, const char *name, struct deadline deadline, struct far **ret,
	     struct error *err)
{
	_cleanup_far_ struct far *far = xcalloc(1, sizeof(*far));

	far->host = xstrdup(host);
	far->words = strv_join(command, " ");
	if (spawn(command, name, far, err) < 0 || hear_greeting(far, deadline, err) < 0)
		return -1;
	*ret = take_ptr(far);
	return 0;
}

/* A session that broke in the middle: whether it was done is known there only. */
static int now_unknown(struct far *far, const char *what, struct error *err)
{
	far->broken = true;
	err->kind = ERROR_UNKNOWN;
	return error_prefix(err, "whether \"%s\" was done is not known", what);
}

int far_ask(struct far *far, const char *what, struct json *arguments, struct deadline deadline, struct json **ret,
	    struct error *err)
{
	_cleanup_json_ struct json *request = arguments ? arguments : json_new_object(), *reply = NULL;
	_cleanup_free_ char *line = NULL;
	bool theirs = false;

	json_put_string(request, "do", what);
	line = json_to_text(request);
	if (far->broken) {
		error_set(err, ERROR_HOST, "host \"%s\": the session is broken", far->host);
		return now_unknown(far, what, err);
	}
	if (dialogue_say(far->dialogue, line, deadline, err) < 0) {
		explain_end(far, "ended", err);
		return now_unknown(far, what, err);
	}
	if (hear(far, deadline, &reply, &theirs, err) < 0)
		return theirs ? -1 : now_unknown(far, what, err);
	if (ret)
		*ret = take_ptr(reply);
	return 0;
}

void far_close(struct far *far)
{
	if (!far)
		return;
	dialogue_end(far->dialogue, far->broken ? BROKEN_MS : CLOSE_MS, NULL);
	free(far->host);
	free(far->words);
	free(far);
}

void far_close_ptr(struct far **far)
{
	far_close(*far);
}
