/* The process that looks at frames. One poll(2), without end; nothing wakes it but frames that the kernel's filter lets pass, the other
 * process, and the time of the next thing to do. */
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/timerfd.h>

#include "base/deadline.h"
#include "base/rest.h"
#include "learner/learner.h"
#include "vm/learn_filter.h"

/* How often it is looked whether an interface that is down is gone. */
#define DOWN_MIN_MS 100
#define DOWN_MAX_MS 10000

struct watch {
	struct options *options;
	struct learn *learn;
	int capture, peer, timer;
	unsigned wishes;
	struct learn_rate rate;
	int64_t down_wait; /* 0: the interface is up, as far as we know */
	int64_t down_next;
	bool over;
};

static void send_action(struct watch *watch)
{
	struct learn_message message = { 0 };
	struct learn_action action;

	if (!learn_next(watch->learn, clock_boottime_ms(), &action))
		return;
	message.add = action.add;
	message.source = (uint8_t)action.source;
	message.ipv6 = action.address.ipv6;
	memcpy(message.bytes, action.address.bytes, sizeof(message.bytes));
	message.until = action.until;
	if (send(watch->peer, &message, sizeof(message), MSG_NOSIGNAL) != (ssize_t)sizeof(message))
		watch->over = true;
}

/* A filter of the kernel's own for what is wanted now. */
static void wish(struct watch *watch)
{
	unsigned wishes = learn_wishes(watch->learn);

	if (wishes != watch->wishes && capture_filter(watch->capture, wishes, watch->options->mac) == 0)
		watch->wishes = wishes;
}

static void look_at_interface(struct watch *watch)
{
	int64_t now = clock_boottime_ms();

	switch (capture_look(watch->capture, watch->options->interface)) {
	case CAPTURE_UP:
		watch->down_wait = 0;
		break;
	case CAPTURE_DOWN:
		watch->down_wait = watch->down_wait ? watch->down_wait * 2 : DOWN_MIN_MS;
		if (watch->down_wait > DOWN_MAX_MS)
			watch->down_wait = DOWN_MAX_MS;
		watch->down_next = now + watch->down_wait;
		break;
	case CAPTURE_GONE:
		watch->over = true;
		break;
	}
}

static void read_frame(struct watch *watch, short revents)
{
	uint8_t data[LEARN_SNAP];
	struct learn_frame frame;
	int64_t now = clock_boottime_ms();
	bool from_guest;
	size_t n;

	if (revents & (POLLERR | POLLHUP | POLLNVAL)) {
		int error = 0;
		socklen_t length = sizeof(error);

		if (getsockopt(watch->capture, SOL_SOCKET, SO_ERROR, &error, &length) < 0)
			watch->over = true;
		watch->down_wait = 0;
		watch->down_next = now + DOWN_MIN_MS;
		look_at_interface(watch);
		/* When it goes for good, its end is seen a moment later. */
		if (!watch->down_wait)
			watch->down_wait = DOWN_MIN_MS;
		return;
	}
	if (!learn_rate_take(&watch->rate, LEARN_FRAME_MS, LEARN_FRAME_BURST, now))
		return;
	n = capture_read(watch->capture, data, sizeof(data), &from_guest);
	if (n > 0 && learn_frame_parse(data, n, from_guest, watch->options->mac, &frame) != LEARN_NOTHING)
		learn_frame(watch->learn, &frame, now);
}

static void read_answer(struct watch *watch)
{
	uint8_t ok;

	if (recv(watch->peer, &ok, sizeof(ok), MSG_DONTWAIT) == sizeof(ok))
		learn_done(watch->learn, ok == 1, clock_boottime_ms());
	else if (errno != EAGAIN && errno != EINTR)
		watch->over = true;
}

static void earlier(int64_t *first, int64_t time)
{
	if (time < *first)
		*first = time;
}

/* Boot time goes on while the host sleeps. 0 would switch the timer off. */
static void set_timer(struct watch *watch, int64_t at)
{
	struct itimerspec time = { 0 };

	if (at != LEARN_NEVER) {
		if (at < 1)
			at = 1;
		time.it_value.tv_sec = at / 1000;
		time.it_value.tv_nsec = at % 1000 * 1000000;
	}
	(void)timerfd_settime(watch->timer, TFD_TIMER_ABSTIME, &time, NULL);
}

/* While too many frames come the socket is left alone: the kernel drops what does not fit into it. */
static void sleep_and_serve(struct watch *watch)
{
	int64_t now = clock_boottime_ms(), first = learn_deadline(watch->learn);
	int64_t frames = learn_rate_next(&watch->rate, LEARN_FRAME_MS, LEARN_FRAME_BURST);
	struct pollfd fds[] = {
		{ watch->peer, POLLIN, 0 },
		{ watch->timer, POLLIN, 0 },
		{ frames > now ? -1 : watch->capture, POLLIN, 0 },
	};

	if (frames > now)
		earlier(&first, frames);
	if (watch->down_wait)
		earlier(&first, watch->down_next);
	set_timer(watch, first);
	rest();
	if (poll(fds, ELEMENTS(fds), -1) < 0)
		return; /* EINTR; anything else cannot be */
	if (fds[0].revents)
		read_answer(watch);
	if (fds[2].revents)
		read_frame(watch, fds[2].revents);
	if (watch->down_wait && clock_boottime_ms() >= watch->down_next)
		look_at_interface(watch);
}

void watch_run(struct options *options, int capture, int peer)
{
	struct watch watch = {
		.options = options, .learn = &options->learn, .capture = capture, .peer = peer, .wishes = ~0U
	};

	watch.timer = timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK);
	if (watch.timer < 0)
		return;
	wish(&watch);
	if (options->ready_fd >= 0) {
		(void)!write(options->ready_fd, "ok", 2);
		close(options->ready_fd);
	}
	while (!watch.over) {
		send_action(&watch);
		wish(&watch);
		sleep_and_serve(&watch);
	}
}
