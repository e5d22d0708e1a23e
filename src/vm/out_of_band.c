/* The supervisor as a way to a QEMU that does not answer: a line to its socket, QEMU's reply from it. */
#include "vm/out_of_band.h"

#include <sys/socket.h>

#include "base/lines.h"
#include "base/text.h"
#include "host/socket.h"

#define REPLY_DEPTH 32

static int connect_to(struct rundir *rundir, const char *name, int *ret_fd, struct error *err)
{
	_cleanup_free_ char *file = xprintf("%s" OUT_OF_BAND_SUFFIX, name);
	int dir = rundir_part(rundir, RUNDIR_CTRL);

	if (dir < 0 || socket_connect_at(dir, file, ret_fd, err) < 0) {
		error_clear(err);
		return error_set(err, ERROR_STATE, "the supervisor of \"%s\" takes nothing for QEMU", name);
	}
	return 0;
}

bool out_of_band_offered(struct rundir *rundir, const char *name)
{
	_cleanup_error_ struct error ignored = ERROR_INIT;
	_cleanup_close_ int fd = -1;

	return connect_to(rundir, name, &fd, &ignored) == 0;
}

static int say(int fd, const char *command, struct json *arguments, struct error *err)
{
	_cleanup_json_ struct json *request = json_new_object();
	_cleanup_free_ char *text = NULL, *line = NULL;

	json_put_string(request, "exec-oob", command);
	if (arguments)
		json_put(request, "arguments", arguments);
	text = json_to_text(request);
	line = xprintf("%s\n", text);
	if (send(fd, line, strlen(line), MSG_NOSIGNAL) != (ssize_t)strlen(line))
		return error_errno(err, ERROR_STATE, errno, "cannot tell the supervisor");
	return 0;
}

/* Its end without a reply: QEMU, or the supervisor, has gone meanwhile. */
static int hear(int fd, const char *name, struct deadline deadline, char **ret, struct error *err)
{
	_cleanup_lines_ struct lines lines;

	lines_init(&lines, OUT_OF_BAND_MAX);
	for (;;) {
		struct pollfd pfd = { .fd = fd, .events = POLLIN };
		int taken = lines_take(&lines, ret, err);

		if (taken != 0)
			return taken < 0 ? -1 : 0;
		if (deadline_poll(&pfd, 1, deadline) <= 0)
			return error_set(err, ERROR_TIMEOUT, "QEMU of \"%s\" does not answer its supervisor", name);
		if (!lines_read(&lines, fd))
			return error_set(err, ERROR_STATE, "the supervisor of \"%s\" has ended", name);
	}
}

static int judge(const char *line, const char *command, struct error *err)
{
	_cleanup_json_ struct json *reply = NULL;

	if (json_parse(line, strlen(line), OUT_OF_BAND_MAX, REPLY_DEPTH, "the supervisor's reply", &reply, err) < 0)
		return -1;
	if (json_get(reply, "return"))
		return 0;
	return error_set(err, ERROR_QEMU, "QEMU: %s", json_get_string(json_get(reply, "error"), "desc", command));
}

int out_of_band_execute(struct rundir *rundir, const char *name, const char *command, struct json *arguments,
			struct deadline deadline, struct error *err)
{
	_cleanup_json_ struct json *owned = arguments;
	_cleanup_free_ char *line = NULL;
	_cleanup_close_ int fd = -1;

	if (connect_to(rundir, name, &fd, err) < 0 || say(fd, command, take_ptr(owned), err) < 0 ||
	    hear(fd, name, deadline, &line, err) < 0)
		return -1;
	return judge(line, command, err);
}
