/* Where a target waits for a guest, as people and managers write it. */
#include "vm/migration_place.h"

#include <inttypes.h>
#include <limits.h>
#include <unistd.h>

#include "base/parse.h"
#include "base/text.h"

void migration_place_clear(struct migration_place *place)
{
	free(place->host);
	free(place->path);
	*place = (struct migration_place){ .fd = -1, .port = -1 };
}

static int parse_port(const char *text, const char *port, int64_t *ret, struct error *err)
{
	_cleanup_error_ struct error why = ERROR_INIT;

	if (parse_int(port, "port", 0, 65535, ret, &why) == 0)
		return 0;
	return error_set(err, ERROR_USAGE, "\"%s\": %s", text, why.message);
}

/* More than one colon without brackets is an IPv6 address without a port. */
static int parse_tcp(const char *text, struct migration_place *place, struct error *err)
{
	const char *host = text, *end = NULL, *colon = strchr(text, ':');

	if (*text == '[') {
		end = strchr(text, ']');
		if (!end || (end[1] && end[1] != ':'))
			return error_set(err, ERROR_USAGE, "\"%s\": it should be [ADDRESS]:PORT", text);
		host = text + 1;
		colon = end[1] ? end + 1 : NULL;
	} else {
		if (colon && strchr(colon + 1, ':'))
			colon = NULL;
		end = colon ? colon : text + strlen(text);
	}
	place->host = xstrndup(host, (size_t)(end - host));
	/* It becomes a part of an address of QEMU's, where a comma begins an option. */
	if (strpbrk(place->host, ", /[]"))
		return error_set(err, ERROR_USAGE, "\"%s\" is no address", place->host);
	if (streq(place->host, "*"))
		place->host[0] = '\0';
	return colon ? parse_port(text, colon + 1, &place->port, err) : 0;
}

static int parse(const char *text, struct migration_place *place, struct error *err)
{
	_cleanup_error_ struct error why = ERROR_INIT;
	int64_t fd;

	if (!text) {
		place->host = xstrdup("");
		return 0;
	}
	if (starts_with(text, "unix:")) {
		place->kind = PLACE_UNIX;
		place->path = xstrdup(text + strlen("unix:"));
		return *place->path == '/' ? 0 : error_set(err, ERROR_USAGE, "\"%s\": the path must be absolute", text);
	}
	if (starts_with(text, "fd:")) {
		place->kind = PLACE_FD;
		if (parse_int(text + strlen("fd:"), "descriptor", 0, INT32_MAX, &fd, &why) < 0)
			return error_set(err, ERROR_USAGE, "\"%s\": %s", text, why.message);
		place->fd = (int)fd;
		return 0;
	}
	return parse_tcp(starts_with(text, "tcp:") ? text + strlen("tcp:") : text, place, err);
}

int migration_place_parse(const char *text, struct migration_place *ret, struct error *err)
{
	struct migration_place place = { .kind = PLACE_TCP, .port = -1, .fd = -1 };

	if (parse(text, &place, err) < 0) {
		migration_place_clear(&place);
		return error_hint(err, "it is ADDRESS, ADDRESS:PORT, [IPV6ADDRESS]:PORT, unix:PATH or fd:NUMBER");
	}
	*ret = place;
	return 0;
}

char *migration_tcp_uri(const char *host, int64_t port)
{
	return xprintf(strchr(host, ':') ? "tcp:[%s]:%" PRId64 : "tcp:%s:%" PRId64, host, port);
}

char *migration_host_name(const char *host)
{
	char name[HOST_NAME_MAX + 1] = "";

	if (*host && !streq(host, "0.0.0.0") && !streq(host, "::"))
		return xstrdup(host);
	if (gethostname(name, sizeof(name) - 1) < 0 || !*name)
		return xstrdup("localhost");
	return xstrdup(name);
}

/* --- with the disks --- */

#define STORAGE_KEY "?copy-storage="
#define NBD_KEY "&nbd="

char *migration_uri_write(const char *uri, enum migration_storage storage, const char *nbd_host, int nbd_port)
{
	const char *at = strchr(nbd_host, ':') ? "[%s]:%d" : "%s:%d";
	_cleanup_free_ char *nbd = xprintf(at, nbd_host, nbd_port);

	if (storage == STORAGE_NONE || nbd_port <= 0)
		return xstrdup(uri);
	return xprintf("%s" STORAGE_KEY "%s" NBD_KEY "%s", uri, migration_storage_to_string(storage), nbd);
}

int migration_uri_read(const char *text, struct migration_uri *ret, struct error *err)
{
	const char *disks = strstr(text, STORAGE_KEY), *word, *nbd;
	_cleanup_free_ char *storage = NULL;

	*ret = (struct migration_uri){ .storage = STORAGE_NONE };
	if (!disks) {
		ret->uri = xstrdup(text);
		return 0;
	}
	word = disks + strlen(STORAGE_KEY);
	nbd = strstr(word, NBD_KEY);
	storage = nbd ? xstrndup(word, (size_t)(nbd - word)) : xstrdup(word);
	if (!nbd || migration_storage_from_string(storage, &ret->storage) < 0)
		return error_set(err, ERROR_USAGE,
				 "\"%s\": it should be as \"migration accept\" prints it, "
				 "URI" STORAGE_KEY "all" NBD_KEY "HOST:PORT",
				 text);
	ret->uri = xstrndup(text, (size_t)(disks - text));
	ret->nbd = xstrdup(nbd + strlen(NBD_KEY));
	return 0;
}

void migration_uri_clear(struct migration_uri *uri)
{
	free(uri->uri);
	free(uri->nbd);
	*uri = (struct migration_uri){ 0 };
}
