/* Security groups: whatever is read does no harm; what is valid comes back the same, and always has rules. */
#include <stdint.h>

#include "base/strv.h"
#include "base/text.h"
#include "vm/filter_compile.h"
#include "vm/secgroup_filter.h"

/* The rules of a NIC that has the group. */
static void compile(const struct secgroup *group)
{
	static const struct filter_kernel kernel = { .bridge = true, .bridge_ct = true, .mark_mask = FILTER_MARK_MASK };
	const struct secgroup_store nowhere = { (char *)"/nonexistent" };
	const struct filter_store store = { (char *)"/nonexistent", NULL };
	_cleanup_filter_cache_ struct filter_cache cache = { .store = &store };
	_cleanup_problems_ struct problems problems = { 0 };
	_cleanup_filter_tree_ struct filter_tree tree = { 0 };
	_cleanup_filter_program_ struct filter_program program = { 0 };
	_cleanup_free_ char *name = NULL;
	char *const groups[] = { group->name, NULL };
	const struct secgroup_nic nic = { .interface = "tap0", .groups = groups };
	const struct filter_nic where = { "tap0", 2 };
	struct filter_source source = filter_cache_source(&cache);

	filter_cache_add(&cache, secgroup_to_filter(group));
	if (secgroup_filter_expand(&nowhere, &nic, &cache, &name, &problems) < 0 ||
	    filter_tree_build(&source, name, NULL, 0, &tree, NULL, &problems) < 0 ||
	    filter_compile(&tree, &where, &kernel, &program, &problems) < 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	_cleanup_secgroup_ struct secgroup *group = NULL, *again = NULL;

	if (secgroup_parse((const char *)data, size, "input", &group, &err) < 0) {
		if (err.kind != ERROR_SPEC || !err.message)
			abort();
		return 0;
	}
	_cleanup_json_ struct json *first = secgroup_to_json(group), *second = NULL;
	_cleanup_free_ char *text = json_to_text(first);
	if (secgroup_parse(text, strlen(text), "written", &again, &err) < 0)
		abort();
	second = secgroup_to_json(again);
	if (!json_equal(first, second))
		abort();
	compile(group);
	return 0;
}
