/* Lines from a descriptor, of a bounded length: what is read waits here until a whole one is there. */
#ifndef KVMCTL_BASE_LINES_H
#define KVMCTL_BASE_LINES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

struct lines {
	char *buffer;
	size_t length, max; /* max: bytes of a line */
};
#define _cleanup_lines_ _cleanup_(lines_clear)

void lines_init(struct lines *lines, size_t max);
void lines_clear(struct lines *lines);
/* False when the buffer is full: a line has to be taken first. */
bool lines_have_room(const struct lines *lines);
/* One read(2). 1: something came, or may come later (EAGAIN, EINTR); 0: never again (end-of-file, or an error). */
int lines_read(struct lines *lines, int fd);
/* 1: the first line, without its newline, owned by the caller; 0: there is no whole one; -1: ERROR_HOST, too long, or has a NUL byte: nothing more
 * can be understood. */
int lines_take(struct lines *lines, char **ret, struct error *err);

#endif
