/* A rule in one line, for people: what `filter stats`, `trace` and `explain` show beside its place. */
#include "vm/filter_model.h"

#include <stdio.h>

#include "base/text.h"

static void put_node(FILE *out, const struct filter_node *node)
{
	fprintf(out, "%s%s", node->negated ? "not " : "", node->protocol->name);
	for (size_t i = 0; i < node->n_attributes; i++)
		if (node->attributes[i].row->kind != FILTER_KIND_COMMENT)
			fprintf(out, " %s=%s", node->attributes[i].row->name, node->attributes[i].value.text);
}

char *filter_rule_text(const struct filter_rule *rule)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		abort();
	fprintf(out, "%s %s %d%s: ", filter_action_to_string(rule->action), filter_direction_to_string(rule->direction),
		rule->priority, rule->stateless ? " stateless" : "");
	for (size_t i = 0; i < rule->n_nodes; i++) {
		fputs(i > 0 ? ", " : "", out);
		put_node(out, &rule->nodes[i]);
	}
	if (rule->n_nodes == 0)
		fputs("everything", out);
	if (fclose(out) != 0)
		abort();
	return text;
}
