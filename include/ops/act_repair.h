/* Repairing one instance: what somebody began and did not finish is finished or undone. With its lock held. */
#ifndef KVMCTL_OPS_ACT_REPAIR_H
#define KVMCTL_OPS_ACT_REPAIR_H

#include "ops/verbs.h"

struct repairs {
	struct context *context;
	struct cleanup_result *result; /* a line for each thing done, or that would be */
	bool dry_run;
	int64_t min_age_ms; /* of one whose QEMU is gone */
};

void repair_instance(struct repairs *repairs, const struct instance *instance);

/* --- for its parts --- */
void repair_say(struct repairs *repairs, const char *name, bool needs_person, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
/* A repair that failed is somebody's to look at. */
void repair_failed(struct repairs *repairs, const char *name, const struct error *err);
/* A new supervisor where there is none. */
void repair_supervision(struct repairs *repairs, const struct instance *instance);

/* --- act_repair_move.c: phases incoming, outgoing, saving --- */
void repair_move(struct repairs *repairs, const struct instance *instance);

/* --- act_repair_learners.c: new learners for bindings that have lost theirs; of one instance, or (NULL) of all, those made by hand too --- */
void repair_learners(struct repairs *repairs, const char *instance);

/* --- act_repair_leases.c: files of leases that are over, of NICs that are gone. True: there were some --- */
bool repair_leases(struct repairs *repairs);

/* --- act_repair_bandwidth.c: limits of these instances (strv) that were wiped --- */
void repair_bandwidth(struct repairs *repairs, char *const *names);

/* --- act_repair_filters.c: bindings of what is gone, rules that were wiped --- */
void repair_filters(struct repairs *repairs);

#endif
