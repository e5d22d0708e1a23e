/* A URI of the form SCHEME://[USER@]HOST[:PORT]/PATH[?KEY=VALUE&...] taken apart (RFC 3986), with what
 * could be a secret refused.
 *
 * Private to uri.c. No error quotes more of the text than its scheme: the rest may be a secret. */
#ifndef KVMCTL_QEMU_URI_PARTS_H
#define KVMCTL_QEMU_URI_PARTS_H

#include <stdbool.h>

#include "base/error.h"

struct uri_parts {
	char *scheme;
	char *user;   /* decoded, or NULL */
	char *host;   /* without brackets, or "" */
	char *port;   /* decimal, or NULL */
	char *path;   /* decoded, with its leading '/', or "" */
	char **query; /* decoded "KEY=VALUE" */
};

#define _cleanup_uri_parts_ _cleanup_(uri_parts_free)

/* ERROR_SPEC: not of this form, a bad port, a bad %XX, or a password or another secret in it. */
int uri_parts_parse(const char *uri, struct uri_parts *ret, struct error *err);
void uri_parts_free(struct uri_parts *parts);
/* The value of a key of the query, or NULL. */
const char *uri_parts_query(const struct uri_parts *parts, const char *key);
/* ERROR_SPEC when the query has a key that is not among `known` (ended by NULL; none: no query at all). */
int uri_parts_only(const struct uri_parts *parts, const char *const *known, struct error *err);

/* The refusal of a secret in a URI of this scheme. Returns -1. */
int uri_refuse_secret(const char *scheme, const char *where, struct error *err);
/* True for the names under which secrets travel: "password", "token", "X-Amz-Signature" ... */
bool uri_is_secret_key(const char *key);
/* A decimal port, 1 to 65535. */
int uri_check_port(const char *scheme, const char *port, struct error *err);

#endif
