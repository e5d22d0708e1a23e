/* Proves that a QEMU which cannot be run here knows every word it is told: each member of each
 * device, block node, back end, object and command of the golden plans stands in what that
 * binary said of itself (its property lists, its QMP schema, its options).
 *
 * usage: known_words FIXTURE CASE.json... */
#include <ctype.h>
#include <stdio.h>

#include "base/file.h"
#include "base/strv.h"
#include "base/text.h"
#include "golden/golden_case.h"
#include "qemu/qmp_schema.h"

struct binary {
	struct json *answers;
	struct qmp_schema *schema;
	struct probe *probe;
	const char *file; /* the case */
	int checked, unknown, unlisted;
};

static void complain(struct binary *b, const char *what, const char *word)
{
	printf("%s: QEMU %d.%d does not know \"%s\" of %s\n", b->file, b->probe->major, b->probe->minor, word, what);
	b->unknown++;
}

/* The name of an element is a member "name" (of a list of parameters or properties). */
static bool listed(const struct json *list, const char *name)
{
	for (size_t i = 0; i < json_length(list); i++)
		if (streq(json_get_string(json_at(list, i), "name", ""), name))
			return true;
	return false;
}

/* --- by the property lists --- */

static void check_device(struct binary *b, const struct json *device)
{
	const char *driver = json_get_string(device, "driver", "");
	const struct json *lists = json_get(b->answers, "device-list-properties");
	const struct json *properties = json_get(json_get(lists, driver), "return");

	if (!properties) {
		b->unlisted++;
		return;
	}
	for (struct json_iter it = json_iter(device); json_next(&it); b->checked++)
		if (!streq(it.key, "driver") && !streq(it.key, "id") && !streq(it.key, "bus") &&
		    !listed(properties, it.key))
			complain(b, driver, it.key);
}

/* --- by the QMP schema --- */

/* Every member below `path`, a walk as qmp_schema_walk() takes it. */
static void check_members(struct binary *b, const char *path, const struct json *object)
{
	static const char *const tags[] = { "driver", "type", "qom-type" };
	_cleanup_free_ char *tagged = xstrdup(path);

	if (json_type_of(object) == JSON_ARRAY) {
		for (size_t i = 0; i < json_length(object); i++)
			check_members(b, path, json_at(object, i));
		return;
	}
	for (size_t i = 0; i < ELEMENTS(tags); i++) {
		const char *value = json_get_string(object, tags[i], NULL);
		char *longer = value ? xprintf("%s %s=%s", tagged, tags[i], value) : NULL;

		if (!longer)
			continue;
		if (!qmp_schema_has(b->schema, longer))
			complain(b, tagged, value);
		free(tagged);
		tagged = longer;
	}
	for (struct json_iter it = json_iter(object); json_next(&it); b->checked++) {
		_cleanup_free_ char *member = xprintf("%s %s", tagged, it.key), *bare = xprintf("%s %s", path, it.key);

		const char *known = qmp_schema_has(b->schema, member) ? member
				    : qmp_schema_has(b->schema, bare) ? bare
								      : NULL;

		if (!known)
			complain(b, tagged, it.key);
		else if (json_type_of(it.value) == JSON_OBJECT || json_type_of(it.value) == JSON_ARRAY)
			check_members(b, known, it.value);
	}
}

/* --- by the option lists --- */

static const struct {
	const char *option, *list;
} option_lists[] = {
	{ "-smp", "smp-opts" },  { "-chardev", "chardev" }, { "-mon", "mon" },         { "-vnc", "vnc" },
	{ "-spice", "spice" },   { "-rtc", "rtc" },         { "-sandbox", "sandbox" }, { "-m", "memory" },
	{ "-name", "name" },     { "-boot", "boot-opts" },  { "-action", "action" },   { "-run-with", "run-with" },
	{ "-add-fd", "add-fd" },
};

static const struct json *option_parameters(const struct binary *b, const char *list)
{
	const struct json *options = json_find(b->answers, "query-command-line-options.return");

	for (size_t i = 0; i < json_length(options); i++)
		if (streq(json_get_string(json_at(options, i), "option", ""), list))
			return json_get(json_at(options, i), "parameters");
	return NULL;
}

/* The comma form as an object of texts; a leading word without "=" is the member "". */
static struct json *read_keyval(const char *text)
{
	struct json *object = json_new_object();
	_cleanup_strv_ char **words = strv_split(text, ',');

	for (size_t i = 0; words && words[i]; i++) {
		char *equals = strchr(words[i], '=');

		if (equals) {
			*equals = 0;
			json_put_string(object, words[i], equals + 1);
		} else if (i == 0) {
			json_put_string(object, "", words[i]);
		}
	}
	return object;
}

