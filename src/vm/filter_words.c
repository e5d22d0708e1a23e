/* Rules made of words, as they stand in tables of kvmctl's own. */
#include "vm/filter_words.h"

#include "base/strv.h"
#include "base/text.h"

/* "NAME=VALUE" */
static bool add_attribute(struct filter_node *node, const char *word)
{
	_cleanup_error_ struct error ignored = ERROR_INIT;
	_cleanup_free_ char *name = xstrndup(word, strcspn(word, "="));
	const struct filter_attribute_row *row = filter_attribute_by_name(node->protocol, name);
	struct filter_value value = { 0 };

	for (size_t i = 0; i < ELEMENTS(filter_members) && !row; i++)
		if (streq(filter_members[i].name, name))
			row = &filter_members[i];
	if (!row || !word[strlen(name)] ||
	    filter_value_parse(row, node->protocol, word + strlen(name) + 1, &value, &ignored) < 0)
		return false;
	filter_node_add(node, row, &value);
	return true;
}

bool filter_add_words(struct filter *filter, const struct filter_words *words)
{
	struct filter_rule *rule = &filter_add_entry(filter, FILTER_ENTRY_RULE, 0)->rule;
	_cleanup_strv_ char **list = words->attributes ? strv_split(words->attributes, ' ') : NULL;
	struct filter_node *node;

	rule->action = words->action;
	rule->direction = words->direction;
	rule->priority = words->priority;
	if (!words->protocol)
		return true;
	node = filter_rule_add_node(rule, filter_protocol_by_name(words->protocol), 0);
	for (char **word = list; word && *word; word++)
		if (streq(*word, "!"))
			node->negated = true;
		else if (!add_attribute(node, *word))
			return false;
	return true;
}
