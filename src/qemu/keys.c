/* Names of keys. See qemu/keys.h. */
#include "qemu/keys.h"

#include <ctype.h>

#include "base/text.h"

static const char *const names[] = {
#define KEY(name, qcode) name,
#include "keys.def"
#undef KEY
};

static const char *const qcodes[] = {
#define KEY(name, qcode) qcode,
#include "keys.def"
#undef KEY
};

const char *const *keys_names(size_t *ret_n)
{
	*ret_n = ELEMENTS(names);
	return names;
}

static const char *find_qcode(const char *name)
{
	/* The separators themselves, where a name was expected. */
	if (streq(name, "-"))
		return "minus";
	if (streq(name, "+"))
		return "kp_add";
	for (size_t i = 0; i < ELEMENTS(names); i++)
		if (streq(names[i], name))
			return qcodes[i];
	return NULL;
}

static bool has_key(const struct json *keys, const char *qcode)
{
	for (size_t i = 0; i < json_length(keys); i++)
		if (streq(json_get_string(json_at(keys, i), "data", ""), qcode))
			return true;
	return false;
}

static int add_key(struct json *keys, const char *word, struct error *err)
{
	const char *qcode = find_qcode(word);
	_cleanup_free_ char *shown = text_printable(word, strlen(word), 40);
	struct json *key;

	if (!qcode) {
		const char *nearest = text_nearest(word, names, ELEMENTS(names));

		error_set(err, ERROR_USAGE, "there is no key \"%s\"", shown);
		return nearest ? error_hint(err, "did you mean \"%s\"?", nearest)
			       : error_hint(err, "keys are named as in \"ctrl-alt-delete\", \"ctrl-alt-f1\", \"ret\", "
						 "\"pgup\", \"meta_l\"");
	}
	if (has_key(keys, qcode))
		return error_set(err, ERROR_USAGE, "the key \"%s\" stands there twice", shown);
	if (json_length(keys) == KEYS_MAX)
		return error_set(err, ERROR_USAGE, "more than %d keys at once", KEYS_MAX);
	key = json_new_object();
	json_put_string(key, "type", "qcode");
	json_put_string(key, "data", qcode);
	json_append(keys, key);
	return 0;
}

int keys_chord(const char *text, struct json **ret, struct error *err)
{
	_cleanup_json_ struct json *keys = json_new_array();
	const char *at = text;

	for (;;) {
		/* At least one character: a separator in a name's place is a key itself. */
		size_t length = *at ? 1 + strcspn(at + 1, "-+") : 0;
		_cleanup_free_ char *word = xstrndup(at, length);

		if (length == 0)
			return error_set(err, ERROR_USAGE, "a key is missing in \"%s\"", text);
		for (char *c = word; *c; c++)
			*c = (char)tolower((unsigned char)*c);
		if (add_key(keys, word, err) < 0)
			return -1;
		at += length;
		if (!*at)
			break;
		at++;
	}
	*ret = take_ptr(keys);
	return 0;
}
