/* The caller's terminal in raw mode, and back. */
#ifndef KVMCTL_HOST_TERMINAL_H
#define KVMCTL_HOST_TERMINAL_H

#include <stdbool.h>
#include <termios.h>

struct terminal {
	int fd;
	bool raw;
	struct termios before;
};

#define TERMINAL_INIT ((struct terminal){ .fd = -1 })
#define _cleanup_terminal_ _cleanup_(terminal_restore)

/* Raw (no echo, no signals, no translation) when fd is a terminal; else nothing happens. */
void terminal_raw(struct terminal *terminal, int fd);
void terminal_restore(struct terminal *terminal);

#endif
