/* Images of a guest that has come here and stays paused.
 *
 * QEMU from 10.0 on has a command for it. Older ones activate a node when it is exported: so each is, for a moment, by a server that
 * nobody can reach: its socket has no name any more. */
#include "ops/act_activate.h"

#include <unistd.h>

#include "base/text.h"
#include "host/socket.h"

#define SOCKET_MODE 0600
#define FD_NAME "kvmctl-activate"
#define EXPORT_ID "kvmctl-activate"

/* A listening socket that has no name. */
static int nameless_socket(struct context *context, const char *name, int *ret, struct error *err)
{
	_cleanup_free_ char *file = xprintf("%s.activate", name);
	int dir = rundir_part(&context->rundir, RUNDIR_CTRL);

	if (socket_listen_at(dir, file, SOCKET_MODE, 1, ret, err) < 0)
		return -1;
	unlinkat(dir, file, 0);
	return 0;
}

static int start_server(struct context *context, const char *name, struct qmp *qmp, struct deadline deadline,
			struct error *err)
{
	_cleanup_close_ int fd = -1;
	struct json *getfd = json_new_object(), *start, *address, *data;

	json_put_string(getfd, "fdname", FD_NAME);
	if (nameless_socket(context, name, &fd, err) < 0) {
		json_free(getfd);
		return -1;
	}
	if (qmp_execute_fds(qmp, "getfd", getfd, &fd, 1, deadline, NULL, err) < 0)
		return -1;
	start = json_new_object();
	address = json_new_object();
	data = json_new_object();
	json_put_string(data, "str", FD_NAME);
	json_put_string(address, "type", "fd");
	json_put(address, "data", data);
	json_put(start, "addr", address);
	return qmp_execute(qmp, "nbd-server-start", start, deadline, NULL, err);
}

static int export_once(struct qmp *qmp, const char *node, struct deadline deadline, struct error *err)
{
	struct json *add = json_new_object(), *del;

	json_put_string(add, "type", "nbd");
	json_put_string(add, "id", EXPORT_ID);
	json_put_string(add, "node-name", node);
	if (qmp_execute(qmp, "block-export-add", add, deadline, NULL, err) < 0)
		return -1;
	del = json_new_object();
	json_put_string(del, "id", EXPORT_ID);
	return qmp_execute(qmp, "block-export-del", del, deadline, NULL, err);
}

static int export_each(struct qmp *qmp, const struct json *blocks, struct deadline deadline, struct error *err)
{
	for (size_t i = 0; i < json_length(blocks); i++) {
		const char *node = json_get_string(json_get(json_at(blocks, i), "inserted"), "node-name", "");

		if (*node && export_once(qmp, node, deadline, err) < 0)
			return -1;
	}
	return 0;
}

static int by_exports(struct context *context, const char *name, struct qmp *qmp, struct deadline deadline,
		      struct error *err)
{
	_cleanup_error_ struct error at_end = ERROR_INIT;
	_cleanup_json_ struct json *blocks = NULL;
	int result;

	if (qmp_execute(qmp, "query-block", NULL, deadline, &blocks, err) < 0)
		return -1;
	if (json_length(blocks) == 0)
		return 0;
	if (start_server(context, name, qmp, deadline, err) < 0)
		return -1;
	result = export_each(qmp, blocks, deadline, err);
	if (qmp_execute(qmp, "nbd-server-stop", NULL, deadline, NULL, result < 0 ? &at_end : err) < 0)
		return -1;
	return result;
}

int act_activate(struct context *context, const char *name, struct qmp *qmp, struct deadline deadline,
		 struct error *err)
{
	struct json *arguments = json_new_object();

	json_put_bool(arguments, "active", true);
	if (qmp_execute(qmp, "blockdev-set-active", arguments, deadline, NULL, err) == 0)
		return 0;
	if (!streq(qmp_error_class(qmp), "CommandNotFound"))
		return -1;
	error_clear(err);
	return by_exports(context, name, qmp, deadline, err);
}
