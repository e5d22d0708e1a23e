/* An errand for kvmctl: a post-copy that has lost its connection is to be taken up again.
 *
 * Then QEMU's main loop may hang in a page of the guest that is still on the other host (a ring of a virtio device), and with it every monitor but this
 * one: our connection has agreed on execution out of band before, which a thread of its own does. So as long as memory follows, ctrl/NAME.oob
 * listens: one client at a time says a line and gets QEMU's reply. Nothing else is passed on than what a lost connection needs. */
#include "supervisor/supervisor.h"

#include <fcntl.h>
#include <sys/socket.h>

#include "base/file.h"
#include "base/text.h"
#include "host/socket.h"
#include "supervisor/report.h"
#include "vm/out_of_band.h"

#define MODE 0600
#define BACKLOG 4
#define REQUEST_DEPTH 4

static char *socket_name(const struct supervisor *s)
{
	return xprintf("%s" OUT_OF_BAND_SUFFIX, s->options->name);
}

static void hang_up(struct supervisor *s)
{
	close_fd(&s->errand.client);
	s->errand.client = -1;
	s->errand.asked = false;
}

void errand_close(struct supervisor *s)
{
	_cleanup_error_ struct error ignored = ERROR_INIT;
	_cleanup_free_ char *name = socket_name(s);
	_cleanup_close_ int dir = -1;

	hang_up(s);
	if (s->errand.listening < 0)
		return;
	close_fd(&s->errand.listening);
	s->errand.listening = -1;
	dir = supervisor_open_part(s, "ctrl");
	if (dir >= 0)
		(void)file_remove_at(dir, name, 0, &ignored);
}

static int listen_for_clients(struct supervisor *s, struct error *err)
{
	_cleanup_free_ char *name = socket_name(s);
	_cleanup_close_ int dir = supervisor_open_part(s, "ctrl");

	if (dir < 0)
		return error_errno(err, ERROR_HOST, errno, "cannot open \"%s/ctrl\"", s->options->run_dir);
	if (socket_listen_at(dir, name, MODE, BACKLOG, &s->errand.listening, err) < 0)
		return -1;
	/* a client that has gone again must not make us wait for the next one */
	return fcntl(s->errand.listening, F_SETFL, O_NONBLOCK);
}

void errand_offer(struct supervisor *s)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	bool needed = starts_with(s->guest.migration, "postcopy-") && s->events.fd >= 0 && s->events.out_of_band;

	if (needed == (s->errand.listening >= 0))
		return;
	if (!needed)
		errand_close(s);
	else if (listen_for_clients(s, &err) < 0)
		report(s->options, LOG_WARNING, "%s: a post-copy that breaks may not be taken up again", err.message);
}

void errand_accept(struct supervisor *s)
{
	s->errand.client = accept4(s->errand.listening, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
}

/* What does not go through at once is nobody's who waits. */
static void answer(struct supervisor *s, const char *line, size_t length)
{
	_cleanup_free_ char *text = xprintf("%.*s\n", (int)length, line);

	(void)!send(s->errand.client, text, strlen(text), MSG_NOSIGNAL | MSG_DONTWAIT);
	hang_up(s);
}

static void refuse(struct supervisor *s, const struct error *err)
{
	_cleanup_json_ struct json *reply = json_new_object();
	_cleanup_free_ char *text = NULL;
	struct json *why = json_new_object();

	json_put_string(why, "class", "GenericError");
	json_put_string(why, "desc", err->message);
	json_put(reply, "error", why);
	text = json_to_text(reply);
	answer(s, text, strlen(text));
}

static int pass_on(struct supervisor *s, const char *line, size_t length, struct error *err)
{
	_cleanup_json_ struct json *request = NULL;
	const char *command;

	if (json_parse(line, length, OUT_OF_BAND_MAX, REQUEST_DEPTH, "the request", &request, err) < 0)
		return -1;
	command = json_get_string(request, "exec-oob", "");
	if (!streq(command, "migrate-recover") && !streq(command, "migrate-pause"))
		return error_set(err, ERROR_USAGE, "\"%s\" is not passed on to QEMU", command);
	json_put_int(request, "id", ++s->errand.number);
	if (event_link_urge(&s->events, request, err) < 0)
		return -1;
	s->errand.asked = true;
	return 0;
}

static bool is_gone(int client)
{
	char byte;

	return recv(client, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

/* One line, said at once. End-of-file: the client waits no longer; what QEMU answers is for nobody then, and what it was still to be told is let be. */
void errand_readable(struct supervisor *s)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	char line[OUT_OF_BAND_MAX];
	ssize_t n = recv(s->errand.client, line, sizeof(line), MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0 || s->errand.asked || line[n - 1] != '\n' || is_gone(s->errand.client)) {
		hang_up(s);
		return;
	}
	if (pass_on(s, line, (size_t)n - 1, &err) < 0)
		refuse(s, &err);
}

void errand_reply(struct supervisor *s, const struct json *reply, const char *line, size_t length)
{
	if (s->errand.asked && json_get_int(reply, "id", 0) == s->errand.number)
		answer(s, line, length);
}
