/* The two halves of vm/binary: asking a binary, and remembering what it said. Private to binary*.c. */
#ifndef KVMCTL_VM_BINARY_PARTS_H
#define KVMCTL_VM_BINARY_PARTS_H

#include "base/deadline.h"
#include "qemu/probe.h"

/* Runs it (-machine none, one monitor on a socket pair; then --help) and asks each of probe_queries.
 * ERROR_HOST: it cannot be executed; ERROR_QEMU: it is no QEMU, died (with its last words), or answered
 * nonsense; ERROR_TIMEOUT. Nothing of it runs afterwards. */
int binary_ask(const char *path, struct deadline deadline, struct probe **ret, struct error *err);

/* What must be the same for an entry to be believed: the file itself, the module directories, the kernel,
 * KVM's flags. Owned by the caller. ERROR_HOST: not there, or no executable file. */
int binary_identity(const char *path, char **ret, struct error *err);
/* The name of the binary's entry in the cache directory. Owned by the caller. */
char *binary_cache_name(const char *path);
/* The entry, if there is one that can be read and has this identity; else NULL: no failure is more than a
 * reason to ask again. */
struct probe *binary_cache_read(const char *cache_dir, const char *name, const char *identity);
/* A failure is logged and ignored. */
void binary_cache_write(const char *cache_dir, const char *name, const char *identity, const struct probe *probe);

#endif
