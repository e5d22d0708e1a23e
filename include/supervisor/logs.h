/* The logs of an instance, bounded: QEMU's stderr, what the serial port said, the events. */
#ifndef KVMCTL_SUPERVISOR_LOGS_H
#define KVMCTL_SUPERVISOR_LOGS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

/* Files written by others (QEMU), watched: the suffixes of log/NAME. */
#define LOGS_WATCHED 2

struct logs {
	const char *run_dir, *name; /* borrowed */
	int64_t max;
	int inotify;              /* readable: one of them was written, see logs_touched; -1: none */
	int timer;                /* readable: time to look, see logs_look; -1: none */
	off_t seen[LOGS_WATCHED]; /* their sizes at the last look */
	bool cut;                 /* log/NAME.log was cut since the start of this run */
};

/* A file longer than max keeps about its last max / 2 bytes, behind `marker` (a whole line). Line-wise
 * where it has lines. The writer goes on in O_APPEND; what it writes in the very moment of the cut may be
 * lost. 1 it was cut, 0 it was not or is not there, -1 with errno. */
int log_bound(int dirfd, const char *file, int64_t max, const char *marker);

/* Watching costs nothing while nothing is written, and ten looks a second at most while something is.
 * Where the host has no inotify descriptor left they are looked at now and then: ERROR_HOST, for a
 * warning; all works the same. */
int logs_open(struct logs *logs, const char *run_dir, const char *name, int64_t max, struct error *err);
void logs_close(struct logs *logs);
void logs_touched(struct logs *logs);
void logs_look(struct logs *logs);

/* Appends one line to log/NAME.events, then bounds it. Nothing of it is kept open. -1 with errno. */
int logs_event(struct logs *logs, const char *line, size_t length);

/* The last printable lines of log/NAME.log from `offset` on (from its begin when it was cut), ten at
 * most. NULL: none. Owned by the caller. */
char *logs_words(const struct logs *logs, int64_t offset);

#endif
