/* What the files of the host check share. */
#ifndef KVMCTL_VM_HOST_CHECK_INTERNAL_H
#define KVMCTL_VM_HOST_CHECK_INTERNAL_H

#include "base/problems.h"
#include "vm/host_check.h"

struct check {
	const struct spec *spec;
	const struct settings *settings;
	const struct probe *probe; /* NULL: the binary is not to be asked */
	const bool *absent;        /* per disk: not to be looked at; NULL: none */
	struct problems problems;
};

/* Each adds problems under `path` (JSON path) and says what to do. */
void check_readable(struct check *check, const char *path, const char *file); /* a file that can be read */
void check_medium(struct check *check, const char *path,
		  const char *file); /* a file or block device that can be read */
void check_executable(struct check *check, const char *path, const char *file);
void check_directory(struct check *check, const char *path, const char *directory);
/* One non-empty line of at most max bytes. The content is never shown. */
void check_secret(struct check *check, const char *path, const char *file, size_t max);
/* The binary has the block driver of the URI. */
void check_uri(struct check *check, const char *path, const char *uri);

/* The chapters. */
void host_check_binary(struct check *check);
void host_check_boot(struct check *check);
void host_check_display(struct check *check);
void host_check_cpu_and_memory(struct check *check);
void host_check_identity(struct check *check);
void host_check_disks(struct check *check);
void host_check_nics(struct check *check);
void host_check_hooks(struct check *check);
void host_check_migration(struct check *check);

#endif
