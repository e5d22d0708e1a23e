/* The hypervisor parameters: one table (src/vm/params.def), from which the struct, the reader, the
 * checks, `kvmctl params`, the manual, the JSON Schema and the table tests come. Names and meaning:
 * Ganeti's (see the rows). */
#ifndef KVMCTL_VM_PARAMS_H
#define KVMCTL_VM_PARAMS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/json.h"
#include "base/problems.h"

enum param_kind {
	PARAM_BOOL, /* bool */
	PARAM_INT,  /* int64_t, min..max */
	PARAM_TEXT, /* char *, never NULL, "" = unset */
	PARAM_PATH, /* char *, absolute or "" */
	PARAM_CHOICE, /* char *, one of `choices` (a space-separated list; a leading "\"\"" means that empty is allowed) */
	PARAM_KIND_MAX
};

enum param_seen { SEEN_GUEST, SEEN_HOST };

/* The members of struct hvparams, by kind, from the rows. */
#define PARAM_TYPE_PARAM_BOOL bool
#define PARAM_TYPE_PARAM_INT int64_t
#define PARAM_TYPE_PARAM_TEXT char *
#define PARAM_TYPE_PARAM_PATH char *
#define PARAM_TYPE_PARAM_CHOICE char *

enum hvparam {
#define PARAM(name, ...) HV_##name,
#include "vm/params.def"
#undef PARAM
	HV_MAX
};

struct hvparams {
#define PARAM(name, kind, ...) PARAM_TYPE_##kind name;
#include "vm/params.def"
#undef PARAM
	bool given[HV_MAX]; /* written in the spec itself (not a default, not the settings') */
};

struct spec;

struct param_row {
	const char *name;
	enum param_kind kind;
	int64_t min, max;     /* PARAM_INT; PARAM_TEXT: max is the longest length, 0: 4096 */
	const char *choices;  /* PARAM_CHOICE; PARAM_INT with a fixed set ("75 110 ..."); else NULL */
	const char *fallback; /* the default, as text */
	enum param_seen seen;
	/* Syntax check of this parameter in its spec (pure), or NULL. Called after all values are read. */
	void (*check)(const struct spec *spec, const char *path, struct problems *problems);
	const char *doc; /* one or more sentences, for help and manual */
	size_t offset;   /* in struct hvparams */
};
extern const struct param_row param_rows[HV_MAX];

struct value_rule;
/* The row as a rule of value.h. */
struct value_rule param_rule(const struct param_row *row);
const struct param_row *param_find(const char *name); /* NULL: unknown */

/* All defaults. */
void hvparams_init(struct hvparams *hv);
void hvparams_free(struct hvparams *hv);
/* Reads an object of hvparams over what hv holds; unknown names, wrong types, values out of range become
 * problems under PATH.NAME (with "did you mean"). Ganeti hands booleans and numbers over as such or as
 * text: both are taken ("true", "1024"). `given` is set where `mark_given`. */
void hvparams_read(struct hvparams *hv, const struct json *object, const char *path, bool mark_given,
		   struct problems *problems);
/* Every parameter with its value (in the rows' order). */
struct json *hvparams_to_json(const struct hvparams *hv, bool only_given);
/* One value as text: "true", "38400", "disk". Owned by the caller. */
char *hvparams_text(const struct hvparams *hv, enum hvparam param);
/* The object of all parameters as a JSON Schema. */
struct json *params_schema(void);

#endif
