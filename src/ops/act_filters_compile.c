/* The program of a binding: its values, its tree, its rules, its number. */
#include "ops/act_filters_parts.h"

#include <inttypes.h>

#include "base/log.h"
#include "base/strv.h"
#include "base/text.h"
#include "vm/filter_kernel.h"
#include "vm/filter_parameters.h"

/* Numbers that stand in a frame's mark are few: who does not count connections has one beyond. */
#define NUMBER_FIRST 2
#define NUMBER_BEYOND 65536

char *act_filters_binding_text(const struct filter_binding *binding)
{
	if (!*binding->instance)
		return xstrdup(binding->interface);
	return xprintf("%s (NIC %" PRId64 " of instance \"%s\")", binding->interface, binding->nic, binding->instance);
}

/* --- its number --- */

static bool number_is_free(const struct filters *filters, const char *interface, int64_t number)
{
	for (size_t i = 0; i < filters->n_bindings; i++)
		if (filters->bindings[i]->number == number && !streq(filters->bindings[i]->interface, interface))
			return false;
	for (size_t i = 0; i < filters->n_changes; i++)
		if (filters->changes[i].binding && filters->changes[i].binding->number == number &&
		    !streq(filters->changes[i].interface, interface))
			return false;
	return true;
}

static int64_t free_number(const struct filters *filters, const char *interface, int64_t first)
{
	while (!number_is_free(filters, interface, first))
		first++;
	return first;
}

/* --- its rules --- */

/* All that is wrong is said at once: what the filter lacks besides the groups. */
static void check_own(struct filters *filters, const struct filter_binding *binding, struct problems *problems)
{
	struct filter_source source = filter_cache_source(&filters->cache);
	_cleanup_filter_parameters_ struct filter_parameters parameters = { 0 };
	_cleanup_filter_tree_ struct filter_tree tree = { 0 };

	if (*binding->filter)
		(void)filter_parameters_build(&source, binding->filter, binding, &parameters, &tree, problems);
}

/* Security groups are put into the tree here. */
static int build_tree(struct filters *filters, const struct filter_binding *binding,
		      struct filter_parameters *ret_parameters, struct filter_tree *ret, struct problems *problems)
{
	struct filter_source source = filter_cache_source(&filters->cache);
	_cleanup_free_ char *name = NULL;

	if (filters_expand(filters, binding, &name, problems) < 0) {
		check_own(filters, binding, problems);
		return -1;
	}
	return filter_parameters_build(&source, name, binding, ret_parameters, ret, problems);
}

void act_filters_warn_unused(struct filters *filters, const struct filter_binding *binding, const char *where)
{
	struct filter_source source = filter_cache_source(&filters->cache);
	_cleanup_problems_ struct problems ignored = { 0 };
	_cleanup_free_ char *name = NULL;

	if (filters_expand(filters, binding, &name, &ignored) < 0)
		return;
	_cleanup_strv_ char **unused = filter_parameters_unused(&source, name, binding);
	for (char *const *one = unused; one && *one; one++)
		log_warning("%s: no rule refers to the parameter \"%s\": it has no effect", where, *one);
}

static bool same_kernel(const struct filter_kernel *a, const struct filter_kernel *b)
{
	return a->bridge == b->bridge && a->bridge_ct == b->bridge_ct && a->bridge_reject == b->bridge_reject &&
	       a->bridge_netfilter == b->bridge_netfilter && a->inet_ct == b->inet_ct &&
	       a->inet_reject == b->inet_reject && a->connlimit == b->connlimit && a->mark_mask == b->mark_mask;
}

/* A kernel that is remembered to be unable may have learned it: a module was loaded. True: it has. */
static bool ask_kernel_again(struct filters *filters)
{
	struct context *context = filters->context;
	_cleanup_error_ struct error ignored = ERROR_INIT;
	struct filter_kernel before = filters->kernel;

	if (filters->kernel_asked)
		return false;
	filters->kernel_asked = true;
	return filter_kernel_known(&context->rundir, context->settings->filter_mark_mask, true, &filters->kernel,
				   &ignored) == 0 &&
	       !same_kernel(&before, &filters->kernel);
}

