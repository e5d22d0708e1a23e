/* filter bind, unbind, bindings, verify, restore. */
#include <stdio.h>

#include "base/log.h"
#include "base/strv.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/output.h"
#include "cli/table.h"
#include "ops/verbs.h"

int cmd_filter_bind(struct invocation *invocation, struct error *err)
{
	_cleanup_strv_ char **parameters = invocation_options(invocation, "param");
	_cleanup_strv_ char **groups = invocation_options(invocation, "group");
	struct bind_request request = { .interface = invocation_option(invocation, "interface"),
					.mac = invocation_option(invocation, "mac"),
					.filter = invocation_option(invocation, "filter"),
					.bridge = invocation_option(invocation, "bridge"),
					.parameters = parameters,
					.groups = groups };

	if (!request.interface || !request.mac || (!request.filter && !request.groups)) {
		_cleanup_free_ char *usage = command_usage(invocation->command);

		error_set(err, ERROR_USAGE, "\"filter bind\" needs --interface, --mac, and --filter or --group");
		return error_hint(err, "usage: %s", usage);
	}
	if (op_filter_bind(invocation->context, &request, err) < 0)
		return -1;
	return invocation_done(invocation, request.interface);
}

int cmd_filter_unbind(struct invocation *invocation, struct error *err)
{
	if (op_filter_unbind(invocation->context, invocation->args[0], err) < 0)
		return -1;
	return invocation_done(invocation, invocation->args[0]);
}

static char *words_of(const struct json *list)
{
	_cleanup_strv_ char **words = json_strings(list);

	return strv_join(words, ",");
}

static char *parameters_of(const struct json *parameters)
{
	_cleanup_strv_ char **words = NULL;

	for (struct json_iter it = json_iter(parameters); json_next(&it);) {
		_cleanup_free_ char *values = words_of(it.value);

		strv_addf(&words, "%s=%s", it.key, values);
	}
	return strv_join(words, " ");
}

static void print_binding(struct table *table, const struct json *binding)
{
	_cleanup_free_ char *parameters = parameters_of(json_get(binding, "parameters"));
	_cleanup_free_ char *groups = words_of(json_get(binding, "groups"));
	_cleanup_free_ char *learned = words_of(json_get(binding, "learned"));
	_cleanup_free_ char *nic = xprintf("%d", (int)json_get_int(binding, "nic", 0));
	const char *instance = json_get_string(binding, "instance", "");
	const struct json *in_force = json_get(binding, "in_force");
	bool unknown = json_type_of(in_force) == JSON_NULL, good = json_bool(in_force, false);
	bool damaged = json_get(binding, "error");
	const char *cells[] = { json_get_string(binding, "interface", "?"),
				instance,
				*instance ? nic : NULL,
				json_get_string(binding, "filter", NULL),
				parameters,
				learned,
				groups,
				damaged   ? "damaged"
				: unknown ? "?"
				: good    ? "yes"
					  : "no" };

	table_add(table, damaged || (!good && !unknown) ? STYLE_BAD : STYLE_PLAIN, cells);
}

int cmd_filter_bindings(struct invocation *invocation, struct error *err)
{
	static const struct table_column columns[] = { { "interface", false },  { "instance", false },
						       { "nic", true },         { "filter", false },
						       { "parameters", false }, { "learned", false },
						       { "groups", false },     { "in force", false } };
	_cleanup_table_ struct table table = { .columns = columns, .n_columns = ELEMENTS(columns), .coloured = 7 };
	_cleanup_json_ struct json *document = NULL;

	if (op_filter_bindings(invocation->context, invocation->n_args ? invocation->args[0] : NULL, &document, err) <
	    0)
		return -1;
	if (invocation->globals.json) {
		output_json(document);
		return 0;
	}
	const struct json *bindings = json_get(document, "bindings");
	for (size_t i = 0; i < json_length(bindings); i++) {
		const char *damage = json_get_string(json_at(bindings, i), "error", NULL);

		print_binding(&table, json_at(bindings, i));
		if (damage)
			log_warning("%s", damage);
	}
	table_print(&table, stdout, output_colour());
	return 0;
}

int cmd_filter_verify(struct invocation *invocation, struct error *err)
{
	_cleanup_json_ struct json *document = NULL;

	if (op_filter_verify(invocation->context, &document, err) < 0)
		return -1;
	invocation->status = json_get_bool(document, "good", false) ? 0 : ERROR_OTHER;
	if (invocation->globals.json) {
		output_json(document);
		return 0;
	}
	const struct json *problems = json_get(document, "problems");
	for (size_t i = 0; i < json_length(problems); i++) {
		const char *interface = json_get_string(json_at(problems, i), "interface", "");

		printf("%s: %s\n", *interface ? interface : "the tables",
		       json_get_string(json_at(problems, i), "what", ""));
	}
	return 0;
}

int cmd_filter_restore(struct invocation *invocation, struct error *err)
{
	_cleanup_json_ struct json *document = NULL;

	if (op_filter_restore(invocation->context, &document, err) < 0)
		return -1;
	if (invocation->globals.json) {
		output_json(document);
		return 0;
	}
	_cleanup_free_ char *removed = words_of(json_get(document, "removed"));
	_cleanup_free_ char *left = words_of(json_get(document, "left"));
	if (*removed && !invocation->globals.quiet)
		printf("removed what was left of %s\n", removed);
	if (*left)
		log_warning("there are rules of %s, of which nothing is recorded here: they are left", left);
	return 0;
}
