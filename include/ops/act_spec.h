/* Loading the spec that a verb was pointed at: an instance's name, a file, or standard input. */
#ifndef KVMCTL_OPS_ACT_SPEC_H
#define KVMCTL_OPS_ACT_SPEC_H

#include "ops/context.h"
#include "ops/verbs.h"
#include "vm/spec.h"

struct spec_loaded {
	struct spec *spec;
	char *file;   /* absolute path of the file read; "" when it came from standard input */
	char *digest; /* of the text: another digest is another text ("pending") */
};

#define SPEC_LOADED_INIT ((struct spec_loaded){ 0 })
#define _cleanup_spec_loaded_ _cleanup_(spec_loaded_clear)

/* Reads and checks (syntax only). At most JSON_SPEC_MAX_BYTES + 1 bytes are read, whatever the file is,
 * and never past the command's deadline or the time of a start: a FIFO without a writer is a time-out.
 * ERROR_USAGE: no source, or a bad name; ERROR_NO_INSTANCE: no file of that name in spec_dir; ERROR_SPEC:
 * not valid, too large, not there (--spec FILE); ERROR_TIMEOUT. */
int spec_load(struct context *context, const struct spec_source *source, struct spec_loaded *ret, struct error *err);
void spec_loaded_clear(struct spec_loaded *loaded);

/* Its spec's file in spec_dir; NULL when there is none, for certain. Owned by the caller. */
char *spec_file_of(const struct context *context, const char *name);
/* The names of all specs in spec_dir (strv), in no order; NULL when it cannot be read: they serve hints
 * and the completion. */
char **spec_names(const char *spec_dir);

#endif
