/* What QEMU is told over QMP before the guest's first instruction. */
#include "ops/act_launch_parts.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/text.h"
#include "host/machine.h"
#include "host/socket.h"
#include "qemu/machine.h"
#include "vm/pinning.h"

int launch_handshake(struct launch *launch, struct error *err)
{
	return qmp_handshake(launch->qmp, launch->deadline, err);
}

/* A listening socket at `path`, which QEMU's user may not make itself, is made here and handed over by
 * getfd under the name that the arguments refer to. */
static int hand_over_socket(struct launch *launch, const struct plan_command *command, struct error *err)
{
	const char *slash = strrchr(command->path, '/');
	_cleanup_free_ char *directory = xstrndup(command->path, (size_t)(slash - command->path) + 1);
	_cleanup_close_ int dir = open(directory, O_DIRECTORY | O_RDONLY | O_CLOEXEC), listening = -1;
	struct json *arguments = json_new_object();

	json_put_string(arguments, "fdname", PLAN_LISTEN_FDNAME);
	if (dir < 0) {
		json_free(arguments);
		return error_errno(err, ERROR_HOST, errno, "cannot open the directory \"%s\"", directory);
	}
	if (socket_listen_at(dir, slash + 1, 0660, 8, &listening, err) < 0) {
		json_free(arguments);
		return -1;
	}
	return qmp_execute_fds(launch->qmp, "getfd", arguments, &listening, 1, launch->deadline, NULL, err);
}

/* The secret is in memory between file and socket only; the arguments that the plan holds, and `argv`
 * prints, never have it. */
static int send_command(struct launch *launch, const struct plan_command *command, struct error *err)
{
	_cleanup_json_ struct json *arguments = json_copy(command->arguments);

	if (command->secret_file) {
		_cleanup_free_ char *secret = NULL;

		if (file_read_secret(command->secret_file, &secret, err) < 0)
			return -1;
		json_put_string(arguments, command->secret_key, secret);
		explicit_bzero(secret, strlen(secret));
	}
	if (command->listen_fd && hand_over_socket(launch, command, err) < 0)
		return -1;
	return qmp_execute(launch->qmp, command->execute, take_ptr(arguments), launch->deadline, NULL, err);
}

/* As Ganeti does: the guest gets min(maxmem, max(minmem, what the host has free)). */
static int balloon_to_host(struct launch *launch, struct error *err)
{
	const struct spec *spec = launch->spec;
	struct machine_memory memory;

	if (spec->minmem >= spec->maxmem)
		return 0;
	if (machine_memory(&memory, err) < 0)
		return -1;
	int64_t wanted = memory.free > spec->minmem ? memory.free : spec->minmem;
	return wanted >= spec->maxmem ? 0 : machine_balloon(launch->qmp, wanted, launch->deadline, err);
}

/* Pinning last: by then the threads of the start are there. */
int launch_configure(struct launch *launch, struct error *err)
{
	for (size_t i = 0; i < launch->plan->n_commands; i++)
		if (send_command(launch, &launch->plan->commands[i], err) < 0)
			return error_prefix(err, "%s", launch->plan->commands[i].execute);
	/* One that arrives has its balloon as it is. */
	if (!launch->request->incoming && balloon_to_host(launch, err) < 0)
		return -1;
	if (!streq(launch->spec->hv.cpu_mask, "all") &&
	    pinning_apply(launch->qmp, launch->qemu.pid, launch->spec->hv.cpu_mask, launch->deadline, err) < 0)
		return error_prefix(err, "cpu_mask");
	return 0;
}

int launch_run(struct launch *launch, struct error *err)
{
	if (launch->request->incoming)
		return launch_listen(launch, err);
	return launch->request->paused ? 0 : qmp_execute(launch->qmp, "cont", NULL, launch->deadline, NULL, err);
}
