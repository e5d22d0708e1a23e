/* The migration of the fake QEMU: a stream of its own through a descriptor, in both directions. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/text.h"
#include "fake_command.h"

#define PIECE 65536
#define AGAIN_MS 1

/* One at a time, as in QEMU; -1: none is going on. */
static int stream = -1;
static int64_t done;
static const char *state = "none";

static uint8_t byte_at(int64_t i)
{
	return (uint8_t)(i * 7 + (i >> 10) * 3);
}

static void tell(const char *word)
{
	struct json *data = json_new_object();

	state = word;
	json_put_string(data, "status", word);
	fake_event("MIGRATION", data);
}

static void end(const char *word)
{
	close(stream);
	stream = -1;
	tell(word);
}

static void send_more(struct json *unused)
{
	int64_t total = conf_int("migrate_bytes", 3000000), failing = conf_int("migrate_fails", -1);
	uint8_t piece[PIECE];
	size_t length = total - done < PIECE ? (size_t)(total - done) : PIECE;
	ssize_t n;

	(void)unused;
	if (stream < 0)
		return;
	for (size_t i = 0; i < length; i++)
		piece[i] = byte_at(done + (int64_t)i);
	n = write(stream, piece, length);
	if (n > 0)
		done += n;
	if ((n < 0 && errno != EAGAIN) || (failing >= 0 && done >= failing)) {
		end("failed");
	} else if (done == total && !conf_bool("migrate_hangs")) {
		fake.status = "postmigrate";
		end("completed");
	} else {
		fake_after(AGAIN_MS, send_more, NULL);
	}
}

static void receive_more(struct json *unused)
{
	uint8_t piece[PIECE];
	ssize_t n = stream < 0 ? 0 : read(stream, piece, sizeof(piece));

	(void)unused;
	if (stream < 0 || conf_bool("incoming_hangs"))
		return;
	for (ssize_t i = 0; i < n; i++)
		if (piece[i] != byte_at(done + i))
			n = -2;
	if (n > 0)
		done += n;
	if (n > 0 || (n == -1 && errno == EAGAIN)) {
		fake_after(n > 0 ? 0 : AGAIN_MS, receive_more, NULL);
		return;
	}
	if (n != 0 || done != conf_int("migrate_bytes", 3000000) || conf_bool("incoming_fails")) {
		fprintf(stderr, "qemu: load of migration failed: Input/output error\n");
		fake_exit(1);
	}
	fake.status = "paused";
	end("completed");
}

static struct json *begin(const struct json *arguments, void (*more)(struct json *), struct json **error)
{
	if (!starts_with(json_get_string(arguments, "uri", ""), "fd:") || fake.handed_over < 0)
		return fake_fail(error, "GenericError", "the fake QEMU migrates through a descriptor only");
	stream = fake.handed_over;
	fake.handed_over = -1;
	done = 0;
	fcntl(stream, F_SETFL, O_NONBLOCK);
	tell("setup");
	tell("active");
	fake_after(0, more, NULL);
	return json_new_object();
}

COMMAND(migrate)
{
	UNUSED;
	return begin(arguments, send_more, error);
}

COMMAND(migrate_incoming)
{
	UNUSED;
	return begin(arguments, receive_more, error);
}

COMMAND(migrate_cancel)
{
	UNUSED;
	if (stream >= 0)
		end("cancelled");
	return json_new_object();
}

COMMAND(query_migrate)
{
	struct json *j = json_new_object();

	UNUSED;
	if (!streq(state, "none"))
		json_put_string(j, "status", state);
	if (streq(state, "failed"))
		json_put_string(j, "error-desc", "the fake QEMU was told to fail");
	return j;
}
