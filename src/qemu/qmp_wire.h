/* The bytes of a QMP connection: lines in, bounded; text out, as much as the socket takes. Knows nothing
 * of replies.
 *
 * Private to the connection (qmp_internal.h). Every function that fails gives ERROR_QEMU, errnum ECONNRESET when the other side is
 * gone. */
#ifndef KVMCTL_QEMU_QMP_WIRE_H
#define KVMCTL_QEMU_QMP_WIRE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/json.h"

struct qmp_wire {
	int fd;
	char *in; /* in[start..end) is not yet taken */
	size_t start, end, room;
	size_t scanned; /* in[start..scanned) holds no newline: never looked at twice */
	char *out;
	size_t out_length, out_room;
};

void qmp_wire_free(struct qmp_wire *wire);
/* The next whole line without its end, valid until the next wire_read; false: read first. Blank lines are skipped. */
bool qmp_wire_line(struct qmp_wire *wire, char **ret, size_t *ret_length);
/* One recv. 1: something came; 0: nothing there now; -1: closed, or the line exceeds max. */
int qmp_wire_read(struct qmp_wire *wire, size_t max, const char *name, struct error *err);
/* Appends; flush sends. */
void qmp_wire_put(struct qmp_wire *wire, const char *text, size_t length);
/* The text of a command without its last `less` bytes. arguments may be NULL; their reference is taken. */
void qmp_wire_put_command(struct qmp_wire *wire, const char *command, struct json *arguments, int64_t id, size_t less);
/* Sends what the socket takes now; fds (may be none) go with the first byte. 0 also when some of it stays. */
int qmp_wire_flush(struct qmp_wire *wire, const int *fds, size_t n_fds, const char *name, struct error *err);

#endif
