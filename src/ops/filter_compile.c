/* The rules that a filter comes to on a NIC, to look at: nothing is loaded. */
#include "ops/verbs.h"

#include "base/strv.h"
#include "base/text.h"
#include "vm/filter_cache.h"
#include "vm/filter_compile.h"
#include "vm/filter_kernel.h"
#include "vm/filter_parameters.h"

static struct filter_kernel kernel_or_likely(void)
{
	_cleanup_error_ struct error ignored = ERROR_INIT;
	struct filter_kernel kernel;

	/* Who may not ask the kernel is shown what Debian's can do. */
	if (filter_kernel_probe(FILTER_MARK_MASK, &kernel, &ignored) < 0)
		kernel = (struct filter_kernel){ .bridge = true,
						 .bridge_netfilter = true,
						 .inet_ct = true,
						 .inet_reject = true,
						 .connlimit = true,
						 .mark_mask = FILTER_MARK_MASK };
	return kernel;
}

static int compile(struct context *context, const char *name, const struct filter_reference *parameters,
		   const struct filter_nic *nic, struct filter_program *ret, struct problems *problems)
{
	_cleanup_filter_store_ struct filter_store store = { 0 };
	_cleanup_filter_cache_ struct filter_cache cache = { .store = &store };
	_cleanup_filter_tree_ struct filter_tree tree = { 0 };
	struct filter_kernel kernel = kernel_or_likely();
	struct filter_source source = filter_cache_source(&cache);

	filter_store_open(context->settings->filter_dir, &store);
	if (filter_tree_build(&source, name, parameters->parameters, parameters->n_parameters, &tree, NULL, problems) <
	    0)
		return -1;
	return filter_compile(&tree, nic, &kernel, ret, problems);
}

int op_filter_compile(struct context *context, const char *name, char *const *parameters, const char *interface,
		      struct json **ret, struct error *err)
{
	_cleanup_problems_ struct problems problems = { 0 };
	_cleanup_filter_program_ struct filter_program program = { 0 };
	_cleanup_(filter_reference_clear) struct filter_reference given = { 0 };
	struct filter_nic nic = { interface ? interface : "tap0", 2 };
	struct json *warnings = NULL;

	if (filter_interface_check(nic.interface, err) < 0 ||
	    filter_parameters_from_words(parameters, &given.parameters, &given.n_parameters, err) < 0)
		return -1;
	filter_parameters_add_link_local(&given);
	if (compile(context, name, &given, &nic, &program, &problems) < 0) {
		_cleanup_free_ char *what = xprintf("filter \"%s\"", name);

		return problems_to_error(&problems, ERROR_SPEC, what, err);
	}
	*ret = json_new_object();
	json_put_string(*ret, "name", name);
	json_put_string(*ret, "interface", nic.interface);
	_cleanup_free_ char *text = filter_program_text(&program);
	json_put_string(*ret, "text", text);
	json_put_int(*ret, "rules", (int64_t)program.rules);
	json_put_bool(*ret, "connections", program.connections);
	json_put(*ret, "warnings", warnings = json_new_array());
	for (char **warning = program.warnings; warning && *warning; warning++)
		json_append_string(warnings, *warning);
	return 0;
}
