/* A launch whose guest comes from elsewhere: where QEMU waits for it.
 *
 * QEMU binds TCP by itself: whoever it runs as, it may. A UNIX socket it may bind in no directory that its user cannot reach: so it
 * gets one as a descriptor, and binds below /proc/self/fd; a link leads there from where people want the socket. */
#include "ops/act_launch_parts.h"

#include <fcntl.h>
#include <inttypes.h>
#include <sys/stat.h>

#include "base/log.h"
#include "base/strv.h"
#include "base/text.h"
#include "host/port.h"
#include "ops/act_export.h"
#include "qemu/migration.h"
#include "vm/migration_place.h"
#include "vm/migration_tls.h"
#include "vm/resource.h"

#define INCOMING_FDNAME "kvmctl-incoming"
#define SOCKET_NAME "socket"
#define PORT_ATTEMPTS 8

static char *socket_directory(const struct launch *launch)
{
	return rundir_path(&launch->context->rundir, RUNDIR_CTRL, launch->name, ".incoming");
}

void launch_record_listening(struct launch *launch)
{
	_cleanup_error_ struct error ignored = ERROR_INIT;
	_cleanup_migration_place_ struct migration_place place = { .fd = -1 };
	const struct launch_incoming *incoming = launch->request->incoming;

	/* What is no place is said before anything is made, by launch_check_listening. */
	if (!incoming || migration_place_parse(incoming->listen, &place, &ignored) < 0 || place.kind != PLACE_UNIX)
		return;
	_cleanup_free_ char *directory = socket_directory(launch), *target = xprintf("%s/%s", directory, SOCKET_NAME);
	json_append(launch->state->resources, resource_link(place.path, target));
}

int launch_check_listening(const struct launch *launch, struct error *err)
{
	_cleanup_migration_place_ struct migration_place place = { .fd = -1 };
	const struct launch_incoming *incoming = launch->request->incoming;
	struct stat st;

	if (!incoming)
		return 0;
	if (migration_place_parse(incoming->listen, &place, err) < 0)
		return -1;
	if (place.kind == PLACE_FD && fcntl(place.fd, F_GETFD) < 0)
		return error_set(err, ERROR_USAGE, "\"%s\": there is no such descriptor", incoming->listen);
	if (place.kind == PLACE_FD && incoming->terms->channels > 0) {
		error_set(err, ERROR_USAGE, "several channels do not go through one descriptor (\"%s\")",
			  incoming->listen);
		return error_hint(err, "let it listen on an address, or migrate without --channels");
	}
	if (place.kind == PLACE_UNIX && launch->plan->identity == IDENTITY_CHROOT) {
		error_set(err, ERROR_STATE,
			  "QEMU of \"%s\" cannot listen on \"%s\": it is in a chroot (use_chroot), where it can make "
			  "no socket",
			  launch->name, incoming->listen);
		return error_hint(err, "let it listen on an address, or hand over a connected descriptor (fd:N)");
	}
	if (place.kind == PLACE_UNIX && lstat(place.path, &st) == 0)
		return error_set(err, ERROR_STATE, "\"%s\" exists already", place.path);
	return 0;
}

/* QEMU can be told more than once to wait again, and lets go of where it waited before, since a little before it has this capability. */
static bool can_wait_again(const struct launch *launch)
{
	return probe_has_migration_cap(launch->probe, "postcopy-preempt");
}

static int wait_at(struct launch *launch, const char *uri, struct error *err)
{
	struct json *arguments = json_new_object();

	json_put_string(arguments, "uri", uri);
	if (qmp_execute(launch->qmp, "migrate-incoming", arguments, launch->deadline, NULL, err) < 0)
		return -1;
	text_replace(&launch->request->incoming->told, uri);
	launch->request->incoming->again = can_wait_again(launch);
	return 0;
}

