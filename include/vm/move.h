/* What the record of an instance says while its guest is on the way: from or to another host, to or from a file.
 *
 * The guest runs on one side only because of three rules, which every writer of these words keeps:
 *
 * 1. A target's QEMU never runs the guest by itself (-S). It is let run by one act, the *grant*, which writes
 *    MOVE_GRANTED into the status line before it tells QEMU. While the line says MOVE_WAITING the guest has never run there.
 * 2. A source writes MOVE_HANDED_OVER before anybody is asked to grant. While the line says MOVE_MIGRATING the guest is
 *    the source's, whatever became of the target: it may be let run again. After it, only an answer from the target decides; without one
 *    the state is unknown.
 * 3. A target that has not granted and ends (killed, failed, cleaned up) leaves an exit record with the reason "incoming-failed":
 *    that is the proof that the source may go on.
 *
 * With a file for the target the same holds: it is complete and durable before QEMU ends, and marked as used before the guest runs from it. */
#ifndef KVMCTL_VM_MOVE_H
#define KVMCTL_VM_MOVE_H

#include <stdbool.h>

#include "base/json.h"

/* Words for status.reason. */
#define MOVE_MIGRATING "migrating"     /* phase outgoing: the guest is ours */
#define MOVE_HANDED_OVER "handed-over" /* phase outgoing: it may run on the other side */
#define MOVE_MIGRATED "migrated"       /* phase outgoing: it does; QEMU is being ended */
#define MOVE_WAITING "waiting"         /* phase incoming: not granted */
#define MOVE_GRANTED "granted"         /* phase incoming: let run, or about to be */
#define MOVE_SAVING "saving"           /* phase saving: the guest is ours, the file is not whole */
#define MOVE_SAVED "saved"             /* phase saving: the file is whole and durable; QEMU is being ended */

/* Member "move" of the state: who does it, and what an interrupted one needs to be finished or undone. */
struct move {
	bool managed; /* by the primitives (a cluster manager decides); else by one command that is gone when its lock is */
	bool was_paused; /* the guest is not to run afterwards */
	char *peer;      /* source: the target host as given; "" */
	char **far;      /* source: the words of the command that runs kvmctl there (strv) */
	char *uri;       /* "" */
	char *file;      /* save, restore: its path; "" */
	char *asked;     /* target: digest of the document that it was accepted with, and of where it was to wait; "" */
	char *nbd_host;  /* target: where its disks are exported; "" */
	int nbd_port;
	bool tls; /* target: the streams are encrypted */
	char *id; /* of this move: both sides and the file have it; a UUID */
	struct json *
		cleanup; /* images made for --copy-storage and the like: array of paths, removed when it is undone; or NULL */
};
#define _cleanup_move_ _cleanup_(move_free_ptr)

void move_free(struct move *move);
void move_free_ptr(struct move **move);
struct move *move_copy(const struct move *move);
struct json *move_to_json(const struct move *move);
int move_from_json(const struct json *document, struct move **ret, struct error *err);

#endif
