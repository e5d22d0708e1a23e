/* The one teardown: recorded resources backwards, then what carries the instance's name in the run directory. */
#include "ops/act_teardown.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>

#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "vm/claim.h"
#include "vm/instance.h"
#include "vm/resource.h"

/* Files that carry an instance's name, by part and suffix. pid/NAME and conf/NAME.runtime come last, by themselves. */
static const struct {
	enum rundir_part part;
	const char *suffix;
} named_files[] = {
	{ RUNDIR_CTRL, ".qmp" },    { RUNDIR_CTRL, ".query" }, { RUNDIR_CTRL, ".event" }, { RUNDIR_CTRL, ".serial" },
	{ RUNDIR_CTRL, ".vnc" },    { RUNDIR_CTRL, ".agent" }, { RUNDIR_UID, "" },
};

static void remove_named(struct rundir *rundir, enum rundir_part part, const char *name, const char *suffix, struct error *err)
{
	_cleanup_free_ char *file = xprintf("%s%s", name, suffix);
	int dir = rundir_part(rundir, part);

	if (dir >= 0 && err->kind == ERROR_NONE)
		file_remove_at(dir, file, 0, err);
}

/* A directory of the instance with plain files in it. */
static void remove_directory(struct rundir *rundir, enum rundir_part part, const char *name, const char *suffix, struct error *err)
{
	_cleanup_free_ char *file = xprintf("%s%s", name, suffix);
	int parent = rundir_part(rundir, part);
	int fd = parent < 0 ? -1 : openat(parent, file, O_DIRECTORY | O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);

	if (!dir)
		return;
	for (struct dirent *entry; (entry = readdir(dir));)
		if (!streq(entry->d_name, ".") && !streq(entry->d_name, ".."))
			unlinkat(fd, entry->d_name, 0);
	closedir(dir);
	if (err->kind == ERROR_NONE)
		file_remove_at(parent, file, AT_REMOVEDIR, err);
}

/* An empty chroot goes; one that is not is evidence: it is moved away, loudly. */
static void remove_chroot(struct rundir *rundir, const char *name, struct error *err)
{
	int dir = rundir_part(rundir, RUNDIR_CHROOT), quarantine = rundir_part(rundir, RUNDIR_QUARANTINE);

	if (dir < 0 || unlinkat(dir, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
		return;
	_cleanup_free_ char *kept = xprintf("%s-%jd", name, (intmax_t)time(NULL));
	if (errno != ENOTEMPTY && errno != EEXIST) {
		error_errno(err, ERROR_HOST, errno, "cannot remove the chroot \"%s/chroot/%s\"", rundir->path, name);
	} else if (quarantine < 0 || renameat(dir, name, quarantine, kept) < 0) {
		error_errno(err, ERROR_HOST, errno, "cannot move the chroot of \"%s\" to quarantine", name);
	} else {
		log_warning("the chroot of \"%s\" was not empty: it was moved to \"%s/chroot-quarantine/%s\"; look at what QEMU wrote there", name,
			    rundir->path, kept);
	}
}

static void sweep(struct rundir *rundir, const char *name, struct error *err)
{
	for (size_t i = 0; i < ELEMENTS(named_files); i++)
		remove_named(rundir, named_files[i].part, name, named_files[i].suffix, err);
	remove_directory(rundir, RUNDIR_NIC, name, "", err);
	remove_directory(rundir, RUNDIR_CONF, name, ".keys", err);
	remove_chroot(rundir, name, err);
}

/* Backwards; those that cannot be taken down stay in the list, and the first reason is the error. */
static void resources_down(struct context *context, struct state *state, struct error *err)
{
	struct json *left = json_new_array();

	for (size_t i = json_length(state->resources); i-- > 0;) {
		struct json *record = json_at(state->resources, i);
		_cleanup_error_ struct error down = ERROR_INIT;
		_cleanup_free_ char *text = resource_text(record);

		log_debug("down: %s", text);
		if (resource_down(record, context_step(context, context->settings->timeouts.script), &down) == 0)
			continue;
		json_append(left, json_ref(record));
		error_prefix(&down, "cannot release %s", text);
		if (err->kind == ERROR_NONE)
			error_move(err, &down);
		else
			log_warning("%s", down.message);
	}
	json_free(state->resources);
	state->resources = left;
}

/* Links of another network namespace are out of reach, and the same names here may be somebody else's. */
static int check_namespace(const struct state *state, struct error *err)
{
	if (json_length(state->resources) == 0 || !state->net_ns || state->net_ns == instance_net_ns())
		return 0;
	error_set(err, ERROR_UNKNOWN, "instance \"%s\" was started in another network namespace", state->name);
	return error_hint(err, "run kvmctl there (ip netns exec NAME kvmctl ...)");
}

int act_teardown(struct context *context, const char *name, enum teardown_scope scope, struct error *err)
{
	struct rundir *rundir = &context->rundir;
	_cleanup_state_ struct state *state = NULL;
	int found = state_read(rundir, name, &state, err);

	if (found < 0)
		return -1;
	if (found && check_namespace(state, err) < 0)
		return -1;
	if (found)
		resources_down(context, state, err);
	sweep(rundir, name, err);
	if (err->kind != ERROR_NONE) {
		_cleanup_error_ struct error write = ERROR_INIT;

		if (found && state_write(rundir, state, &write) < 0)
			log_warning("%s", write.message);
		return -1;
	}
	if (scope == TEARDOWN_KEEP_RECORD)
		return found ? state_write(rundir, state, err) : 0;
	if (found)
		claims_release(rundir, state->claims, name);
	else
		claims_sweep(rundir, name);
	remove_named(rundir, RUNDIR_CONF, name, ".runtime", err);
	remove_named(rundir, RUNDIR_PID, name, "", err);
	return err->kind == ERROR_NONE ? 0 : -1;
}
