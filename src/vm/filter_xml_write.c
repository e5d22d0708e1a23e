/* Writing a filter as XML, in libvirt's form. */
#include "vm/filter_xml.h"

#include "base/cleanup.h"

/* In single quotes; a tab or a line end would come back as a blank if it stood there as it is. */
static void write_quoted(FILE *f, const char *name, const char *text)
{
	fprintf(f, " %s='", name);
	for (const char *p = text; *p; p++) {
		switch (*p) {
		case '&':
			fputs("&amp;", f);
			break;
		case '<':
			fputs("&lt;", f);
			break;
		case '>':
			fputs("&gt;", f);
			break;
		case '\'':
			fputs("&apos;", f);
			break;
		case '\t':
		case '\n':
		case '\r':
			fprintf(f, "&#%d;", *p);
			break;
		default:
			fputc(*p, f);
		}
	}
	fputc('\'', f);
}

static void write_comments(FILE *f, const char *indent, char *const *comments)
{
	for (; comments && *comments; comments++)
		fprintf(f, "%s<!--%s-->\n", indent, *comments);
}

static void write_rule(FILE *f, const struct filter_rule *rule)
{
	fprintf(f, "  <rule action='%s' direction='%s' priority='%d'%s", filter_action_to_string(rule->action),
		filter_direction_to_string(rule->direction), rule->priority,
		rule->stateless ? " statematch='false'" : "");
	if (!rule->n_nodes && !rule->comments) {
		fputs("/>\n", f);
		return;
	}
	fputs(">\n", f);
	write_comments(f, "    ", rule->comments);
	for (size_t i = 0; i < rule->n_nodes; i++) {
		const struct filter_node *node = &rule->nodes[i];

		fprintf(f, "    <%s%s", node->protocol->name, node->negated ? " match='no'" : "");
		for (size_t k = 0; k < node->n_attributes; k++)
			write_quoted(f, node->attributes[k].row->name, node->attributes[k].value.text);
		fputs("/>\n", f);
	}
	fputs("  </rule>\n", f);
}

static void write_reference(FILE *f, const struct filter_reference *reference)
{
	fputs("  <filterref", f);
	write_quoted(f, "filter", reference->filter);
	if (!reference->n_parameters && !reference->comments) {
		fputs("/>\n", f);
		return;
	}
	fputs(">\n", f);
	write_comments(f, "    ", reference->comments);
	for (size_t i = 0; i < reference->n_parameters; i++) {
		const struct filter_parameter *parameter = &reference->parameters[i];

		for (char *const *value = parameter->values; *value; value++) {
			fputs("    <parameter", f);
			write_quoted(f, "name", parameter->name);
			write_quoted(f, "value", *value);
			fputs("/>\n", f);
		}
	}
	fputs("  </filterref>\n", f);
}

static void write_entry(FILE *f, const struct filter_entry *entry)
{
	switch (entry->kind) {
	case FILTER_ENTRY_RULE:
		write_rule(f, &entry->rule);
		break;
	case FILTER_ENTRY_REFERENCE:
		write_reference(f, &entry->reference);
		break;
	case FILTER_ENTRY_COMMENT:
		fprintf(f, "  <!--%s-->\n", entry->comment);
		break;
	}
}

char *filter_to_xml(const struct filter *filter)
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	if (!f)
		abort();
	write_comments(f, "", filter->comments);
	fputs("<filter", f);
	write_quoted(f, "name", filter->name);
	if (filter->has_chain)
		write_quoted(f, "chain", filter->chain);
	if (filter->has_priority)
		fprintf(f, " priority='%d'", filter->priority);
	fputs(">\n", f);
	if (*filter->uuid)
		fprintf(f, "  <uuid>%s</uuid>\n", filter->uuid);
	for (size_t i = 0; i < filter->n_entries; i++)
		write_entry(f, &filter->entries[i]);
	fputs("</filter>\n", f);
	if (fclose(f) != 0)
		abort();
	return text;
}
