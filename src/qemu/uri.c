/* Network disks: one function a family of schemes, and the table that names them. What the members are
 * called: QEMU's qapi/block-core.json, which the recorded schemas hold (tests/unit/uri_test.c walks
 * them). */
#include "qemu/uri.h"

#include <ctype.h>

#include "base/strv.h"
#include "base/text.h"
#include "uri_parts.h"
#include "uri_rbd.h"

struct scheme;
/* secret_id is NULL for drivers whose row has `secret` false. */
typedef int (*convert_fn)(const struct scheme *scheme, const char *uri, const char *secret_id, struct json *out,
			  struct error *err);

struct scheme {
	const char *prefix;
	const char *driver;
	bool secret; /* the protocol logs in */
	convert_fn convert;
	const char *form; /* for the hint */
};

static int bad_form(const struct scheme *scheme, const char *what, struct error *err)
{
	error_set(err, ERROR_SPEC, "a \"%s\" disk %s", scheme->driver, what);
	return error_hint(err, "write %s", scheme->form);
}

static struct json *inet_server(const char *type, const char *host, const char *port)
{
	struct json *server = json_new_object();

	if (type)
		json_put_string(server, "type", type);
	json_put_string(server, "host", host);
	json_put_string(server, "port", port);
	return server;
}

static struct json *unix_server(const char *path)
{
	struct json *server = json_new_object();

	json_put_string(server, "type", "unix");
	json_put_string(server, "path", path);
	return server;
}

/* The path without its '/', when it is not empty. */
static void put_export(struct json *out, const char *path)
{
	if (path[0] == '/' && path[1])
		json_put_string(out, "export", path + 1);
}

static int convert_nbd(const struct scheme *scheme, const char *uri, const char *secret_id, struct json *out,
		       struct error *err)
{
	_cleanup_uri_parts_ struct uri_parts parts = { 0 };

	(void)secret_id;
	if (uri_parts_parse(uri, &parts, err) < 0 || uri_parts_only(&parts, NULL, err) < 0)
		return -1;
	if (is_empty(parts.host) || parts.user)
		return bad_form(scheme, "needs a host, and no user", err);
	json_put(out, "server", inet_server("inet", parts.host, parts.port ? parts.port : "10809"));
	put_export(out, parts.path);
	return 0;
}

static int convert_nbd_unix(const struct scheme *scheme, const char *uri, const char *secret_id, struct json *out,
			    struct error *err)
{
	static const char *const known[] = { "socket", NULL };
	_cleanup_uri_parts_ struct uri_parts parts = { 0 };

	(void)secret_id;
	if (uri_parts_parse(uri, &parts, err) < 0 || uri_parts_only(&parts, known, err) < 0)
		return -1;

	const char *socket = uri_parts_query(&parts, "socket");
	if (!is_empty(parts.host) || parts.user || is_empty(socket) || *socket != '/')
		return bad_form(scheme, "on a UNIX socket needs \"?socket=\" with an absolute path, and no host", err);
	json_put(out, "server", unix_server(socket));
	put_export(out, parts.path);
	return 0;
}

/* nbd:HOST:PORT[:exportname=NAME], nbd:[V6]:PORT, nbd:unix:PATH: nothing is escaped in it. */
static int convert_nbd_old(const struct scheme *scheme, const char *uri, const char *secret_id, struct json *out,
			   struct error *err)
{
	const char *text = uri + strlen("nbd:");
	const char *export_at = strstr(text, ":exportname=");
	_cleanup_free_ char *address = export_at ? xstrndup(text, (size_t)(export_at - text)) : xstrdup(text);

	(void)secret_id;
	if (starts_with(address, "unix:")) {
		if (address[5] != '/')
			return bad_form(scheme, "on a UNIX socket needs an absolute path", err);
		json_put(out, "server", unix_server(address + 5));
	} else {
		char *colon = strrchr(address, ':');
		bool bracket = address[0] == '[';

		if (!colon || colon == address || (bracket && colon[-1] != ']') ||
		    (!bracket && strchr(address, ':') != colon))
			return bad_form(scheme, "needs a host and a port", err);
		if (uri_check_port("nbd", colon + 1, err) < 0)
			return -1;
		colon[bracket ? -1 : 0] = '\0';
		json_put(out, "server", inet_server("inet", address + bracket, colon + 1));
	}
	if (export_at && export_at[strlen(":exportname=")])
		json_put_string(out, "export", export_at + strlen(":exportname="));
	return 0;
}

static int convert_rbd(const struct scheme *scheme, const char *uri, const char *secret_id, struct json *out,
		       struct error *err)
{
	if (uri_rbd_convert(uri + strlen(scheme->prefix), out, err) < 0)
		return err->hint ? -1 : error_hint(err, "write %s", scheme->form);
	if (secret_id)
		json_put_string(out, "key-secret", secret_id);
	return 0;
}

