/* A word with the guest agent. It is a guest's program: its lines are bounded, and nothing of them is believed but yes or no. */
#include "qemu/agent.h"

#include <errno.h>
#include <inttypes.h>
#include <unistd.h>

#include "base/file.h"
#include "base/json.h"
#include "base/text.h"

#define LINE_MAX_BYTES 65536
#define REPLY_DEPTH 16
#define DELIMITER '\xff' /* before the reply to guest-sync-delimited: what stands before it was for somebody else */

struct channel {
	int fd;
	struct deadline deadline;
	char line[LINE_MAX_BYTES];
	size_t length;
};

static int broken(int errnum, struct error *err)
{
	return error_errno(err, ERROR_QEMU, errnum, "the channel of the guest agent");
}

static int wait_for(const struct channel *channel, short events, struct error *err)
{
	struct pollfd p = { .fd = channel->fd, .events = events };
	int ready = deadline_poll(&p, 1, channel->deadline);

	if (ready == 0)
		return error_set(err, ERROR_TIMEOUT, "the guest agent does not answer");
	return ready < 0 ? broken(errno, err) : 0;
}

static int say(const struct channel *channel, const char *text, struct error *err)
{
	size_t length = strlen(text);

	while (length > 0) {
		ssize_t n = write(channel->fd, text, length);

		if (n < 0 && errno == EAGAIN) {
			if (wait_for(channel, POLLOUT, err) < 0)
				return -1;
			continue;
		}
		if (n < 0)
			return broken(errno, err);
		text += n;
		length -= (size_t)n;
	}
	return 0;
}

/* The next line without its end; a byte at a time, since they are few and nothing behind it may be taken. */
static int hear(struct channel *channel, struct error *err)
{
	channel->length = 0;
	for (;;) {
		char c;
		ssize_t n = read(channel->fd, &c, 1);

		if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
			if (wait_for(channel, POLLIN, err) < 0)
				return -1;
			continue;
		}
		if (n <= 0)
			return broken(n < 0 ? errno : ECONNRESET, err);
		if (c == '\n')
			return 0;
		if (c == DELIMITER)
			channel->length = 0;
		else if (channel->length < sizeof(channel->line))
			channel->line[channel->length++] = c;
		else
			return broken(EMSGSIZE, err);
	}
}

/* Lines that are no documents, or other answers, are passed over until it comes. */
static int synchronise(struct channel *channel, int64_t id, struct error *err)
{
	_cleanup_free_ char *text =
		xprintf("\xff{\"execute\": \"guest-sync-delimited\", \"arguments\": {\"id\": %" PRId64 "}}\n", id);

	if (say(channel, text, err) < 0)
		return -1;
	for (;;) {
		_cleanup_error_ struct error nonsense = ERROR_INIT;
		_cleanup_json_ struct json *reply = NULL;

		if (hear(channel, err) < 0)
			return -1;
		if (json_parse(channel->line, channel->length, LINE_MAX_BYTES, REPLY_DEPTH, "reply", &reply,
			       &nonsense) == 0 &&
		    json_get_int(reply, "return", -1) == id)
			return 0;
	}
}

int agent_set_time(int fd, int64_t ns, struct deadline deadline, struct error *err)
{
	_cleanup_free_ struct channel *channel = xcalloc(1, sizeof(*channel));
	_cleanup_free_ char *text =
		xprintf("{\"execute\": \"guest-set-time\", \"arguments\": {\"time\": %" PRId64 "}}\n", ns);
	_cleanup_json_ struct json *reply = NULL;

	channel->fd = fd;
	channel->deadline = deadline;
	if (synchronise(channel, clock_boottime_ms(), err) < 0 || say(channel, text, err) < 0 || hear(channel, err) < 0)
		return -1;
	if (json_parse(channel->line, channel->length, LINE_MAX_BYTES, REPLY_DEPTH, "reply of the guest agent", &reply,
		       err) < 0) {
		err->kind = ERROR_QEMU;
		return -1;
	}
	if (json_get(reply, "return"))
		return 0;
	const char *why = json_get_string(json_get(reply, "error"), "desc", "it gave no reason");
	_cleanup_free_ char *printable = text_one_line(why, strlen(why), 200);
	return error_set(err, ERROR_QEMU, "the guest agent refuses: %s", printable);
}
