/* filter verify, restore. */
#include "ops/verbs.h"

#include "base/strv.h"
#include "base/text.h"
#include "ops/act_filters.h"
#include "ops/act_learner.h"

int op_filter_verify(struct context *context, struct json **ret, struct error *err)
{
	_cleanup_filters_ struct filters *filters = NULL;
	_cleanup_(filters_findings_free) struct filters_findings findings = { 0 };
	struct json *document, *problems;

	if (act_filters_begin(context, "filter verify", &filters, err) < 0)
		return -1;
	act_filters_tolerate(filters);
	if (act_filters_verify(filters, true, &findings, err) < 0)
		return -1;
	document = json_new_object();
	json_put_bool(document, "good", findings.n == 0);
	json_put_int(document, "bindings", (int64_t)findings.bindings);
	json_put(document, "problems", problems = json_new_array());
	for (size_t i = 0; i < findings.n; i++)
		for (char *const *what = findings.list[i].what; what && *what; what++) {
			struct json *problem = json_new_object();

			json_put_string(problem, "interface", findings.list[i].interface);
			json_put_string(problem, "what", *what);
			json_append(problems, problem);
		}
	*ret = document;
	return 0;
}

int op_filter_restore(struct context *context, struct json **ret, struct error *err)
{
	_cleanup_filters_ struct filters *filters = NULL;
	_cleanup_problems_ struct problems problems = { 0 };
	_cleanup_strv_ char **removed = NULL, **left = NULL, **closed = NULL;
	size_t n = 0;

	if (act_filters_begin(context, "filter restore", &filters, err) < 0)
		return -1;
	act_filters_tolerate(filters);
	act_filters_force(filters);
	if (act_filters_refresh(filters, NULL, NULL, &n, &problems, err) < 0 && problems.n == 0)
		return -1;
	if (act_filters_remove_strangers(filters, &removed, &left, err) < 0 ||
	    act_filters_close_rest(filters, &closed, err) < 0 || act_filters_commit(filters, err) < 0)
		return -1;
	act_filters_unread(filters, &problems);
	act_learner_settle_all(context);
	for (char *const *name = closed; name && *name; name++)
		problems_add(&problems, *name, "nothing passes there until then");
	if (problems_to_error(&problems, ERROR_SPEC, "what can be is restored, but not all", err) < 0)
		return -1;
	*ret = json_new_object();
	json_put_int(*ret, "restored", (int64_t)n);
	json_put(*ret, "removed", json_new_strings(removed));
	json_put(*ret, "left", json_new_strings(left));
	return 0;
}
