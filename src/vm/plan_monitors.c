/* The monitors chapter: three sockets that kvmctl listens on and hands over: one to change the
 * guest, one to look, one for the supervisor. A monitor serves one client at a time: with one
 * for all, a long operation would make every look wait. */
#include "vm/plan_build.h"

static void monitor(struct builder *b, enum plan_fd_kind kind)
{
	const char *id = plan_fd_kind_to_string(kind);
	int fd = build_fd(b, kind, NULL);

	options_text(&b->options, "-chardev", "socket,id=%s,fd=%d,server=on,wait=off", id, fd);
	options_text(&b->options, "-mon", "chardev=%s,mode=control", id);
}

/* The first three descriptors, always: whoever starts QEMU finds them without looking. */
void plan_monitors(struct builder *b)
{
	monitor(b, PLAN_FD_CONTROL);
	monitor(b, PLAN_FD_QUERY);
	monitor(b, PLAN_FD_EVENT);
}