/* QEMU is content with one of several addresses: where another one listens at the same port a source could reach that one. */
static int require_all(struct launch *launch, const char *host, int64_t port, struct error *err)
{
	_cleanup_json_ struct json *progress = NULL;
	int wanted = port_addresses(host);

	if (qmp_execute(launch->qmp, "query-migrate", NULL, launch->deadline, &progress, err) < 0)
		return -1;
	if ((int)json_length(json_get(progress, "socket-address")) >= wanted)
		return 0;
	error_set(err, ERROR_STATE,
		  "QEMU of \"%s\" could not listen at port %" PRId64 " of all addresses: another one does",
		  launch->name, port);
	return error_hint(err, "try it again, or let it listen at one address");
}

/* 1: it waits there; 0: the port is taken. */
static int try_port(struct launch *launch, const char *host, int64_t port, struct error *err)
{
	_cleanup_free_ char *uri = migration_tcp_uri(host, port);

	if (!port_is_free(host, (int)port))
		return 0;
	if (wait_at(launch, uri, err) == 0)
		return require_all(launch, host, port, err) < 0 ? -1 : 1;
	if (err->kind != ERROR_QEMU || !strstr(err->message, "in use"))
		return -1;
	error_clear(err);
	return 0;
}

/* Chosen here: QEMU would take another one for each of several addresses. */
static int try_any(struct launch *launch, const char *host, int *ret_port, struct error *err)
{
	int r = 0;

	for (int i = 0; i < PORT_ATTEMPTS && r == 0; i++) {
		_cleanup_close_ int fd = -1;

		if (port_listen(host, &fd, ret_port, err) < 0)
			return -1;
		close_fd(&fd);
		fd = -1;
		r = try_port(launch, host, *ret_port, err);
	}
	return r;
}

/* A port that nobody asked for is only where one looks first: two guests that arrive at once both find one. */
static int wait_on_tcp(struct launch *launch, const struct migration_place *place, char **ret_uri, struct error *err)
{
	int port = (int)(place->port >= 0 ? place->port : launch->spec->hv.migration_port);
	int r = port > 0 ? try_port(launch, place->host, port, err) : 0;

	if (r == 0 && place->port > 0) {
		error_set(err, ERROR_STATE, "port %d is taken on this host", port);
		return error_hint(err, "port 0 takes any that is free");
	}
	if (r == 0 && port > 0)
		log_verbose("%s: port %d is taken, another one is used", launch->name, port);
	if (r == 0)
		r = try_any(launch, place->host, &port, err);
	if (r == 0)
		return error_set(err, ERROR_HOST, "no free port was found for the guest to arrive at");
	if (r < 0)
		return -1;
	_cleanup_free_ char *name = migration_host_name(place->host);
	*ret_uri = migration_tcp_uri(name, port);
	return 0;
}