static int compile_tree(struct filters *filters, const struct filter_tree *tree, const struct filter_nic *nic,
			struct filter_program *ret, struct problems *problems)
{
	_cleanup_problems_ struct problems first = { 0 };

	if (filter_compile(tree, nic, &filters->kernel, ret, &first) == 0)
		return 0;
	if (ask_kernel_again(filters))
		return filter_compile(tree, nic, &filters->kernel, ret, problems);
	problems_add_all(problems, &first, "");
	return -1;
}

/* With the number that it has if that can stand in a mark; and if it has to, and cannot, with another one. */
static int compile_numbered(struct filters *filters, struct filter_binding *binding, struct filter_program *ret,
			    struct problems *problems)
{
	_cleanup_filter_parameters_ struct filter_parameters parameters = { 0 }; /* outlives the tree */
	_cleanup_filter_tree_ struct filter_tree tree = { 0 };
	_cleanup_filter_program_ struct filter_program program = { 0 };
	bool small = binding->number >= NUMBER_FIRST && binding->number < NUMBER_BEYOND;
	struct filter_nic nic = { binding->interface, small ? (unsigned)binding->number : NUMBER_FIRST };

	if (build_tree(filters, binding, &parameters, &tree, problems) < 0)
		return -1;
	if (!small)
		nic.number = (unsigned)free_number(filters, binding->interface, NUMBER_FIRST);
	if (compile_tree(filters, &tree, &nic, &program, problems) < 0)
		return -1;
	if (program.inet_chains)
		binding->number = nic.number;
	else if (binding->number == 0)
		binding->number = free_number(filters, binding->interface, NUMBER_BEYOND);
	binding->learns_ipv4 = parameters.learns_ipv4;
	binding->learns_ipv6 = parameters.learns_ipv6;
	*ret = program;
	program = (struct filter_program){ 0 };
	return 0;
}

/* Connections of bridged frames are seen by the hooks of IP only, when the bridge calls them. */
static void check_bridge(const struct filters *filters, const struct filter_binding *binding,
			 const struct filter_program *program, struct problems *problems)
{
	_cleanup_error_ struct error err = ERROR_INIT;

	/* Its name comes into the rules, too. */
	if (*binding->bridge && filter_interface_check(binding->bridge, &err) < 0)
		problems_add_error(problems, "", &err);
	if (program->connections && !filters->kernel.bridge_ct && !*binding->bridge)
		problems_add(problems, "",
			     "its filter looks at connections, which this kernel tracks for frames of bridges by "
			     "br_netfilter, and it is in no bridge");
}

/* All that is filtered is numbered: of a record that cannot be read the number is not known. What is bound anew keeps its own. */
static int read_all(struct filters *filters, struct filter_binding *binding, struct problems *problems)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	const struct filter_binding *old;

	if (filters_ask_kernel(filters, &err) < 0 || filters_recorded(filters, binding->interface, &old, &err) < 0) {
		problems_add_error(problems, "", &err);
		return -1;
	}
	if (binding->number == 0 && old)
		binding->number = old->number;
	return 0;
}

int filters_compile(struct filters *filters, struct filter_binding *binding, struct filter_program *ret,
		    struct problems *problems)
{
	_cleanup_filter_program_ struct filter_program program = { 0 };
	size_t before = problems->n;

	if (read_all(filters, binding, problems) == 0 && compile_numbered(filters, binding, &program, problems) == 0)
		check_bridge(filters, binding, &program, problems);
	if (problems->n > before)
		return -1;
	*ret = program;
	program = (struct filter_program){ 0 };
	return 0;
}

int filters_compile_recorded(struct filters *filters, const struct filter_binding *recorded, struct filter_program *ret)
{
	_cleanup_filter_binding_ struct filter_binding *copy = filter_binding_copy(recorded);
	_cleanup_problems_ struct problems ignored = { 0 };
	struct filter_cache cache = filters->cache;
	int result;

	filters->cache = filters->stored;
	result = filters_compile(filters, copy, ret, &ignored);
	filters->stored = filters->cache;
	filters->cache = cache;
	return result;
}
