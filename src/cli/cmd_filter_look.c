/* filter explain, stats, trace. */
#include <inttypes.h>
#include <stdio.h>

#include "base/log.h"
#include "base/parse.h"
#include "base/strv.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/output.h"
#include "cli/table.h"
#include "ops/verbs.h"

/* --- explain --- */

static void print_rule(const char *indent, const struct json *rule)
{
	printf("%sfilter \"%s\", %s%s: %s\n", indent, json_get_string(rule, "filter", "?"),
	       json_get_string(rule, "place", "?"), json_get_bool(rule, "mirrored", false) ? ", mirrored" : "",
	       json_get_string(rule, "rule", "?"));
}

static void print_layer(const char *title, const struct json *layer)
{
	const struct json *passed = json_get(layer, "passed");
	const char *chain = json_get_string(layer, "chain", "root");

	printf("%-8s %s", title, json_get_string(layer, "verdict", "?"));
	if (json_get_string(layer, "filter", NULL))
		print_rule(": ", layer);
	else
		printf(": %s%s%s\n", json_get_string(layer, "why", "?"), streq(chain, "root") ? "" : ": ",
		       streq(chain, "root") ? "" : chain);
	for (size_t i = 0; i < json_length(passed); i++)
		print_rule("         before: ", json_at(passed, i));
}

static int explain_arguments(const struct invocation *invocation, const char **ret_packet, struct error *err)
{
	bool filter = invocation_has(invocation, "filter");

	*ret_packet = invocation_option(invocation, "packet");
	if (!*ret_packet) {
		error_set(err, ERROR_USAGE, "explain what?");
		return error_hint(err, "say --packet \"tcp 10.0.0.5:1024 > 10.0.0.9:80\"");
	}
	if (filter == (invocation->n_args > 0)) {
		error_set(err, ERROR_USAGE, "either an interface or instance, or --filter FILTER");
		return error_hint(err, "\"kvmctl filter bindings\" shows where something is filtered");
	}
	if (!filter && invocation_has(invocation, "param"))
		return error_set(err, ERROR_USAGE, "--param goes with --filter: what is in force has its values");
	return 0;
}

int cmd_filter_explain(struct invocation *invocation, struct error *err)
{
	_cleanup_strv_ char **parameters = invocation_options(invocation, "param");
	_cleanup_json_ struct json *document = NULL;
	const char *packet;

	if (explain_arguments(invocation, &packet, err) < 0 ||
	    op_filter_explain(invocation->context, invocation->args[0], invocation_option(invocation, "filter"),
			      parameters, packet, &document, err) < 0)
		return -1;
	if (invocation->globals.json) {
		output_json(document);
		return 0;
	}
	if (!json_get_bool(document, "in_force", true))
		log_warning("the rules of \"%s\" are not in the kernel: this is what they would do; \"kvmctl filter "
			    "restore\" "
			    "puts them back",
			    json_get_string(document, "interface", "?"));
	printf("%-8s %s\n", "packet", json_get_string(document, "packet", "?"));
	print_layer("link", json_get(document, "link"));
	print_layer("network", json_get(document, "network"));
	printf("%-8s %s\n", "verdict", json_get_string(document, "verdict", "?"));
	return 0;
}

/* --- stats --- */

static void print_stats(const struct json *rules)
{
	static const struct table_column columns[] = { { "direction", false }, { "layer", false },  { "packets", true },
						       { "bytes", true },      { "filter", false }, { "place", false },
						       { "rule", false } };
	_cleanup_table_ struct table table = { .columns = columns, .n_columns = ELEMENTS(columns) };

	for (size_t i = 0; i < json_length(rules); i++) {
		const struct json *rule = json_at(rules, i);
		_cleanup_free_ char *packets = xprintf("%" PRId64, json_get_int(rule, "packets", 0));
		_cleanup_free_ char *bytes = xprintf("%" PRId64, json_get_int(rule, "bytes", 0));
		const char *cells[] = { json_get_string(rule, "direction", NULL),
					json_get_string(rule, "layer", NULL),
					packets,
					bytes,
					json_get_string(rule, "filter", NULL),
					json_get_string(rule, "place", NULL),
					json_get_string(rule, "rule", NULL) };

		table_add(&table, STYLE_PLAIN, cells);
	}
	table_print(&table, stdout, false);
}