/* The directory is QEMU's while it binds, and nobody's but ours afterwards: it could fill the run directory. */
static int make_directory(struct launch *launch, int *ret, struct error *err)
{
	_cleanup_free_ char *name = xprintf("%s.incoming", launch->name);
	int ctrl = rundir_part(&launch->context->rundir, RUNDIR_CTRL);
	_cleanup_close_ int dir = -1;

	if (mkdirat(ctrl, name, 0700) < 0 && errno != EEXIST)
		return error_errno(err, ERROR_HOST, errno, "cannot make \"%s\"", name);
	dir = openat(ctrl, name, O_DIRECTORY | O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (dir < 0 ||
	    (launch->plan->identity == IDENTITY_DROPPED && fchown(dir, launch->facts.uid, launch->facts.gid) < 0))
		return error_errno(err, ERROR_HOST, errno, "cannot give \"%s\" to QEMU", name);
	*ret = take_fd(&dir);
	return 0;
}

static int bind_in(struct launch *launch, int dir, struct error *err)
{
	_cleanup_json_ struct json *reply = NULL;

	if (qmp_execute_fds(launch->qmp, "add-fd", NULL, &dir, 1, launch->deadline, &reply, err) < 0)
		return -1;
	_cleanup_free_ char *uri =
		xprintf("unix:/proc/self/fd/%" PRId64 "/" SOCKET_NAME, json_get_int(reply, "fd", -1));
	return wait_at(launch, uri, err);
}

static int wait_on_unix(struct launch *launch, const struct migration_place *place, char **ret_uri, struct error *err)
{
	_cleanup_free_ char *directory = socket_directory(launch), *target = xprintf("%s/%s", directory, SOCKET_NAME);
	_cleanup_close_ int dir = -1;

	if (make_directory(launch, &dir, err) < 0 || bind_in(launch, dir, err) < 0)
		return -1;
	if (launch->plan->identity == IDENTITY_DROPPED &&
	    (fchown(dir, geteuid(), getegid()) < 0 ||
	     fchownat(dir, SOCKET_NAME, geteuid(), getegid(), AT_SYMLINK_NOFOLLOW) < 0))
		return error_errno(err, ERROR_HOST, errno, "cannot take back \"%s\"", directory);
	if (symlink(target, place->path) < 0)
		return error_errno(err, ERROR_HOST, errno, "cannot make \"%s\"", place->path);
	*ret_uri = xprintf("unix:%s", place->path);
	return 0;
}

static int wait_on_fd(struct launch *launch, const struct migration_place *place, char **ret_uri, struct error *err)
{
	struct json *arguments = json_new_object();

	json_put_string(arguments, "fdname", INCOMING_FDNAME);
	if (qmp_execute_fds(launch->qmp, "getfd", arguments, &place->fd, 1, launch->deadline, NULL, err) < 0)
		return -1;
	*ret_uri = xprintf("fd:%d", place->fd);
	return wait_at(launch, "fd:" INCOMING_FDNAME, err);
}

/* Both QEMUs are set alike; the source's other parameters are about sending. */
static int set_terms(struct launch *launch, const struct migration_terms *terms, struct error *err)
{
	_cleanup_strv_ char **capabilities = migration_terms_capabilities(terms, true);
	struct json *parameters = json_new_object();

	if (terms->channels > 0) {
		json_put_int(parameters, "multifd-channels", terms->channels);
		json_put_string(parameters, "multifd-compression",
				is_empty(terms->compression) ? "none" : terms->compression);
	}
	if (terms->tls)
		json_put_string(parameters, "tls-creds", MIGRATION_TLS_SERVER);
	if (migration_set_capabilities(launch->qmp, capabilities, launch->deadline, err) == 0)
		return migration_set_parameters(launch->qmp, parameters, launch->deadline, err);
	json_free(parameters);
	return -1;
}

/* Beside a stream that comes by another way than TCP they are on all addresses. */
static int export_disks(struct launch *launch, const struct migration_place *place, struct error *err)
{
	struct launch_incoming *incoming = launch->request->incoming;
	const char *host = place->host ? place->host : "";

	if (!incoming->exports || incoming->exports->terms.storage == STORAGE_NONE)
		return 0;
	incoming->nbd_host = migration_host_name(host);
	return act_export_start(launch->qmp, incoming->exports, host, launch->deadline, &incoming->nbd_port, err);
}

int launch_listen(struct launch *launch, struct error *err)
{
	_cleanup_migration_place_ struct migration_place place = { .fd = -1 };
	struct launch_incoming *incoming = launch->request->incoming;

	if (migration_place_parse(incoming->listen, &place, err) < 0 || set_terms(launch, incoming->terms, err) < 0 ||
	    export_disks(launch, &place, err) < 0)
		return -1;
	switch (place.kind) {
	case PLACE_TCP:
		return wait_on_tcp(launch, &place, &incoming->uri, err);
	case PLACE_UNIX:
		return wait_on_unix(launch, &place, &incoming->uri, err);
	case PLACE_FD:
		break;
	}
	return wait_on_fd(launch, &place, &incoming->uri, err);
}
