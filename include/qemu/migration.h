/* What QEMU says of a migration, and how it is told to make one (QEMU: qapi/migration.json). Works on both ends. */
#ifndef KVMCTL_QEMU_MIGRATION_H
#define KVMCTL_QEMU_MIGRATION_H

#include "qemu/qmp.h"

/* MigrationStatus. */
enum migration_state {
	MIGRATION_NONE,
	MIGRATION_SETUP,
	MIGRATION_CANCELLING,
	MIGRATION_CANCELLED,
	MIGRATION_ACTIVE,
	MIGRATION_POSTCOPY_ACTIVE,
	MIGRATION_POSTCOPY_PAUSED,
	MIGRATION_POSTCOPY_RECOVER_SETUP,
	MIGRATION_POSTCOPY_RECOVER,
	MIGRATION_COMPLETED,
	MIGRATION_FAILED,
	MIGRATION_COLO,
	MIGRATION_PRE_SWITCHOVER,
	MIGRATION_DEVICE,
	MIGRATION_WAIT_UNPLUG,
	MIGRATION_STATE_MAX
};
const char *migration_state_to_string(enum migration_state state);         /* QEMU's own words: "postcopy-active" */
int migration_state_from_string(const char *s, enum migration_state *ret); /* -1: a word of a newer QEMU */
/* True when nothing more comes of it by itself: none, completed, failed, cancelled. */
bool migration_state_is_final(enum migration_state state);
/* True once the target may run the guest while this side still has pages of it. */
bool migration_state_is_post_copy(enum migration_state state);

/* query-migrate: bytes, milliseconds; -1 where QEMU does not say. */
struct migration_progress {
	enum migration_state state;
	char *error; /* error-desc; NULL: none */
	int64_t ram_total, ram_transferred, ram_remaining;
	int64_t passes;     /* dirty-sync-count */
	int64_t dirty_rate; /* bytes per second */
	double mbps;        /* of the memory stream, megabits per second */
	int64_t page_size;
	int64_t postcopy_requests;
	int64_t total_time, setup_time, downtime, expected_downtime;
	int64_t throttle; /* percent of the vCPUs' time taken by auto-converge; 0: none */
	char *address;    /* target: where it listens, as URI "tcp:[::]:40123", "unix:/x"; NULL: not */
};
/* Before anything is said. */
#define MIGRATION_PROGRESS_NONE \
	((struct migration_progress){ MIGRATION_NONE, NULL, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, 0, NULL })
#define _cleanup_migration_progress_ _cleanup_(migration_progress_clear)

int migration_query(struct qmp *qmp, struct deadline deadline, struct migration_progress *ret, struct error *err);
/* The value of "return" of query-migrate. ERROR_QEMU: another shape. */
int migration_progress_from_json(const struct json *document, struct migration_progress *ret, struct error *err);
/* The keys of `migration status` (kvmctl(8), OUTPUT). Owned by the caller. */
struct json *migration_progress_to_json(const struct migration_progress *progress);
void migration_progress_clear(struct migration_progress *progress);
/* Milliseconds until the memory has been sent at the present rates; -1: it does not converge, or nothing is known. */
int64_t migration_remaining_ms(const struct migration_progress *progress);

/* The state in a MIGRATION event; -1 when event is another one (or of an unknown state). */
int migration_event_state(const struct json *event, enum migration_state *ret);

/* After `migrate` with "resume", which returns before QEMU has connected: 0 when it goes on. ERROR_QEMU: it stayed paused until the
 * deadline; only its log says why. */
int migration_await_resumed(struct qmp *qmp, struct deadline deadline, struct error *err);

/* True of each MIGRATION event, for qmp_wait_event and qmp_rest; arg is not looked at. */
bool migration_is_event(const struct json *event, void *arg);

/* migrate-set-capabilities: every name of `on` is switched on, every other one that QEMU has and that is on is switched off. ERROR_QEMU: QEMU
 * does not know one (it is named). */
int migration_set_capabilities(struct qmp *qmp, char *const *on, struct deadline deadline, struct error *err);
/* migrate-set-parameters; the reference of parameters is taken. */
int migration_set_parameters(struct qmp *qmp, struct json *parameters, struct deadline deadline, struct error *err);

#endif
