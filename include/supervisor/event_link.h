/* The connection to QEMU's event monitor: the handshake, then lines. Never blocks, never grows without bound. */
#ifndef KVMCTL_SUPERVISOR_EVENT_LINK_H
#define KVMCTL_SUPERVISOR_EVENT_LINK_H

#include <stdbool.h>
#include <stddef.h>

#include "base/json.h"

enum event_stage {
	EVENT_IDLE,         /* nothing was said yet: before the commit */
	EVENT_GREETING,     /* the greeting is awaited */
	EVENT_CAPABILITIES, /* the reply to qmp_capabilities */
	EVENT_STATUS,       /* the reply to query-status */
	EVENT_MIGRATION,    /* the reply to query-migrate */
	EVENT_READY,
	EVENT_CLOSED
};

#define EVENT_LINE_MAX (64 * 1024)

struct event_link {
	int fd; /* non-blocking; -1 when closed. Owned */
	enum event_stage stage;
	char *buffer; /* an unfinished line; NULL while there is none: an idle supervisor keeps no buffer */
	size_t used;
	bool whole;       /* closed by QEMU after the handshake: every event was seen */
	bool out_of_band; /* QEMU takes commands out of band on it */
};

/* What is handed on. `name`: of an event, and `line` its text without the line's end. `name` NULL: `data` is the reply to query-status or query-migrate,
 * or with a `line` that to what event_link_urge has sent, as a whole. */
typedef void (*event_fn)(const char *name, const struct json *data, const char *line, size_t length, void *arg);

struct event_link event_link_make(int fd);
void event_link_close(struct event_link *link);

/* Starts to listen: from now on the fd is worth polling. */
void event_link_begin(struct event_link *link);
/* Reads what is there (at most some 256 KiB a call, so that a flood does not starve the rest) and hands
 * it on. 1: go on; 0: end of file, closed. ERROR_QEMU: what came is not QMP, or a line is longer than
 * EVENT_LINE_MAX; the connection is closed, the guest is not touched. */
int event_link_read(struct event_link *link, event_fn fn, void *arg, struct error *err);
/* Sends a command to be executed out of band; it has an "id", its reply is handed on. ERROR_STATE: QEMU takes none here (yet, or any more). */
int event_link_urge(struct event_link *link, const struct json *command, struct error *err);

#endif
