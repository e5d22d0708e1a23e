/* Why a start failed: QEMU's end and its own words say more than the connection that broke. */
#include "ops/act_launch_parts.h"

#include <fcntl.h>
#include <stdio.h>

#include "base/file.h"
#include "base/parse.h"
#include "base/text.h"
#include "host/child.h"

/* The connection breaks an instant before the process is reaped. */
#define END_MS 2000

char *launch_last_words(const struct launch *launch)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	_cleanup_free_ char *file = xprintf("%s.log", launch->name), *text = NULL;
	int dir = rundir_part(&launch->context->rundir, RUNDIR_LOG);
	_cleanup_close_ int fd = dir < 0 || launch->log_fd < 0 ? -1 : openat(dir, file, O_RDONLY | O_CLOEXEC);
	size_t length;

	if (fd < 0 || lseek(fd, launch->log_start, SEEK_SET) < 0 ||
	    file_read_fd(fd, file, 64 * 1024, &text, &length, &err) < 0)
		return NULL;
	_cleanup_free_ char *trimmed = text_trim(text);
	return is_empty(trimmed) ? NULL : text_one_line(trimmed, strlen(trimmed), 4096);
}

/* " (killed by signal 11 (SEGV))", or "" when text is not "ended STATUS". Owned by the caller. */
static char *how_text(const char *text)
{
	_cleanup_error_ struct error none = ERROR_INIT;
	int64_t status;

	if (!starts_with(text, "ended ") ||
	    parse_int(text + strlen("ended "), "status", 0, INT32_MAX, &status, &none) < 0)
		return xstrdup("");
	_cleanup_free_ char *how = child_status_text((int)status);
	return xprintf(" (%s)", how);
}

/* QEMU names a node and a descriptor's number, not the image that somebody else has open. -1 in any case. */
static int hint_of_lock(const struct launch *launch, const char *words, struct error *err)
{
	static const char node[] = "\":\"disk"; /* "node-name", or the "id" of its device */
	const char *found = strstr(words, "Is another process using the image") ? strstr(words, node) : NULL;
	size_t i = 0;

	if (!found || sscanf(found + strlen(node), "%zu", &i) != 1 || i >= launch->spec->n_disks)
		return -1;
	return error_hint(
		err, "disks[%zu], \"%s\", is in use: by a guest that runs already, or by a program such as qemu-img", i,
		launch->spec->disks[i].path);
}

int launch_ended(struct launch *launch, const char *text, struct error *err)
{
	_cleanup_free_ char *words = launch_last_words(launch), *how = how_text(text);

	error_set(err, ERROR_QEMU, "QEMU of \"%s\" ended%s%s%s", launch->name, how, words ? ": " : " without a word",
		  words ? words : "");
	return words ? hint_of_lock(launch, words, err)
		     : error_hint(err,
				  "a missing library or a limit of this host ends it so; \"kvmctl argv %s\" prints its "
				  "command line",
				  launch->name);
}

void launch_explain(struct launch *launch, struct error *err)
{
	bool broken = err->kind == ERROR_QEMU && err->errnum == ECONNRESET;
	char text[64] = "";
	int fd;

	if (launch->session < 0)
		return;
	struct deadline deadline = deadline_in(broken ? END_MS : 0);
	do {
		text[0] = '\0';
		session_hear(launch->session, deadline, text, sizeof(text), &fd);
		close_fd(&fd);
	} while (streq(text, PLACED));
	if (streq(text, "failed"))
		session_take_failure(launch->session, err); /* whatever we ran into came of it */
	else if (broken)
		launch_ended(launch, text, err);
	else if (err->kind == ERROR_TIMEOUT && !err->hint && launch->qemu.pid > 0)
		error_hint(
			err,
			"more time: --timeout, or \"timeouts\" of the settings; what QEMU says is in \"%s/log/%s.log\"",
			launch->context->rundir.path, launch->name);
}
