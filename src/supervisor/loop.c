/* The one place that sleeps. */
#include "supervisor/supervisor.h"

#include <poll.h>

#include "base/cleanup.h"
#include "base/rest.h"

#define SOURCES_MAX 10

static void read_watched_logs(struct supervisor *s)
{
	logs_touched(&s->logs);
}

static void read_log_timer(struct supervisor *s)
{
	logs_look(&s->logs);
}

static void read_events(struct supervisor *s)
{
	watch_readable(s);
}

struct source {
	int fd; /* -1: not now */
	void (*handle)(struct supervisor *s);
};

/* In the order in which they are served: what start and QEMU said last is read before QEMU's end is. */
static size_t list_sources(const struct supervisor *s, struct source ret[SOURCES_MAX])
{
	bool listens = s->stage == STAGE_RUNNING;
	const struct source sources[] = {
		{ s->start_fd, commit_readable },
		{ listens ? s->events.fd : -1, read_events },
		{ s->signal_fd, signals_readable },
		{ s->errand.client < 0 ? s->errand.listening : -1, errand_accept },
		{ s->errand.client, errand_readable },
		{ s->logs.inotify, read_watched_logs },
		{ s->logs.timer, read_log_timer },
		{ s->stage == STAGE_BACKOFF ? s->backoff_timer : -1, afterwards_backoff_over },
		{ s->pidfd, ending_reap },
	};

	_Static_assert(ELEMENTS(sources) <= SOURCES_MAX, "ret holds them");
	for (size_t i = 0; i < ELEMENTS(sources); i++)
		ret[i] = sources[i];
	return ELEMENTS(sources);
}

/* One sleep and what woke us. Serving one source may end another (its fd is closed, or the stage
 * changes): then the rest waits for the next round, where poll(2) tells of it again. */
static void loop_once(struct supervisor *s)
{
	struct source sources[SOURCES_MAX];
	struct pollfd fds[SOURCES_MAX];
	size_t n = list_sources(s, sources);

	for (size_t i = 0; i < n; i++)
		fds[i] = (struct pollfd){ sources[i].fd, POLLIN, 0 };
	rest();
	if (poll(fds, n, -1) < 0)
		return; /* EINTR; anything else cannot be with a few fds of our own */
	for (size_t i = 0; i < n; i++)
		if (fds[i].revents) {
			sources[i].handle(s);
			return;
		}
}

void loop_run(struct supervisor *s)
{
	while (s->stage != STAGE_DONE)
		loop_once(s);
}
