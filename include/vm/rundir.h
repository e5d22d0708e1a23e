/* The run directory: the only room that knows its layout (kvmctl(8) "FILES"). Everything is reached
 * through directory fds. */
#ifndef KVMCTL_VM_RUNDIR_H
#define KVMCTL_VM_RUNDIR_H

#include <dirent.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/deadline.h"
#include "base/error.h"

enum rundir_part {
	RUNDIR_PID,
	RUNDIR_UID,
	RUNDIR_CTRL,
	RUNDIR_CONF,
	RUNDIR_NIC,
	RUNDIR_CHROOT,
	RUNDIR_QUARANTINE,
	RUNDIR_LOCK,
	RUNDIR_EXIT,
	RUNDIR_LOG,
	RUNDIR_CLAIM,  /* links WHAT -> NAME: who has a MAC, a uuid, a VNC port, a writable disk */
	RUNDIR_FILTER, /* INTERFACE: what is filtered there (vm/filter_binding.h) */
	RUNDIR_SAVED,  /* links NAME -> the file with its memory. Outside: in state_dir, since it outlives the host */
	RUNDIR_PART_MAX
};

struct rundir {
	char *path;
	char *saved;                /* path of the part RUNDIR_SAVED; NULL: not told, there is none then */
	int fd;                     /* -1: it does not exist (opened for looking only) */
	int parts[RUNDIR_PART_MAX]; /* opened when first asked for; -1 before */
	uint64_t net_ns; /* the network namespace that we look from (instance_look); 0 before it was asked for */
};

#define RUNDIR_INIT ((struct rundir){ .fd = -1 })
#define _cleanup_rundir_ _cleanup_(rundir_close)

/* For looking: a directory that is not there is an empty one (fd -1). For working (create): it and its
 * parts are made (0750). ERROR_HOST: a network file system, not a directory, not ours to write. */
int rundir_open(const char *path, bool create, struct rundir *ret, struct error *err);
void rundir_close(struct rundir *rundir);
/* Where the saved ones are recorded: "STATE_DIR/.saved". Told once, after opening. */
void rundir_set_saved(struct rundir *rundir, const char *state_dir);
/* Makes that directory, for the first one that is saved. */
int rundir_make_saved(struct rundir *rundir, struct error *err);
/* For those who look for a long time: a directory that was not there, or that was removed, is opened if
 * there is one now. 1: it is another one than before. */
int rundir_renew(struct rundir *rundir, struct error *err);
/* The directory fd of a part, borrowed; -1 with errno ENOENT when it is not there. */
int rundir_part(struct rundir *rundir, enum rundir_part part);
const char *rundir_part_name(enum rundir_part part); /* "pid", ... */
/* "RUNDIR/PART/NAME" + suffix, for people and for the few that need a path. Owned by the caller. */
char *rundir_path(const struct rundir *rundir, enum rundir_part part, const char *name, const char *suffix);

/* The part opened for readdir, or NULL with errno; closed by the caller. */
DIR *rundir_read(struct rundir *rundir, enum rundir_part part);

/* Collecting instance names: the files of a part less `suffix`, as far as they are names; then sorted,
 * each once (strv). */
struct rundir_names {
	char **list;
	size_t n;
};
int rundir_names_add(struct rundir *rundir, enum rundir_part part, const char *suffix, struct rundir_names *names,
		     struct error *err);
char **rundir_names_finish(struct rundir_names *names);

/* All names that have a pid file, a state, an exit record, or saved memory, sorted, without duplicates (strv). */
int rundir_names(struct rundir *rundir, char ***ret, struct error *err);

/* The instance's lock: who holds it may change it, and tears it down. ERROR_BUSY names the holder. */
int rundir_lock(struct rundir *rundir, const char *name, const char *verb, struct deadline deadline, int *ret_fd,
		struct error *err);
/* A child of who took it holds it from now on, as `verb`. */
void rundir_lock_inherited(int fd, const char *verb);
/* The lock of all that is filtered on this host. */
int rundir_lock_filters(struct rundir *rundir, const char *verb, struct deadline deadline, int *ret_fd,
			struct error *err);
/* The lock of the query monitor: a stopped looker is named, not taken for a dead guest. */
int rundir_lock_query(struct rundir *rundir, const char *name, struct deadline deadline, int *ret_fd,
		      struct error *err);

#endif
