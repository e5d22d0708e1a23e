/* The compiler: a filter and parameters for its variables, out of the input, become rules that nft takes, or are refused with a reason.
 *
 * Input: lines "NAME=VALUE" of parameters, then a filter as JSON. References find the same filter again (a loop) or a small one. */
#include <sched.h>
#include <stdint.h>

#include "base/strv.h"
#include "base/text.h"
#include "host/nft.h"
#include "vm/filter_compile.h"
#include "vm/filter_json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct source {
	struct filter *top, *small;
};

static const struct filter *find(void *arg, const char *name, struct error *err)
{
	struct source *source = arg;

	(void)err;
	if (streq(name, "missing"))
		return NULL;
	return streq(name, source->top->name) ? source->top : source->small;
}

/* Whether nft may be asked: in a network namespace of our own. */
static bool can_check(void)
{
	static int able = -1;

	if (able < 0)
		able = unshare(CLONE_NEWUSER | CLONE_NEWNET) == 0 || unshare(CLONE_NEWNET) == 0;
	return able == 1;
}

static void loads(const struct filter_program *program, const struct filter_kernel *kernel,
		  const struct filter_nic *nic)
{
	_cleanup_filter_transaction_ struct filter_transaction *t = filter_transaction_new(kernel);
	_cleanup_error_ struct error err = ERROR_INIT;

	filter_transaction_put(t, nic, "br0", program, &(struct filter_existing){ 0 });
	/* Without the module (a fuzzer alone in its directory) nothing is asked. */
	if (!can_check() || nft_check(filter_transaction_text(t), NULL, &err) == 0 ||
	    !strstr(err.message, "nftables refused") || strstr(err.message, "not permitted") ||
	    strstr(err.message, "not supported"))
		return;
	fprintf(stderr, "%s\n%s\n", err.message, filter_transaction_text(t));
	abort();
}

static void compile(struct source *source, const struct filter_reference *parameters, struct filter_kernel kernel)
{
	static const struct filter_nic nic = { "tap0", 2 };
	_cleanup_filter_tree_ struct filter_tree tree = { 0 };
	_cleanup_filter_program_ struct filter_program program = { 0 };
	_cleanup_problems_ struct problems problems = { 0 };

	if (filter_tree_build(&(struct filter_source){ find, source }, source->top->name, parameters->parameters,
			      parameters->n_parameters, &tree, NULL, &problems) < 0 ||
	    filter_compile(&tree, &nic, &kernel, &program, &problems) < 0) {
		if (problems.n == 0)
			abort();
		return;
	}
	if (!kernel.bridge_ct)
		loads(&program, &kernel, &nic);
}

static const char *parameters_of(const char *text, struct filter_reference *ret)
{
	const char *end;

	while (*text != '{' && (end = strchr(text, '\n'))) {
		_cleanup_free_ char *line = xstrndup(text, (size_t)(end - text));
		char *equals = strchr(line, '=');

		if (equals) {
			*equals = '\0';
			if (filter_variable_name_is_valid(line) && filter_variable_value_is_valid(equals + 1))
				strv_add(&filter_reference_parameter(ret, line)->values, equals + 1);
		}
		text = end + 1;
	}
	return text;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char small[] = "{\"name\": \"small\", \"chain\": \"ipv4\", \"entries\": [{\"rule\": {\"action\": "
				    "\"drop\", \"direction\": "
				    "\"inout\", \"nodes\": [{\"ip\": {\"srcipaddr\": \"$A\"}}]}}]}";
	static const struct filter_kernel marks = { .bridge = true,
						    .bridge_netfilter = true,
						    .inet_ct = true,
						    .inet_reject = true,
						    .connlimit = true,
						    .mark_mask = FILTER_MARK_MASK };
	struct filter_kernel tracks = marks;
	_cleanup_error_ struct error err = ERROR_INIT;
	_cleanup_free_ char *text = xstrndup((const char *)data, size);
	_cleanup_filter_ struct filter *top = NULL, *other = NULL;
	struct filter_reference parameters = { 0 };
	const char *json = parameters_of(text, &parameters);

	if (filter_from_json(small, strlen(small), "small", &other, &err) < 0)
		abort();
	if (filter_from_json(json, strlen(json), "input", &top, &err) == 0) {
		struct source source = { top, other };

		compile(&source, &parameters, marks);
		tracks.bridge_ct = tracks.bridge_reject = true;
		compile(&source, &parameters, tracks);
	}
	for (size_t i = 0; i < parameters.n_parameters; i++) {
		free(parameters.parameters[i].name);
		strv_free(parameters.parameters[i].values);
	}
	free(parameters.parameters);
	return 0;
}