static int convert_iscsi(const struct scheme *scheme, const char *uri, const char *secret_id, struct json *out,
			 struct error *err)
{
	_cleanup_uri_parts_ struct uri_parts parts = { 0 };
	int64_t lun = 0;

	if (uri_parts_parse(uri, &parts, err) < 0 || uri_parts_only(&parts, NULL, err) < 0)
		return -1;

	char *slash = strrchr(parts.path, '/');
	if (is_empty(parts.host) || !slash || slash < parts.path + 2)
		return bad_form(scheme, "needs a host, a target, and a LUN", err);
	if (secret_id && !parts.user)
		return bad_form(scheme, "with a secret needs a user", err);

	_cleanup_free_ char *lun_text = xstrdup(slash + 1);
	*slash = '\0';
	for (const char *c = lun_text; *c; c++)
		lun = isdigit((unsigned char)*c) && lun <= 16384 ? lun * 10 + (*c - '0') : INT32_MAX;
	if (!*lun_text || lun > 16383)
		return bad_form(scheme, "needs a LUN from 0 to 16383", err);

	bool v6 = strchr(parts.host, ':') != NULL;
	json_put_string(out, "transport", "tcp");
	json_put_stringf(out, "portal", "%s%s%s:%s", v6 ? "[" : "", parts.host, v6 ? "]" : "",
			 parts.port ? parts.port : "3260");
	json_put_string(out, "target", parts.path + 1);
	json_put_int(out, "lun", lun);
	if (parts.user)
		json_put_string(out, "user", parts.user);
	if (secret_id)
		json_put_string(out, "password-secret", secret_id);
	return 0;
}

/* libcurl takes the URL as it is, but for the user, who has a member. */
static int convert_curl(const struct scheme *scheme, const char *uri, const char *secret_id, struct json *out,
			struct error *err)
{
	_cleanup_uri_parts_ struct uri_parts parts = { 0 };

	if (uri_parts_parse(uri, &parts, err) < 0)
		return -1;
	if (is_empty(parts.host) || is_empty(parts.path))
		return bad_form(scheme, "needs a host and a path", err);
	if (secret_id && !parts.user)
		return bad_form(scheme, "with a secret needs a user", err);

	const char *authority = strstr(uri, "://") + 3;
	size_t authority_length = strcspn(authority, "/?#");
	const char *at = memrchr(authority, '@', authority_length);
	json_put_stringf(out, "url", "%s://%s", parts.scheme, at ? at + 1 : authority);
	if (parts.user)
		json_put_string(out, "username", parts.user);
	if (secret_id)
		json_put_string(out, "password-secret", secret_id);
	return 0;
}

/* yes: the user's known_hosts; no: any; HASH:HEX: this key. */
static int ssh_host_key(const struct scheme *scheme, const char *check, struct json *out, struct error *err)
{
	static const char *const hashes[] = { "md5", "sha1", "sha256" };
	struct json *j = json_new_object();

	json_put(out, "host-key-check", j);
	if (streq(check, "yes") || streq(check, "no")) {
		json_put_string(j, "mode", streq(check, "yes") ? "known_hosts" : "none");
		return 0;
	}
	for (size_t i = 0; i < ELEMENTS(hashes); i++) {
		size_t length = strlen(hashes[i]);

		if (starts_with(check, hashes[i]) && check[length] == ':' && check[length + 1] &&
		    strspn(check + length + 1, "0123456789abcdefABCDEF:") == strlen(check + length + 1)) {
			json_put_string(j, "mode", "hash");
			json_put_string(j, "type", hashes[i]);
			json_put_string(j, "hash", check + length + 1);
			return 0;
		}
	}
	return bad_form(scheme, "does not know this \"host_key_check\"", err);
}

static int convert_ssh(const struct scheme *scheme, const char *uri, const char *secret_id, struct json *out,
		       struct error *err)
{
	static const char *const known[] = { "host_key_check", NULL };
	_cleanup_uri_parts_ struct uri_parts parts = { 0 };

	(void)secret_id;
	if (uri_parts_parse(uri, &parts, err) < 0 || uri_parts_only(&parts, known, err) < 0)
		return -1;
	if (is_empty(parts.host) || strlen(parts.path) < 2)
		return bad_form(scheme, "needs a host and a path", err);
	json_put(out, "server", inet_server(NULL, parts.host, parts.port ? parts.port : "22"));
	json_put_string(out, "path", parts.path);
	if (parts.user)
		json_put_string(out, "user", parts.user);

	const char *check = uri_parts_query(&parts, "host_key_check");
	return check ? ssh_host_key(scheme, check, out, err) : 0;
}

/* RDMA was given up by Gluster; QEMU treats it as TCP since 2.8. */
static int convert_gluster(const struct scheme *scheme, const char *uri, const char *secret_id, struct json *out,
			   struct error *err)
{
	static const char *const known[] = { "socket", NULL };
	_cleanup_uri_parts_ struct uri_parts parts = { 0 };
	bool on_unix = starts_with(uri, "gluster+unix:");