int cmd_filter_stats(struct invocation *invocation, struct error *err)
{
	const char *filter = invocation_option(invocation, "filter");
	bool reset = invocation_has(invocation, "reset");
	_cleanup_json_ struct json *document = NULL;

	if (!filter && invocation->n_args == 0) {
		error_set(err, ERROR_USAGE, "an interface, an instance or --filter FILTER is needed");
		return error_hint(err, "\"kvmctl filter bindings\" shows where something is filtered");
	}
	if (reset && filter)
		return error_set(err, ERROR_USAGE,
				 "--reset is for all rules of an interface, not for those of a filter");
	if (op_filter_stats(invocation->context, invocation->args[0], filter, reset, &document, err) < 0)
		return -1;
	const struct json *rules = json_get(document, "rules");
	if (invocation->globals.json)
		output_json(document);
	else if (json_length(rules) > 0)
		print_stats(rules);
	else
		log_notice("no rule of the filter \"%s\" is in force there", filter ? filter : "");
	return 0;
}

/* --- trace --- */

#define TRACE_SECONDS_MS 10000
#define TRACE_DECISIONS 1000

struct tracing {
	bool json, gone;
	char last[16]; /* the frame that was told of last */
};

static void print_decision(struct tracing *tracing, const struct json *decision)
{
	const char *id = json_get_string(decision, "id", "?"), *filter = json_get_string(decision, "filter", NULL);
	const char *interface = json_get_string(decision, "interface", NULL),
		   *rule = json_get_string(decision, "rule", NULL);

	if (!streq(id, tracing->last)) {
		printf("%s\n", json_get_string(decision, "packet", "a frame"));
		snprintf(tracing->last, sizeof(tracing->last), "%s", id);
	}
	if (interface)
		printf("  %s %s, %s: ", interface, json_get_string(decision, "direction", "?"),
		       json_get_string(decision, "layer", "?"));
	else
		fputs("  ", stdout);
	fputs(json_get_string(decision, "verdict", "?"), stdout);
	if (filter && *filter)
		printf(": filter \"%s\", %s%s%s", filter, json_get_string(decision, "place", "?"), rule ? ": " : "",
		       rule ? rule : "");
	else if (json_get_string(decision, "why", NULL))
		printf(": %s", json_get_string(decision, "why", ""));
	else
		printf(": %s", json_get_string(decision, "place", "?"));
	putchar('\n');
}

/* Each at once: a follower reads them as they come. A reader that went away ends it, without an error. */
static int print_traced(const struct json *decision, void *arg)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	struct tracing *tracing = arg;

	if (tracing->json) {
		_cleanup_free_ char *line = json_to_text(decision);
		puts(line);
	} else {
		print_decision(tracing, decision);
	}
	return output_flush(&tracing->gone, &err) < 0 || tracing->gone ? -1 : 0;
}

int cmd_filter_trace(struct invocation *invocation, struct error *err)
{
	const char *time = invocation_option(invocation, "for"), *count = invocation_option(invocation, "count");
	struct filter_trace_bounds bounds = { .for_ms = TRACE_SECONDS_MS };
	struct tracing tracing = { .json = invocation->globals.json };
	int64_t decisions = TRACE_DECISIONS;
	size_t lost;

	if (time && parse_seconds(time, "--for", &bounds.for_ms, err) < 0)
		return error_set(err, ERROR_USAGE, "--for \"%s\" is no number of seconds", time);
	if (count && parse_int(count, "--count", 1, INT32_MAX, &decisions, err) < 0)
		return error_set(err, ERROR_USAGE, "--count \"%s\" is no number from 1 on", count);
	bounds.decisions = (size_t)decisions;
	if (op_filter_trace(invocation->context, invocation->args[0], &bounds, print_traced, &tracing, &lost, err) < 0)
		return -1;
	if (lost > 0)
		log_warning("more was traced than could be read: some frames are missing");
	return 0;
}
