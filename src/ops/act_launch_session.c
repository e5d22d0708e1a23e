/* The talk between a start and the process that becomes the supervisor: words over a SEQPACKET socket.
 *
 *   P -> start           "qemu PID" with a descriptor; "placed"; instead of each: "failed", and the error itself in a message of its own
 *   supervisor -> start  "ok"; "ended STATUS" (supervisor/commit.c)
 *   start -> supervisor  "commit", "undo" */
#include "ops/act_launch_parts.h"

#include <sys/socket.h>

#include "base/fdpass.h"
#include "base/text.h"

#define REPORT_MS 1000 /* the report follows its announcement at once */

int session_send(int session, const char *text, int fd)
{
	return fdpass_send(session, text, strlen(text), &fd, fd >= 0 ? 1 : 0, 0) < 0 ? -1 : 0;
}

/* It ended without having read all that we said: what it had said comes after that. */
static ssize_t receive(int session, void *data, size_t size, int *ret_fd)
{
	ssize_t length = fdpass_receive(session, data, size, ret_fd, MSG_DONTWAIT);

	if (length < 0 && errno == ECONNRESET)
		length = fdpass_receive(session, data, size, ret_fd, MSG_DONTWAIT);
	return length < 0 && errno == ECONNRESET ? 0 : length;
}

int session_hear(int session, struct deadline deadline, char *text, size_t size, int *ret_fd)
{
	struct pollfd pfd = { session, POLLIN, 0 };

	*ret_fd = -1;
	if (deadline_poll(&pfd, 1, deadline) <= 0)
		return -1;
	ssize_t length = receive(session, text, size - 1, ret_fd);
	if (length < 0)
		return -1;
	text[length] = '\0';
	return length > 0;
}

void session_send_failure(int session, const struct error *err)
{
	struct error_report report = error_to_report(err);

	if (session_send(session, "failed", -1) == 0)
		(void)!send(session, &report, sizeof(report), MSG_NOSIGNAL);
}

int session_take_failure(int session, struct error *err)
{
	struct pollfd pfd = { session, POLLIN, 0 };
	struct error_report report;
	int fd = -1;
	ssize_t size =
		deadline_poll(&pfd, 1, deadline_in(REPORT_MS)) > 0 ? receive(session, &report, sizeof(report), &fd) : 0;

	close_fd(&fd);
	return error_from_report(&report, size < 0 ? 0 : (size_t)size, err);
}

int session_ended(const struct launch *launch, struct error *err)
{
	error_set(err, ERROR_HOST, "the supervisor of \"%s\" ended before it took over", launch->name);
	return error_hint(err, "the system's log says why, under kvmctl-supervisor");
}

int session_hear_word(struct launch *launch, char *text, size_t size, int *ret_fd, struct error *err)
{
	int fd, got = session_hear(launch->session, launch->deadline, text, size, &fd);

	if (ret_fd)
		*ret_fd = fd;
	else
		close_fd(&fd);
	if (got > 0 && streq(text, "failed"))
		return session_take_failure(launch->session, err);
	if (got < 0)
		return error_set(err, ERROR_TIMEOUT,
				 launch->qemu.pid > 0 && !launch->placed
					 ? "QEMU of \"%s\" did not get into its control group in time"
					 : "the supervisor of \"%s\" did not answer in time",
				 launch->name);
	return got > 0 ? 0 : session_ended(launch, err);
}
