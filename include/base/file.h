/* Files: whole reads with a bound, whole writes that are there or not (temporary name, fsync, rename), directories. */
#ifndef KVMCTL_BASE_FILE_H
#define KVMCTL_BASE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/error.h"

/* Reads a whole file of at most max bytes; *ret is NUL-terminated and owned by the caller, *ret_length
 * may be NULL. dirfd as openat(2). ERROR_HOST with errnum ENOENT, EACCES ...; EFBIG when it is larger
 * (devices and FIFOs included). */
int file_read_at(int dirfd, const char *path, size_t max, char **ret, size_t *ret_length, struct error *err);
/* The rest of an open fd. `name` is for the error. */
int file_read_fd(int fd, const char *name, size_t max, char **ret, size_t *ret_length, struct error *err);

/* A password: the first line of a file, of which nothing else stays in memory. path "-" is standard
 * input. Never in an error text. ERROR_HOST. */
int file_read_secret(const char *path, char **ret, struct error *err);

/* Replaces dirfd/name by text of `length` bytes: written under a temporary name ".NAME.tmp-XXXXXX" beside
 * it, fsync, rename, fsync of the directory. On failure the old content stays and nothing is left.
 * `durable` false leaves out both fsyncs (status lines). */
int file_write_at(int dirfd, const char *name, const char *text, size_t length, mode_t mode, bool durable,
		  struct error *err);

/* The same, durable; but when the new content is on the disk under its temporary name, then() is called, and only when that returns 0
 * does it come into its place. NULL: nothing is called. */
int file_write_after(int dirfd, const char *name, const char *text, size_t length, mode_t mode,
		     int (*then)(void *arg, struct error *err), void *arg, struct error *err);

/* Looks for temporary files that writers left which were killed: of `name`, or of any (NULL). With
 * `remove` they are taken away; a writer that is just at work begins anew. True when there were some. */
bool file_sweep_at(int dirfd, const char *name, bool remove);
/* The same of files that is_ours() says it of. A directory that is not there (-1) has none. */
bool file_sweep_if(int dirfd, bool (*is_ours)(const char *file, const void *arg), const void *arg, bool remove);

/* write(2) until all is written; -1 with errno. */
int file_write_all(int fd, const void *data, size_t length);

/* Closes all descriptors from `from` up but those of `keep` (in any order; -1 is none); with `at_exec` they are only marked to be closed
 * then. -1 with errno. */
int file_close_others(int from, const int *keep, size_t n, bool at_exec);

/* mkdir -p with `mode` for those that it makes. */
int file_make_dirs(const char *path, mode_t mode, struct error *err);
/* Removes; a thing that is not there is no error. */
int file_remove_at(int dirfd, const char *path, int flags, struct error *err);

/* True for NFS, CIFS, SMB, 9p, FUSE, Ceph, GFS2, OCFS2, Lustre and the like; *ret_name its name (static). 0 or -1. */
int file_is_network_fs(int fd, bool *ret, const char **ret_name, struct error *err);

#endif
