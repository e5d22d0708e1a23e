/* Points in time that bound every wait. */
#include "base/deadline.h"

#include <errno.h>
#include <limits.h>
#include <time.h>

#include "base/text.h"

static int64_t clock_ms(clockid_t clock)
{
	struct timespec now;

	if (clock_gettime(clock, &now) < 0)
		abort(); /* only a wrong clock id does this */
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t clock_boottime_ms(void)
{
	return clock_ms(CLOCK_BOOTTIME);
}

int64_t clock_realtime_ms(void)
{
	return clock_ms(CLOCK_REALTIME);
}

char *clock_to_text(int64_t realtime_ms)
{
	time_t seconds = (time_t)(realtime_ms / 1000);
	int ms = (int)(realtime_ms % 1000);
	struct tm tm;
	char text[64];

	if (ms < 0) { /* before 1970: round down, as gmtime does */
		ms += 1000;
		seconds--;
	}
	if (!gmtime_r(&seconds, &tm))
		return xstrdup("?");
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
	return xprintf("%s.%03dZ", text, ms);
}

struct deadline deadline_in(int64_t ms)
{
	struct deadline d;

	if (__builtin_add_overflow(clock_boottime_ms(), ms, &d.at_ms))
		return DEADLINE_NEVER;
	return d;
}

struct deadline deadline_earlier(struct deadline a, struct deadline b)
{
	return a.at_ms <= b.at_ms ? a : b;
}

bool deadline_passed(struct deadline d)
{
	return d.at_ms != INT64_MAX && clock_boottime_ms() >= d.at_ms;
}

int deadline_left(struct deadline d)
{
	int64_t left;

	if (d.at_ms == INT64_MAX)
		return -1;
	left = d.at_ms - clock_boottime_ms();
	return left <= 0 ? 0 : left > INT_MAX ? INT_MAX : (int)left;
}

int deadline_poll(struct pollfd *fds, nfds_t n, struct deadline d)
{
	for (;;) {
		int left = deadline_left(d);
		int ready = poll(fds, n, left);

		if (ready > 0 || (ready < 0 && errno != EINTR))
			return ready;
		/* Nothing is ready, or a signal came. After INT_MAX ms of a far deadline, too, it goes on. */
		if (left == 0)
			return 0;
	}
}
