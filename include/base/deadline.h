/* Points in time (CLOCK_BOOTTIME, milliseconds) that bound every wait. */
#ifndef KVMCTL_BASE_DEADLINE_H
#define KVMCTL_BASE_DEADLINE_H

#include <stdbool.h>
#include <stdint.h>
#include <poll.h>

struct deadline {
	int64_t at_ms; /* CLOCK_BOOTTIME; INT64_MAX: never */
};

#define DEADLINE_NEVER ((struct deadline){ INT64_MAX })

int64_t clock_boottime_ms(void);
/* Unix time in milliseconds, for what people read. */
int64_t clock_realtime_ms(void);
/* "2026-11-22T07:05:07.123Z"; 25 bytes at least. */
char *clock_to_text(int64_t realtime_ms);

struct deadline deadline_in(int64_t ms);
struct deadline deadline_earlier(struct deadline a, struct deadline b);
bool deadline_passed(struct deadline d);
/* Milliseconds left, 0 when passed, -1 when never: what poll wants (INT_MAX at most). */
int deadline_left(struct deadline d);

/* poll(2) until the deadline; EINTR is waited through. As poll: the number of ready fds, 0 on time-out,
 * -1 with errno. */
int deadline_poll(struct pollfd *fds, nfds_t n, struct deadline d);

#endif
