/* What QEMU's events say of the guest, and what of it belongs into the status line. Pure but for guest_record. */
#ifndef KVMCTL_SUPERVISOR_GUEST_H
#define KVMCTL_SUPERVISOR_GUEST_H

#include <stdbool.h>
#include <stdint.h>

#include "base/json.h"
#include "vm/status.h"

struct guest {
	/* for the ending */
	char shutdown[32]; /* reason of the last SHUTDOWN; "" none */
	int64_t bitten_at_ms; /* the watchdog bit with an action that ends the guest: when (CLOCK_BOOTTIME); 0: it did not */
	/* for the status line */
	bool paused;
	char reason[16];
	int64_t memory;         /* MiB; 0: nothing was said */
	bool changed;           /* something above is newer than the status line */
	char migration[24];     /* QEMU's MigrationStatus; "": nothing was said */
	bool migration_told;    /* it is newer than the status line */
	bool told;              /* paused and reason are known (a STOP, a RESUME or query-status was seen) */
	const char *stop_cause; /* what the next STOP is about; NULL: somebody asked for it */
};

/* An event; name NULL: the reply to query-status or to query-migrate, which differ in what they say. */
void guest_event(struct guest *guest, const char *name, const struct json *data, int64_t now_ms);
/* A migration is under way, in or out. */
bool guest_is_moving(const struct guest *guest);
/* A watchdog that bit in the last minutes and was not followed by a reset. */
bool guest_bitten(const struct guest *guest, int64_t now_ms);
/* Puts it into the status. While somebody stops the instance the reason is the rung, and stays. */
void guest_apply(const struct guest *guest, struct status *status);

#endif