	(void)secret_id;
	if (uri_parts_parse(uri, &parts, err) < 0 || uri_parts_only(&parts, on_unix ? known : NULL, err) < 0)
		return -1;

	const char *socket = uri_parts_query(&parts, "socket");
	char *slash = strlen(parts.path) > 1 ? strchr(parts.path + 1, '/') : NULL;
	if (!slash || slash == parts.path + 1 || !slash[1])
		return bad_form(scheme, "needs a volume and a path in it", err);
	if (parts.user || (on_unix ? !is_empty(parts.host) || is_empty(socket) : is_empty(parts.host)))
		return bad_form(scheme,
				on_unix ? "on a UNIX socket needs \"?socket=\", and no host"
					: "needs a host, and no user",
				err);

	struct json *servers = json_new_array();
	*slash = '\0';
	json_put_string(out, "volume", parts.path + 1);
	json_put_string(out, "path", slash + 1);
	json_append(servers,
		    on_unix ? unix_server(socket) : inet_server("inet", parts.host, parts.port ? parts.port : "24007"));
	json_put(out, "server", servers);
	return 0;
}

/* Prefixes, the longer before the shorter. */
static const struct scheme schemes[] = {
	{ "nbd+unix://", "nbd", false, convert_nbd_unix, "nbd+unix:///EXPORT?socket=PATH" },
	{ "nbd://", "nbd", false, convert_nbd, "nbd://HOST[:PORT]/EXPORT" },
	{ "nbd:", "nbd", false, convert_nbd_old, "nbd:HOST:PORT[:exportname=NAME] or nbd:unix:PATH[:exportname=NAME]" },
	{ "rbd:", "rbd", true, convert_rbd,
	  "rbd:POOL/[NAMESPACE/]IMAGE[@SNAPSHOT][:id=USER][:conf=FILE][:mon_host=HOST;HOST]" },
	{ "iscsi://", "iscsi", true, convert_iscsi, "iscsi://[USER@]HOST[:PORT]/IQN/LUN" },
	{ "http://", "http", true, convert_curl, "http://[USER@]HOST[:PORT]/PATH" },
	{ "https://", "https", true, convert_curl, "https://[USER@]HOST[:PORT]/PATH" },
	{ "ftp://", "ftp", true, convert_curl, "ftp://[USER@]HOST[:PORT]/PATH" },
	{ "ftps://", "ftps", true, convert_curl, "ftps://[USER@]HOST[:PORT]/PATH" },
	{ "ssh://", "ssh", false, convert_ssh,
	  "ssh://[USER@]HOST[:PORT]/PATH[?host_key_check=yes|no|md5:HEX|sha1:HEX|sha256:HEX]" },
	{ "gluster://", "gluster", false, convert_gluster, "gluster://HOST[:PORT]/VOLUME/PATH" },
	{ "gluster+tcp://", "gluster", false, convert_gluster, "gluster+tcp://HOST[:PORT]/VOLUME/PATH" },
	{ "gluster+rdma://", "gluster", false, convert_gluster, "gluster+rdma://HOST[:PORT]/VOLUME/PATH" },
	{ "gluster+unix://", "gluster", false, convert_gluster, "gluster+unix:///VOLUME/PATH?socket=PATH" },
};

static const struct scheme *find_scheme(const char *uri)
{
	for (size_t i = 0; i < ELEMENTS(schemes); i++)
		if (starts_with(uri, schemes[i].prefix))
			return &schemes[i];
	return NULL;
}

bool uri_is(const char *path)
{
	size_t n = 0;

	if (find_scheme(path))
		return true;
	if (!isalpha((unsigned char)path[0]))
		return false;
	while (isalnum((unsigned char)path[n]) || strchr("+.-", path[n]) != NULL) {
		if (path[n] == '\0')
			return false;
		n++;
	}
	return starts_with(path + n, "://");
}

const char *uri_driver(const char *uri)
{
	const struct scheme *scheme = find_scheme(uri);

	return scheme ? scheme->driver : NULL;
}

int uri_to_blockdev(const char *uri, const char *secret_id, struct json **ret, struct error *err)
{
	_cleanup_json_ struct json *out = json_new_object();
	const struct scheme *scheme = find_scheme(uri);

	if (!scheme) {
		_cleanup_free_ char *name = text_printable(uri, strcspn(uri, ":/"), 40);

		error_set(err, ERROR_SPEC, "a disk cannot be at a \"%s\" URI", name);
		return error_hint(err, "kvmctl knows nbd, nbd+unix, rbd, iscsi, http, https, ftp, ftps, ssh, gluster");
	}
	if (secret_id && !scheme->secret) {
		error_set(err, ERROR_SPEC, "a \"%s\" disk does not log in with a secret", scheme->driver);
		return error_hint(err, "leave \"secret_file\" out");
	}
	json_put_string(out, "driver", scheme->driver);
	if (scheme->convert(scheme, uri, secret_id, out, err) < 0)
		return -1;
	*ret = take_ptr(out);
	return 0;
}