static void check_option(struct binary *b, const char *option, const char *value)
{
	for (size_t i = 0; i < ELEMENTS(option_lists); i++) {
		_cleanup_json_ struct json *object = NULL;
		const struct json *parameters;

		if (!streq(option, option_lists[i].option))
			continue;
		parameters = option_parameters(b, option_lists[i].list);
		/* Some lists are empty: QEMU takes everything there and sorts it out later. */
		if (!json_length(parameters))
			continue;
		object = read_keyval(value);
		for (struct json_iter it = json_iter(object); json_next(&it); b->checked++)
			if (*it.key && !streq(it.key, "id") && !listed(parameters, it.key))
				complain(b, option, it.key);
	}
}

/* --- */

static struct json *read_value(const char *text)
{
	struct error err = ERROR_INIT;
	struct json *object;

	if (*text != '{')
		return read_keyval(text);
	if (json_parse(text, strlen(text), 65536, 16, "value", &object, &err) < 0)
		golden_die("%s", err.message);
	return object;
}

static void check_argument(struct binary *b, const char *option, const char *value)
{
	static const struct {
		const char *option, *command;
	} commands[] = { { "-blockdev", "blockdev-add" }, { "-netdev", "netdev_add" }, { "-object", "object-add" } };
	_cleanup_json_ struct json *object = read_value(value);

	check_option(b, option, value);
	if (streq(option, "-device"))
		check_device(b, object);
	for (size_t i = 0; i < ELEMENTS(commands); i++) {
		/* Before 6.0 the schema of object-add had no variants. */
		if (!streq(option, commands[i].option) || (i == 2 && !probe_at_least(b->probe, 6, 0)))
			continue;
		check_members(b, commands[i].command, object);
	}
}

/* An option itself must stand in the binary's help. */
static void check_help(struct binary *b, const char *option)
{
	const char *help = json_get_string(b->answers, "help", "");
	_cleanup_free_ char *line = xprintf("\n%s", option);
	const char *at = strstr(help, line);

	b->checked++;
	/* "-m" is not "-machine". */
	while (at && at[strlen(line)] != ' ' && at[strlen(line)] != '\n')
		at = strstr(at + 1, line);
	if (!at)
		complain(b, "its options", option);
}

static void check_plan(struct binary *b, const struct plan *plan)
{
	for (size_t i = 1; plan->argv[i]; i++) {
		if (plan->argv[i][0] != '-' || !isalpha(plan->argv[i][1]))
			continue;
		check_help(b, plan->argv[i]);
		if (plan->argv[i + 1] && plan->argv[i + 1][0] != '-')
			check_argument(b, plan->argv[i], plan->argv[i + 1]);
	}
	for (size_t i = 0; i < plan->n_commands; i++)
		check_members(b, plan->commands[i].execute, plan->commands[i].arguments);
}

static void check_case(struct binary *b, const char *file)
{
	_cleanup_golden_ struct golden_case c = { 0 };
	_cleanup_error_ struct error err = ERROR_INIT;
	_cleanup_plan_ struct plan *plan = NULL;

	b->file = file;
	golden_read(&c, file, "/golden", b->probe, NULL, &err);
	if (err.kind == ERROR_NONE && plan_make(&c.input, &plan, &err) == 0)
		check_plan(b, plan);
}

int main(int argc, char **argv)
{
	struct binary b = { 0 };
	_cleanup_free_ char *text = NULL;
	struct error err = ERROR_INIT;
	size_t length;

	if (argc < 3)
		golden_die("usage: known_words FIXTURE CASE.json...");
	b.probe = golden_probe(argv[1]);
	if (file_read_at(-100 /* AT_FDCWD */, argv[1], 16 * 1024 * 1024, &text, &length, &err) < 0 ||
	    json_parse(text, length, 16 * 1024 * 1024, 64, argv[1], &b.answers, &err) < 0 ||
	    qmp_schema_new(json_find(b.answers, "query-qmp-schema.return"), &b.schema, &err) < 0)
		golden_die("%s", err.message);
	for (int i = 2; i < argc; i++)
		check_case(&b, argv[i]);
	printf("QEMU %d.%d: %d words, %d unknown (%d devices have no list of properties)\n", b.probe->major,
	       b.probe->minor, b.checked, b.unknown, b.unlisted);
	qmp_schema_free(b.schema);
	json_free(b.answers);
	probe_free(b.probe);
	return b.unknown != 0 || b.checked == 0;
}
