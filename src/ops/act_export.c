/* The disks that are copied to this host: images, exports.
 *
 * An image that was made is on record until its guest is let run: so whatever ends the move before that, the teardown removes it. The word "granted" is
 * written first, and from then on nothing removes an image, whether it is on record still or not. */
#include "ops/act_export.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/text.h"
#include "host/image_make.h"
#include "host/port.h"
#include "vm/migration_tls.h"

#define FDNAME "kvmctl-nbd"

static bool is_there(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0;
}

/* Only files are removed again: a block device is somebody's. */
static struct json *images_to_make(const struct spec *spec, const struct migration_info *info)
{
	struct json *list = json_new_array();

	for (size_t i = 0; i < info->n_disks && i < spec->n_disks; i++)
		if (info->disks[i].copied && !is_there(spec->disks[i].path))
			json_append_string(list, spec->disks[i].path);
	return list;
}

/* What the launch writes anew, with all that is known by then. */
static int record(struct context *context, const struct spec_loaded *loaded, const struct migration_info *info,
		  const struct move *move, struct error *err)
{
	_cleanup_json_ struct json *hardware = hardware_to_json(&info->hardware);
	_cleanup_state_ struct state *state = xcalloc(1, sizeof(*state));
	const struct spec *spec = loaded->spec;
	struct status status = {
		.phase = PHASE_STARTING, .paused = true, .reason = "start", .since_ms = clock_realtime_ms()
	};

	snprintf(status.move, sizeof(status.move), "%s", move->id);
	state->name = xstrdup(spec->name);
	state->uuid = xstrdup(spec->uuid);
	state->phase = PHASE_STARTING;
	state->spec = json_ref(spec->source);
	state->kvmctl_version = xstrdup(KVMCTL_VERSION);
	state->resources = json_new_array();
	state->move = move_copy(move);
	if (hardware_from_json(hardware, &state->hardware, err) < 0 || state_write(&context->rundir, state, err) < 0)
		return -1;
	return status_write(rundir_part(&context->rundir, RUNDIR_PID), spec->name, &status, err);
}

static int make_one(struct context *context, const struct disk *disk, const struct migration_disk *there,
		    enum migration_storage storage, struct error *err)
{
	const struct image_order order = {
		.path = disk->path,
		.format = disk->format,
		.size = there->virtual_size,
		.backing = storage == STORAGE_INCREMENTAL ? there->backing : "",
	};

	if (there->virtual_size < 0)
		return error_set(err, ERROR_HOST, "the size of the guest's disk is not known: it cannot be copied");
	return image_make(&order, context_step(context, context->settings->timeouts.start), err);
}

int act_export_make(struct context *context, const struct spec_loaded *loaded, const struct migration_info *info,
		    struct move *move, struct error *err)
{
	const struct spec *spec = loaded->spec;

	if (info->terms.storage == STORAGE_NONE)
		return 0;
	move->cleanup = images_to_make(spec, info);
	if (record(context, loaded, info, move, err) < 0)
		return -1;
	for (size_t i = 0; i < info->n_disks && i < spec->n_disks; i++)
		if (info->disks[i].copied &&
		    make_one(context, &spec->disks[i], &info->disks[i], info->terms.storage, err) < 0)
			return error_prefix(err, "disks[%zu]", i);
	return 0;
}

/* --- exports --- */

static int start_server(struct qmp *qmp, const struct migration_info *info, const char *address,
			struct deadline deadline, int *ret_port, struct error *err)
{
	_cleanup_close_ int listening = -1;
	struct json *name = json_new_object(), *data = json_new_object(), *where = json_new_object(),
		    *arguments = json_new_object();

	json_put_string(name, "fdname", FDNAME);
	json_put_string(data, "str", FDNAME);
	json_put_string(where, "type", "fd");
	json_put(where, "data", data);
	json_put(arguments, "addr", where);
	if (info->terms.tls)
		json_put_string(arguments, "tls-creds", MIGRATION_TLS_SERVER);
	if (port_listen(address, &listening, ret_port, err) < 0) {
		json_free(name);
	} else if (qmp_execute_fds(qmp, "getfd", name, &listening, 1, deadline, NULL, err) == 0) {
		return qmp_execute(qmp, "nbd-server-start", arguments, deadline, NULL, err);
	}
	json_free(arguments);
	return -1;
}

static int export_one(struct qmp *qmp, size_t i, struct deadline deadline, struct error *err)
{
	struct json *arguments = json_new_object();

	json_put_string(arguments, "type", "nbd");
	json_put_stringf(arguments, "id", "export%zu", i);
	json_put_stringf(arguments, "node-name", "disk%zu", i); /* as the plan names the guest's disk */
	json_put_stringf(arguments, "name", "disk%zu", i);
	json_put_bool(arguments, "writable", true);
	return qmp_execute(qmp, "block-export-add", arguments, deadline, NULL, err);
}

int act_export_start(struct qmp *qmp, const struct migration_info *info, const char *address, struct deadline deadline,
		     int *ret_port, struct error *err)
{
	if (start_server(qmp, info, address, deadline, ret_port, err) < 0)
		return error_prefix(err, "the server for the disks");
	for (size_t i = 0; i < info->n_disks; i++)
		if (info->disks[i].copied && export_one(qmp, i, deadline, err) < 0)
			return error_prefix(err, "disks[%zu]", i);
	return 0;
}

int act_export_stop(struct qmp *qmp, struct deadline deadline, struct error *err)
{
	_cleanup_json_ struct json *exports = NULL;

	if (qmp_execute(qmp, "query-block-exports", NULL, deadline, &exports, err) < 0) {
		if (!streq(qmp_error_class(qmp), "CommandNotFound"))
			return -1;
		error_clear(err); /* a QEMU that has none */
		return 0;
	}
	return json_length(exports) == 0 ? 0 : qmp_execute(qmp, "nbd-server-stop", NULL, deadline, NULL, err);
}

/* --- whose the images are --- */

/* What is not known is taken for a guest that ran: an image is a disk, and a disk that is left over does less harm than one that is missing. */
static bool never_ran(struct context *context, const char *name)
{
	_cleanup_error_ struct error ignored = ERROR_INIT;
	struct status status;
	int pid_dir = rundir_part(&context->rundir, RUNDIR_PID);

	if (pid_dir < 0 || status_read(pid_dir, name, &status, &ignored) != 1)
		return false;
	return status.phase == PHASE_STARTING || (status.phase == PHASE_INCOMING && streq(status.reason, MOVE_WAITING));
}

int act_export_remove(struct context *context, const struct state *state, struct error *err)
{
	const struct json *images = state->move ? state->move->cleanup : NULL;

	if (json_length(images) == 0 || !never_ran(context, state->name))
		return 0;
	for (size_t i = 0; i < json_length(images); i++) {
		const char *path = json_string(json_at(images, i), "");

		if (*path == '/' && file_remove_at(AT_FDCWD, path, 0, err) < 0)
			return error_prefix(err, "the image that was made for \"%s\"", state->name);
	}
	return 0;
}

int act_export_keep(struct context *context, struct state *state, struct error *err)
{
	if (!state->move || json_length(state->move->cleanup) == 0)
		return 0;
	json_free(take_ptr(state->move->cleanup));
	return state_write(&context->rundir, state, err);
}
