/* What QEMU is told, as objects; and writing them the way a given binary reads them. */
#include "qemu/option.h"

#include <stdarg.h>

#include "base/strv.h"
#include "base/text.h"

static void append(struct options *options, struct option option)
{
	grow_array(options->list, options->n);
	options->list[options->n++] = option;
}

void options_flag(struct options *options, const char *name)
{
	append(options, (struct option){ .kind = OPTION_FLAG, .name = xstrdup(name) });
}

void options_text(struct options *options, const char *name, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	append(options, (struct option){ .kind = OPTION_TEXT, .name = xstrdup(name), .text = xvprintf(format, ap) });
	va_end(ap);
}

void options_keyval(struct options *options, const char *name, struct json *object)
{
	append(options, (struct option){ .kind = OPTION_KEYVAL, .name = xstrdup(name), .object = object });
}

void options_json(struct options *options, enum option_kind kind, struct json *object)
{
	append(options, (struct option){ .kind = kind, .object = object });
}

void options_free(struct options *options)
{
	for (size_t i = 0; i < options->n; i++) {
		free(options->list[i].name);
		free(options->list[i].text);
		json_free(options->list[i].object);
	}
	free(options->list);
	*options = (struct options){ 0 };
}

/* The value with its commas doubled: the only character that the comma form escapes (QEMU:
 * util/qemu-option.c, util/keyval.c). */
static void write_value(FILE *out, const char *value)
{
	for (; *value; value++) {
		if (*value == ',')
			fputc(',', out);
		fputc(*value, out);
	}
}

static void write_scalar(FILE *out, const char *key, const struct json *value)
{
	_cleanup_free_ char *text = NULL;

	if (ftell(out) > 0)
		fputc(',', out);
	/* The member "" is the leading word: its key is implied. */
	if (*key)
		fprintf(out, "%s=", key);

	switch (json_type_of(value)) {
	case JSON_BOOL:
		fputs(json_bool(value, false) ? "on" : "off", out);
		break;
	case JSON_STRING:
		write_value(out, json_string(value, ""));
		break;
	case JSON_INT:
	case JSON_DOUBLE:
		text = json_to_text(value);
		fputs(text, out);
		break;
	case JSON_NULL:
	case JSON_ARRAY:
	case JSON_OBJECT:
		break;
	}
}

/* Members of members become "a.b=", elements "a.0=": the forms that QEMU's comma syntax has for them
 * (docs of qapi: keyval). null is left out, it cannot be written. */
static void write_member(FILE *out, const char *key, const struct json *value)
{
	enum json_type type = json_type_of(value);

	if (type == JSON_NULL)
		return;
	if (type == JSON_OBJECT) {
		for (struct json_iter it = json_iter(value); json_next(&it);) {
			_cleanup_free_ char *nested = is_empty(key) ? xstrdup(it.key) : xprintf("%s.%s", key, it.key);

			write_member(out, nested, it.value);
		}
	} else if (type == JSON_ARRAY) {
		for (size_t i = 0; i < json_length(value); i++) {
			_cleanup_free_ char *nested = xprintf("%s.%zu", key, i);

			write_member(out, nested, json_at(value, i));
		}
	} else {
		write_scalar(out, key, value);
	}
}

char *option_to_keyval(const struct json *object)
{
	char *text = NULL;
	size_t length;
	FILE *out = open_memstream(&text, &length);

	if (!out)
		abort();
	write_member(out, "", object);
	if (fclose(out) != 0)
		abort();
	return text;
}

/* The command line option of each JSON kind, and whether this binary reads JSON there. */
static const char *json_kind(enum option_kind kind, const struct probe *probe, bool *ret_json)
{
	switch (kind) {
	case OPTION_DEVICE:
		*ret_json = probe->can.json_device;
		return "-device";
	case OPTION_NETDEV:
		*ret_json = probe->can.json_netdev;
		return "-netdev";
	case OPTION_OBJECT:
		*ret_json = probe->can.json_object;
		return "-object";
	case OPTION_BLOCKDEV:
		*ret_json = true;
		return "-blockdev";
	case OPTION_AUDIODEV:
		*ret_json = true;
		return "-audiodev";
	case OPTION_DISPLAY:
		*ret_json = true;
		return "-display";
	case OPTION_FLAG:
	case OPTION_TEXT:
	case OPTION_KEYVAL:
	case OPTION_KIND_MAX:
		break;
	}
	*ret_json = false;
	return NULL;
}

void options_to_argv(const struct options *options, const struct probe *probe, char ***argv)
{
	for (size_t i = 0; i < options->n; i++) {
		const struct option *option = &options->list[i];
		bool as_json;
		const char *name = json_kind(option->kind, probe, &as_json);

		strv_add(argv, name ? name : option->name);
		if (option->kind == OPTION_FLAG)
			continue;
		if (option->kind == OPTION_TEXT)
			strv_add(argv, option->text);
		else
			strv_take(argv, as_json ? json_to_text(option->object) : option_to_keyval(option->object));
	}
}
