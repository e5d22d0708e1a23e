/* The host's side of an instance's NICs: what is set on their TAPs, built in or by a script, and when. */
#ifndef KVMCTL_OPS_ACT_NETWORK_H
#define KVMCTL_OPS_ACT_NETWORK_H

#include "host/bandwidth.h"
#include "host/tap.h"
#include "ops/context.h"
#include "vm/spec.h"

struct network_nic {
	char tap[TAP_NAME_SIZE];        /* "" for mode user */
	enum bandwidth_limiter limiter; /* chosen by network_record, where the NIC has a limit */
};

struct network_setup {
	struct context *context;
	const struct spec *spec;
	struct network_nic *nics; /* one per NIC of the spec; owned by the caller */
	const struct json *
		learned; /* addresses that a guest from elsewhere has, as struct migration_info has them; NULL: none are known */
};

/* A guest that arrives from elsewhere has its addresses there until it is let run here. */
enum network_phase {
	NETWORK_START, /* all at once */
	NETWORK_PRE, /* before the guest is here: ports of bridges and switches, up; scripts with MIGRATION_PHASE=pre */
	NETWORK_POST /* it is: routes, scripts with MIGRATION_PHASE=post */
};

/* ERROR_HOST, ERROR_SPEC, ERROR_TIMEOUT: the NIC is named. */
int network_up(const struct network_setup *setup, enum network_phase phase, struct deadline deadline,
	       struct error *err);
/* The resources that network_up makes, appended to list, before it does. */
void network_record(const struct network_setup *setup, struct json *list);

/* The TAP of a guest that runs goes up, with its routes, or down, without them. One that a script has set up is left to it. */
int network_link(const struct network_setup *setup, size_t nic, bool up, struct error *err);

/* nic/NAME/SEQ: the TAP's name of a NIC, for people and for whoever goes on later. NULL: none. Owned by the caller. */
char *network_tap(struct context *context, const char *name, size_t nic);
/* setup->nics from there. Owned by the caller (free). */
struct network_nic *network_nics(struct context *context, const struct spec *spec);

#endif
