/* The caller's terminal: raw mode and back, and a secret that is typed. */
#ifndef KVMCTL_HOST_TERMINAL_H
#define KVMCTL_HOST_TERMINAL_H

#include <signal.h>
#include <stdbool.h>
#include <termios.h>

#include "base/deadline.h"
#include "base/error.h"

struct terminal {
	int fd;
	bool raw;
	struct termios before;
	int signals; /* readable: SIGTERM, SIGHUP or SIGINT wants us to leave; see signalfd(2) */
	sigset_t mask;
};

#define TERMINAL_INIT ((struct terminal){ .fd = -1, .signals = -1 })
#define _cleanup_terminal_ _cleanup_(terminal_restore)

/* Raw (no echo, no signals by keys, no translation) when fd is a terminal. Signals that end a program
 * wait until terminal_restore, so that none leaves the terminal raw. */
int terminal_raw(struct terminal *terminal, int fd, struct error *err);
/* A signal that came meanwhile has its effect now, unless it was read from `signals`. */
void terminal_restore(struct terminal *terminal);

/* One line typed at the terminal fd, not shown; the prompt goes to stderr. At most max bytes. *ret is
 * owned by the caller, who wipes it. ERROR_USAGE: given up (Ctrl-C, Ctrl-D, a signal, the terminal went
 * away), or too long; ERROR_TIMEOUT. */
int terminal_ask_secret(int fd, const char *prompt, size_t max, struct deadline deadline, char **ret,
			struct error *err);

#endif
