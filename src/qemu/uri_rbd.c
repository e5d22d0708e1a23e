/* Ceph images. See uri_rbd.h. */
#include "uri_rbd.h"

#include "base/strv.h"
#include "base/text.h"
#include "uri_parts.h"

/* Up to the first `end` that no '\' stands before. */
static size_t span(const char *text, char end)
{
	size_t n = 0;

	while (text[n] && text[n] != end)
		n += text[n] == '\\' && text[n + 1] ? 2 : 1;
	return n;
}

/* The next word, still escaped; *at moves behind its end. */
static char *take_word(const char **at, char end)
{
	size_t n = span(*at, end);
	char *word = xstrndup(*at, n);

	*at += n;
	if (**at)
		++*at;
	return word;
}

static void unescape(char *text)
{
	char *to = text;

	for (; *text; text++) {
		if (*text == '\\' && text[1])
			text++;
		*to++ = *text;
	}
	*to = '\0';
}

/* HOST, HOST:PORT, [V6]:PORT; cut in place. */
static int put_monitor(char *host, struct json *servers, struct error *err)
{
	char *close = host[0] == '[' ? strchr(host, ']') : NULL;
	char *colon = strchr(close ? close : host, ':');
	struct json *server;

	if (colon)
		*colon = '\0';
	if (close) {
		*close = '\0';
		host++;
	}
	if (is_empty(host))
		return error_set(err, ERROR_SPEC, "a \"rbd\" disk has an empty name in \"mon_host\"");
	if (colon && uri_check_port("rbd", colon + 1, err) < 0)
		return -1;
	server = json_new_object();
	json_put_string(server, "host", host);
	json_put_string(server, "port", colon ? colon + 1 : "6789");
	json_append(servers, server);
	return 0;
}

static int put_monitors(const char *list, struct json *out, struct error *err)
{
	_cleanup_strv_ char **hosts = strv_split(list, ';');
	struct json *servers = json_new_array();

	json_put(out, "server", servers);
	for (size_t i = 0; hosts && hosts[i]; i++)
		if (put_monitor(hosts[i], servers, err) < 0)
			return -1;
	return 0;
}

static int put_setting(const char *word, struct json *out, struct error *err)
{
	/* What a setting is called, and the member that it becomes. */
	static const char *const settings[][2] = {
		{ "id", "user" }, { "user", "user" }, { "conf", "conf" }, { "namespace", "namespace" }
	};
	const char *equals = strchr(word, '=');
	_cleanup_free_ char *key = equals ? xstrndup(word, (size_t)(equals - word)) : xstrdup(word);
	_cleanup_free_ char *shown = text_printable(key, strlen(key), 40);

	if (uri_is_secret_key(key) || streq(key, "keyfile") || streq(key, "keyring"))
		return uri_refuse_secret("rbd", "among its settings", err);
	if (!equals || !equals[1])
		return error_set(err, ERROR_SPEC, "a \"rbd\" disk has a setting without a value");
	if (streq(key, "mon_host"))
		return put_monitors(equals + 1, out, err);
	for (size_t i = 0; i < ELEMENTS(settings); i++) {
		if (streq(key, settings[i][0])) {
			json_put_string(out, settings[i][1], equals + 1);
			return 0;
		}
	}
	return error_set(err, ERROR_SPEC,
			 "a \"rbd\" disk has no setting \"%s\" (others belong into the file that \"conf\" names)",
			 shown);
}

/* POOL/[NAMESPACE/]IMAGE[@SNAPSHOT] */
static int put_image(const char *text, struct json *out, struct error *err)
{
	const char *rest = text;
	_cleanup_free_ char *pool = take_word(&rest, '/');
	_cleanup_free_ char *namespace = rest[span(rest, '/')] ? take_word(&rest, '/') : NULL;
	_cleanup_free_ char *image = take_word(&rest, '@');
	_cleanup_free_ char *snapshot = *rest ? xstrdup(rest) : NULL;

	if (is_empty(pool) || is_empty(image) || (namespace && !*namespace))
		return error_set(err, ERROR_SPEC, "a \"rbd\" disk needs a pool and an image");
	if (image[span(image, '/')])
		return error_set(err, ERROR_SPEC, "a \"rbd\" disk has too many '/'");

	const struct {
		const char *key;
		char *value;
	} members[] = { { "pool", pool }, { "namespace", namespace }, { "image", image }, { "snapshot", snapshot } };

	for (size_t i = 0; i < ELEMENTS(members); i++) {
		if (members[i].value) {
			unescape(members[i].value);
			json_put_string(out, members[i].key, members[i].value);
		}
	}
	return 0;
}

int uri_rbd_convert(const char *text, struct json *out, struct error *err)
{
	_cleanup_free_ char *image = take_word(&text, ':');

	if (put_image(image, out, err) < 0)
		return -1;
	while (*text) {
		_cleanup_free_ char *word = take_word(&text, ':');

		unescape(word);
		if (*word && put_setting(word, out, err) < 0)
			return -1;
	}
	return 0;
}
