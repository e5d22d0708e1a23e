/* Rules that stand together and begin alike go into a chain of their own, which is entered by what they have in common: it is looked at
 * once for all of them, and ten thousand rules are made of a third fewer expressions. The end of such a chain leads back to behind it. */
#include "base/text.h"
#include "vm/filter_compile_internal.h"

#define RUN_LEAST 8 /* rules; fewer are not worth a chain */

/* How much of a line tells the protocol; 0: it does not, or it ends the chain that it is in and no other. */
static size_t common_length(const char *line, size_t length)
{
	static const char first_fragment[] = "\t\tip frag-off & 0x1fff == 0 ";
	static const char *const protocols[] = { "ip protocol ", "meta l4proto " };
	const char *s = line + strlen("\t\t");

	if (memmem(line, length, " counter return ", strlen(" counter return ")))
		return 0;
	if (starts_with(line, first_fragment))
		s = line + strlen(first_fragment);
	for (size_t i = 0; i < ELEMENTS(protocols); i++)
		if (starts_with(s, protocols[i])) {
			s += strlen(protocols[i]);
			s += strspn(s, "0123456789");
			return *s == ' ' ? (size_t)(s + 1 - line) : 0;
		}
	return 0;
}

static size_t line_length(const char *line)
{
	return strcspn(line, "\n") + 1;
}

/* How many lines from here on begin alike; *ret_end is behind them. */
static size_t run_length(const char *rules, size_t common, const char **ret_end)
{
	const char *line = rules;
	size_t n = 0;

	for (; *line; line += line_length(line), n++)
		if (common_length(line, line_length(line)) != common || strncmp(line, rules, common) != 0)
			break;
	*ret_end = line;
	return n;
}

/* The lines without what they have in common. */
static void put_chain(struct compile *c, const char *name, const char *rules, const char *end, size_t common)
{
	compile_open_chain(c, name);
	for (const char *line = rules; line < end; line += line_length(line))
		fprintf(c->chains, "\t\t%.*s", (int)(line_length(line) - common), line + common);
	fputs("\t}\n", c->chains);
}

char *compile_runs(struct compile *c, const char *chain, const char *rules)
{
	char *text = NULL;
	size_t size, runs = 0;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		abort();
	while (*rules) {
		const char *end = rules + line_length(rules);
		size_t common = common_length(rules, line_length(rules));

		if (common > 0 && run_length(rules, common, &end) >= RUN_LEAST) {
			_cleanup_free_ char *name = xprintf("%s-%zu", chain, ++runs);

			put_chain(c, name, rules, end, common);
			fprintf(out, "%.*sjump %s\n", (int)common, rules, name);
		} else {
			fwrite(rules, 1, (size_t)(end - rules), out);
		}
		rules = end;
	}
	fclose(out);
	return text;
}
