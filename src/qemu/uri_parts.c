/* Taking a URI apart. See uri_parts.h. */
#include "uri_parts.h"

#include <ctype.h>
#include <strings.h>

#include "base/parse.h"
#include "base/strv.h"
#include "base/text.h"

int uri_refuse_secret(const char *scheme, const char *where, struct error *err)
{
	error_set(err, ERROR_SPEC, "a \"%s\" URI must not hold a secret, and there is one %s", scheme, where);
	return error_hint(err, "put the secret into a file and name it as the disk's \"secret_file\"");
}

bool uri_is_secret_key(const char *key)
{
	static const char *const names[] = { "password",     "passwd", "pass",          "pwd",     "passphrase",
					     "secret",       "key",    "apikey",        "api_key", "token",
					     "access_token", "auth",   "authorization", "sig",     "signature" };

	for (size_t i = 0; i < ELEMENTS(names); i++)
		if (strcasecmp(key, names[i]) == 0)
			return true;
	/* Signed links of object stores: X-Amz-Signature, X-Goog-Signature, X-Amz-Security-Token. */
	return strcasestr(key, "-signature") || strcasestr(key, "-token") || strcasestr(key, "password");
}

int uri_check_port(const char *scheme, const char *port, struct error *err)
{
	_cleanup_free_ char *what = xprintf("port of the \"%s\" URI", scheme);
	int64_t number;

	return parse_int(port, what, 1, 65535, &number, err);
}

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)tolower((unsigned char)c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* %XX decoded. A NUL or a control character would be cut or printed somewhere. */
static int decode(const char *scheme, const char *text, size_t length, char **ret, struct error *err)
{
	_cleanup_free_ char *out = xcalloc(length + 1, 1);
	size_t n = 0;

	for (size_t i = 0; i < length; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c == '%') {
			int high = length - i > 2 ? hex(text[i + 1]) : -1;
			int low = length - i > 2 ? hex(text[i + 2]) : -1;

			if (high < 0 || low < 0)
				return error_set(
					err, ERROR_SPEC,
					"a \"%s\" URI has a '%%' that is not followed by two hexadecimal digits",
					scheme);
			c = (unsigned char)(high * 16 + low);
			i += 2;
		}
		if (c < 0x20 || c == 0x7f)
			return error_set(err, ERROR_SPEC, "a \"%s\" URI has a control character", scheme);
		out[n++] = (char)c;
	}
	*ret = take_ptr(out);
	return 0;
}

/* USER@: a ':' in it starts a password; so does the '%' of libiscsi's USER%PASSWORD. */
static int parse_user(struct uri_parts *parts, const char *text, size_t length, struct error *err)
{
	if (memchr(text, ':', length) || (streq(parts->scheme, "iscsi") && memchr(text, '%', length)))
		return uri_refuse_secret(parts->scheme, "before the '@'", err);
	if (length == 0)
		return error_set(err, ERROR_SPEC, "a \"%s\" URI has an empty user name before the '@'", parts->scheme);
	return decode(parts->scheme, text, length, &parts->user, err);
}

/* HOST, HOST:PORT, [V6], [V6]:PORT. */
static int parse_host(struct uri_parts *parts, const char *text, size_t length, struct error *err)
{
	const char *end = text + length;
	const char *after;

	if (length > 0 && *text == '[') {
		const char *close = memchr(text, ']', length);

		if (!close || close == text + 1)
			return error_set(err, ERROR_SPEC, "a \"%s\" URI has a '[' without an address and a ']'",
					 parts->scheme);
		parts->host = xstrndup(text + 1, (size_t)(close - text - 1));
		after = close + 1;
	} else {
		after = memchr(text, ':', length);
		if (!after)
			after = end;
		if (decode(parts->scheme, text, (size_t)(after - text), &parts->host, err) < 0)
			return -1;
	}
	if (after == end)
		return 0;
	if (*after != ':')
		return error_set(err, ERROR_SPEC, "a \"%s\" URI has something else than a port after its host",
				 parts->scheme);
	parts->port = xstrndup(after + 1, (size_t)(end - after - 1));
	return uri_check_port(parts->scheme, parts->port, err);
}

static int parse_query(struct uri_parts *parts, const char *text, struct error *err)
{
	_cleanup_strv_ char **pairs = strv_split(text, '&');

	for (size_t i = 0; pairs && pairs[i]; i++) {
		char *pair = NULL;
		char *equals;

		if (is_empty(pairs[i]))
			continue;
		if (decode(parts->scheme, pairs[i], strlen(pairs[i]), &pair, err) < 0)
			return -1;
		strv_take(&parts->query, pair);

		equals = strchr(pair, '=');
		_cleanup_free_ char *key = equals ? xstrndup(pair, (size_t)(equals - pair)) : xstrdup(pair);
		if (uri_is_secret_key(key))
			return uri_refuse_secret(parts->scheme, "in its query", err);
	}
	return 0;
}

int uri_parts_parse(const char *uri, struct uri_parts *ret, struct error *err)
{
	_cleanup_uri_parts_ struct uri_parts parts = { 0 };
	const char *colon = strstr(uri, "://");

	if (!colon)
		return error_set(err, ERROR_SPEC, "not a URI of the form SCHEME://HOST/PATH");
	parts.scheme = xstrndup(uri, (size_t)(colon - uri));

	const char *authority = colon + 3;
	size_t authority_length = strcspn(authority, "/?#");
	const char *path = authority + authority_length;
	size_t path_length = strcspn(path, "?#");
	const char *at = memrchr(authority, '@', authority_length);

	if (strchr(uri, '#'))
		return error_set(err, ERROR_SPEC,
				 "a \"%s\" URI of a disk has no '#' part (write %%23 for the character)", parts.scheme);
	if (at && parse_user(&parts, authority, (size_t)(at - authority), err) < 0)
		return -1;

	const char *host = at ? at + 1 : authority;
	if (parse_host(&parts, host, authority_length - (size_t)(host - authority), err) < 0 ||
	    decode(parts.scheme, path, path_length, &parts.path, err) < 0)
		return -1;
	if (path[path_length] == '?' && parse_query(&parts, path + path_length + 1, err) < 0)
		return -1;

	*ret = parts;
	parts = (struct uri_parts){ 0 };
	return 0;
}

void uri_parts_free(struct uri_parts *parts)
{
	free(parts->scheme);
	free(parts->user);
	free(parts->host);
	free(parts->port);
	free(parts->path);
	strv_free(parts->query);
	*parts = (struct uri_parts){ 0 };
}

const char *uri_parts_query(const struct uri_parts *parts, const char *key)
{
	size_t length = strlen(key);

	for (size_t i = 0; parts->query && parts->query[i]; i++)
		if (strncmp(parts->query[i], key, length) == 0 && parts->query[i][length] == '=')
			return parts->query[i] + length + 1;
	return NULL;
}

int uri_parts_only(const struct uri_parts *parts, const char *const *known, struct error *err)
{
	for (size_t i = 0; parts->query && parts->query[i]; i++) {
		size_t length = strcspn(parts->query[i], "=");
		bool found = false;

		for (size_t k = 0; known && known[k] && !found; k++)
			found = strlen(known[k]) == length && strncmp(known[k], parts->query[i], length) == 0;
		if (!found) {
			_cleanup_free_ char *key = text_printable(parts->query[i], length, 40);

			return error_set(err, ERROR_SPEC, "a \"%s\" URI does not know \"?%s=\"", parts->scheme, key);
		}
	}
	return 0;
}
