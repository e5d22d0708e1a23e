/* The one place that sleeps.
 *
 * While a guest is on the move QEMU tells of each step of it, and some of them are the instant in which it stands still: then both QEMUs have more
 * need of the CPUs. What came is left where it is for a moment. Nobody waits for it: who moves a guest has a monitor of his own. */
#include "supervisor/supervisor.h"

#include <poll.h>

#include "base/cleanup.h"
#include "base/deadline.h"
#include "base/rest.h"

#define SOURCES_MAX 10
#define GIVE_WAY_MS 50

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
	if (s->heard_ms == 0 && !s->errand.asked && guest_is_moving(&s->guest)) {
		s->heard_ms = clock_boottime_ms();
		return;
	}
	s->heard_ms = 0;
	watch_readable(s);
}

/* -1: no events are left to wait; else the milliseconds for which they are. */
static int give_way_ms(const struct supervisor *s)
{
	int64_t left = s->heard_ms == 0 ? 0 : s->heard_ms + GIVE_WAY_MS - clock_boottime_ms();

	return left > 0 && !s->errand.asked ? (int)left : -1;
}

struct source {
	int fd; /* -1: not now */
	void (*handle)(struct supervisor *s);
};

/* In the order in which they are served: what start and QEMU said last is read before QEMU's end is. */
static size_t list_sources(const struct supervisor *s, bool gives_way, struct source ret[SOURCES_MAX])
{
	bool listens = s->stage == STAGE_RUNNING && !gives_way;
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
	int wait_ms = give_way_ms(s);
	size_t n = list_sources(s, wait_ms >= 0, sources);

	for (size_t i = 0; i < n; i++)
		fds[i] = (struct pollfd){ sources[i].fd, POLLIN, 0 };
	if (wait_ms < 0)
		rest();
	if (poll(fds, n, wait_ms) < 0)
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
