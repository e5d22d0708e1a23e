/* How an instance is moved: what both sides must agree on (the terms), and what the source decides while it goes on (the policy).
 *
 * Pure: defaults come from the spec's migration_* parameters and the settings, options of the command line come on top. */
#ifndef KVMCTL_VM_MIGRATION_POLICY_H
#define KVMCTL_VM_MIGRATION_POLICY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/json.h"
#include "qemu/migration.h"
#include "qemu/probe.h"
#include "vm/settings.h"
#include "vm/spec.h"

enum migration_storage { STORAGE_NONE, STORAGE_ALL, STORAGE_INCREMENTAL, STORAGE_MAX }; /* --copy-storage */
const char *migration_storage_to_string(enum migration_storage storage);
int migration_storage_from_string(const char *s, enum migration_storage *ret);

#define MIGRATION_CHANNELS_MAX 255

/* Sent to the target with the info document: both QEMUs are set alike. */
struct migration_terms {
	bool post_copy, xbzrle, tls;
	int64_t channels;    /* multifd; 0: one stream */
	char *compression;   /* multifd-compression: "none", "zlib", "zstd" */
	char **capabilities; /* more, by QEMU's names: migration_caps of the spec (strv) */
	enum migration_storage storage;
};

#define _cleanup_migration_terms_ _cleanup_(migration_terms_clear)

void migration_terms_clear(struct migration_terms *terms);
struct json *migration_terms_to_json(const struct migration_terms *terms);
/* ERROR_SPEC: all that is wrong with it. */
int migration_terms_from_json(const struct json *document, struct migration_terms *ret, struct error *err);
/* The names to switch on (strv, owned by the caller): those of the terms, "events" and "return-path" and "validate-uuid" always;
 * on the source "pause-before-switchover" where there is storage to copy; on the target "late-block-activate": the images are the source's until the
 * guest is let run here. */
char **migration_terms_capabilities(const struct migration_terms *terms, bool target);

enum migration_on_budget { BUDGET_CANCEL, BUDGET_POST_COPY, BUDGET_PAUSE }; /* --on-timeout */

struct migration_policy {
	bool live; /* false: the guest is paused first */
	bool auto_converge;
	int64_t bandwidth;              /* MiB/s; 0: no limit */
	int64_t downtime, downtime_max; /* ms: where the limit begins, and how far it may grow */
	int64_t post_copy_after;        /* passes; 0: only when it stalls. Needs terms.post_copy */
	int64_t budget_ms;              /* 0: none */
	enum migration_on_budget on_budget;
	int64_t recover_ms; /* how long a broken post-copy is tried to be taken up again */
};

/* What is to be done now; in the order of the enum the mildest comes first. */
enum migration_step { STEP_NONE, STEP_DOWNTIME, STEP_POST_COPY, STEP_PAUSE, STEP_CANCEL, STEP_GIVE_UP };
struct migration_decision {
	enum migration_step step;
	int64_t downtime; /* STEP_DOWNTIME: the new limit, ms */
	const char *why;  /* for the log: static text */
};

/* What the policy remembers from pass to pass; all zero at the beginning. */
struct migration_course {
	int64_t passes, remaining, downtime, stalls;
	bool post_copy, paused;
	enum migration_state state; /* when something last went on; MIGRATION_NONE: nothing is waited for */
	int64_t transferred, moved_ms;
};
/* A target that takes nothing for so long is given up: it is stopped, or its network is gone. */
#define MIGRATION_STUCK_MS 60000

/* Called at each MIGRATION_PASS event and when the budget is over (elapsed_ms since the stream began). */
struct migration_decision migration_decide(const struct migration_policy *policy, const struct migration_terms *terms,
					   struct migration_course *course, const struct migration_progress *progress,
					   int64_t elapsed_ms);
/* When the policy wants to be asked again although nothing was heard. */
struct deadline migration_next_deadline(const struct migration_policy *policy, const struct migration_course *course,
					int64_t began_ms);

/* What was asked for on the command line; numbers below 0, and NULL: not given. Strings are borrowed. */
struct migration_options {
	int64_t bandwidth, downtime, downtime_max, post_copy_after, channels, budget_ms;
	int on_budget; /* enum migration_on_budget */
	int tls;       /* enum migration_tls: see migration_tls_offer() */
	const char *compression;
	bool auto_converge, post_copy, xbzrle, non_live;
	enum migration_storage storage;
};
#define MIGRATION_OPTIONS_NONE \
	((struct migration_options){ -1, -1, -1, -1, -1, -1, -1, -1, NULL, false, false, false, false, STORAGE_NONE })

/* The spec's migration_* parameters with the options over them. ERROR_USAGE: options that do not go together. terms.tls is left false. */
int migration_options_apply(const struct migration_options *options, const struct spec *spec,
			    struct migration_terms *ret_terms, struct migration_policy *ret_policy, struct error *err);

#endif
