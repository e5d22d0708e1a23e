/* Host-wide settings (kvmctl.json) and where things are. */
#ifndef KVMCTL_VM_SETTINGS_H
#define KVMCTL_VM_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/json.h"

struct timeouts {          /* milliseconds */
	int64_t start;     /* 30,000 and 1,000 per GiB of memory on top */
	int64_t powerdown; /* 120,000 */
	int64_t quit;      /* 5,000 */
	int64_t sigterm;   /* 30,000 */
	int64_t sigkill;   /* 5,000 */
	int64_t command;   /* 5,000: a QMP command without a row of its own */
	int64_t query;     /* 1,000 */
	int64_t script;    /* 60,000 */
};

enum migration_tls { MIGRATION_TLS_OFF, MIGRATION_TLS_ON, MIGRATION_TLS_REQUIRED };

struct settings {
	char *file;    /* the file read, or "" */
	char *run_dir; /* absolute */
	char *spec_dir;
	char *filter_mark; /* as text */
	uint32_t filter_mark_mask;
	char *filter_dir;          /* network filters that were defined here */
	char *secgroup_dir;        /* security groups and their members */
	char *state_dir;           /* lasting things: /var/lib/kvmctl; users: $XDG_STATE_HOME/kvmctl */
	char *cache_dir;           /* /var/cache/kvmctl; users: $XDG_CACHE_HOME/kvmctl */
	char *uid_dir;             /* locks of the uid pool: /run/kvmctl-uids */
	char *uid_pool;            /* "A-B" as written, "" = none; parsed: */
	uid_t uid_first, uid_last; /* the pool; both 0: none */
	bool as_root;              /* whose defaults these are; with a pool, security_model is "pool" by default */
	struct json *defaults;     /* hvparams, checked one by one (not against each other), or NULL */
	struct timeouts timeouts;
	char *nic_script;  /* "" = built in */
	int64_t log_max;   /* bytes */
	int migration_tls; /* enum migration_tls; with ca, cert and key unless it is off */
	char *migration_ca, *migration_cert, *migration_key, *migration_crl; /* "" = unset */
	char *spice_ca, *spice_cert, *spice_key; /* spice_tls: cacert, cert, key; "" = unset */
};

#define _cleanup_settings_ _cleanup_(settings_free_ptr)

/* Where the value comes from: the option (NULL: none), then the environment (KVMCTL_CONFIG,
 * KVMCTL_RUN_DIR), then the file, then the default for root or for a user. A file that was named must
 * exist; the default one need not. All problems at once, ERROR_SPEC. */
int settings_load(const char *config_option, const char *run_dir_option, struct settings **ret, struct error *err);
/* A user without a session has no run directory (""), which is an error only for what needs one: ERROR_HOST. */
int settings_require_run_dir(const struct settings *settings, struct error *err);
/* From text, for tests and fuzzing: reads no file; as_root selects the defaults (a user's come from XDG_* and HOME). */
int settings_parse(const char *text, size_t length, const char *what, bool as_root, struct settings **ret,
		   struct error *err);
void settings_free(struct settings *settings);
/* Every setting with its value. */
struct json *settings_to_json(const struct settings *settings);
/* The JSON Schema (draft 2020-12) of the settings, from the rows. */
struct json *settings_schema(void);
void settings_free_ptr(struct settings **settings);

#endif
