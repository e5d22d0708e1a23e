/* Flattening a tree of filters: references are followed depth first, then the rules are put into the order of their evaluation. */
#include "vm/filter_tree.h"

#include "base/strv.h"
#include "base/text.h"
#include "vm/filter_tree_internal.h"

struct walk {
	const struct filter_source *source;
	struct filter_tree *tree;
	char ***unset;
	struct problems *problems;
	size_t references;
	bool full;                                        /* a bound was met: said once, then nothing more is added */
	const struct filter *path[FILTER_TREE_DEPTH_MAX]; /* from the top to here */
	size_t depth;
};

char *tree_place(const struct filter *filter, size_t entry)
{
	_cleanup_free_ char *place = filter_entry_place(filter, entry);

	return xprintf("filter \"%s\", %s", filter->name, place);
}

void filter_tree_clear(struct filter_tree *tree)
{
	for (size_t i = 0; i < tree->n; i++)
		tree_rule_clear(&tree->rules[i]);
	free(tree->rules);
	strv_free(tree->filters);
	*tree = (struct filter_tree){ 0 };
}

static void too_many(struct walk *walk, const char *where, size_t bound, const char *of_what)
{
	if (!walk->full)
		problems_add(walk->problems, where, "the tree has more than %zu %s", bound, of_what);
	walk->full = true;
}

static void add_rule(struct walk *walk, const struct filter *filter, size_t entry, const struct scope *scope)
{
	const struct filter_rule *rule = &filter->entries[entry].rule;
	bool root = streq(filter->chain, "root");
	struct filter_tree_rule flat = {
		.filter = filter,
		.entry = entry,
		.rule = rule,
		.chain = filter->chain,
		.chain_priority = filter->priority,
		.priority = !root && rule->priority < filter->priority ? filter->priority : rule->priority,
		.number = walk->tree->n,
	};

	if (walk->tree->n >= FILTER_TREE_RULES_MAX) {
		too_many(walk, "", FILTER_TREE_RULES_MAX, "rules");
		return;
	}
	tree_resolve(&flat, scope, walk->unset, walk->problems);
	grow_array(walk->tree->rules, walk->tree->n);
	walk->tree->rules[walk->tree->n++] = flat;
}

/* "a" -> "b" -> "a" */
static char *loop_text(const struct walk *walk, size_t from, const char *name)
{
	_cleanup_strv_ char **names = NULL;

	for (size_t i = from; i < walk->depth; i++)
		strv_addf(&names, "\"%s\"", walk->path[i]->name);
	strv_addf(&names, "\"%s\"", name);
	return strv_join(names, " -> ");
}

/* The filter of that name if it can be walked into from here; else NULL, and the problem is said. */
static const struct filter *enter(struct walk *walk, const char *name, const char *place)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	const struct filter *filter = walk->source->find(walk->source->arg, name, &err);

	if (!filter && err.message)
		problems_add_error(walk->problems, place, &err);
	else if (!filter)
		problems_add(walk->problems, place, "there is no filter \"%s\"", name);
	if (!filter)
		return NULL;

	for (size_t i = 0; i < walk->depth; i++) {
		if (walk->path[i] != filter)
			continue;
		_cleanup_free_ char *loop = loop_text(walk, i, name);
		problems_add(walk->problems, place, "the references form a loop: %s", loop);
		return NULL;
	}
	if (walk->depth >= FILTER_TREE_DEPTH_MAX) {
		problems_add(walk->problems, place, "references are more than %d deep", FILTER_TREE_DEPTH_MAX);
		return NULL;
	}
	return filter;
}

static void follow(struct walk *walk, const char *name, const char *place, const struct scope *scope);

static void walk_entries(struct walk *walk, const struct filter *filter, const struct scope *scope)
{
	for (size_t i = 0; i < filter->n_entries && !walk->full; i++) {
		const struct filter_entry *entry = &filter->entries[i];

		if (entry->kind == FILTER_ENTRY_RULE) {
			add_rule(walk, filter, i, scope);
		} else if (entry->kind == FILTER_ENTRY_REFERENCE) {
			_cleanup_free_ char *place = tree_place(filter, i);
			struct scope inner = { entry->reference.parameters, entry->reference.n_parameters, scope };

			follow(walk, entry->reference.filter, place, &inner);
		}
	}
}

static void follow(struct walk *walk, const char *name, const char *place,
		   const struct scope *scope) /* NOLINT(misc-no-recursion) */
{
	if (walk->references++ >= FILTER_TREE_REFERENCES_MAX) {
		too_many(walk, place, FILTER_TREE_REFERENCES_MAX, "references");
		return;
	}

	const struct filter *filter = enter(walk, name, place);
	if (!filter)
		return;
	if (!strv_contains(walk->tree->filters, filter->name))
		strv_add(&walk->tree->filters, filter->name);
	walk->path[walk->depth++] = filter;
	walk_entries(walk, filter, scope);
	walk->depth--;
}

/* Root before the others (libvirt makes its rules first), then by priority; ties as the tree has them. */
static int compare(const void *a, const void *b)
{
	const struct filter_tree_rule *x = a, *y = b;
	bool x_root = streq(x->chain, "root"), y_root = streq(y->chain, "root");

	if (x_root != y_root)
		return x_root ? -1 : 1;
	if (x->priority != y->priority)
		return x->priority < y->priority ? -1 : 1;
	return x->number < y->number ? -1 : x->number > y->number;
}

static void check_lists(const struct filter_parameter *parameters, size_t n, struct problems *problems)
{
	for (size_t i = 0; i < n; i++) {
		_cleanup_free_ char *place = xprintf("parameter \"%s\"", parameters[i].name);
		size_t length = strv_length(parameters[i].values);

		if (length > FILTER_LIST_MAX)
			problems_add(problems, place, "a list of %zu values, %d at most", length, FILTER_LIST_MAX);
	}
}

int filter_tree_build(const struct filter_source *source, const char *name, const struct filter_parameter *parameters,
		      size_t n_parameters, struct filter_tree *ret, char ***ret_unset, struct problems *problems)
{
	_cleanup_filter_tree_ struct filter_tree tree = { 0 };
	_cleanup_strv_ char **unset = NULL;
	size_t before = problems->n;
	struct walk walk = { .source = source, .tree = &tree, .unset = &unset, .problems = problems };
	struct scope nic = { parameters, n_parameters, NULL };

	check_lists(parameters, n_parameters, problems);
	if (problems->n == before)
		follow(&walk, name, "", &nic);
	if (ret_unset)
		*ret_unset = take_ptr(unset);
	if (problems->n > before)
		return -1;
	if (tree.n > 0)
		qsort(tree.rules, tree.n, sizeof(*tree.rules), compare);
	*ret = tree;
	tree = (struct filter_tree){ 0 };
	return 0;
}
