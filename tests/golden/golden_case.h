/* A golden case: a JSON file with a title, a spec, and what the host and the binary are like; made into a plan. Shared by the two programs. */
#ifndef GOLDEN_CASE_H
#define GOLDEN_CASE_H

#include "vm/plan.h"

/* {"title": "...", "spec": {...}, and, where they differ from a host that has everything:
 *  "settings": {...}, "facts": {"kvm": false, "disks": [{"layers": [{"path", "format", "block_device"}], "shared_fs": true}], ...},
 *  "recorded": {"machine", "addresses", "hvparams"}, "incoming": true, "allow_unsafe_cache": true}
 * "@DIR@" stands for a directory that the two programs choose differently. */
struct golden_case {
	struct json *document;
	const char *title;
	struct settings *settings;
	struct spec *spec;
	struct facts facts;
	struct hardware recorded;
	char *chroot, *variables;
	struct plan_input input;
};

#define _cleanup_golden_ __attribute__((cleanup(golden_free)))

/* A parameter that is taken out of the spec before it is read, or NULL. Bad files end the program. *ret_error: the spec's own problems (then there is nothing to plan). */
void golden_read(struct golden_case *c, const char *file, const char *directory, const struct probe *probe,
		 const char *without, struct error *ret_error);
void golden_free(struct golden_case *c);
/* The recorded answers of one QEMU. */
struct probe *golden_probe(const char *fixture);
__attribute__((noreturn, format(printf, 1, 2))) void golden_die(const char *format, ...);

#endif
