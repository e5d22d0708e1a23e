/* A definition that somebody hands over: read, checked, defined. */
#include "ops/act_filter.h"

#include <unistd.h>

#include "base/text.h"
#include "ops/act_input.h"
#include "vm/filter_check.h"
#include "vm/filter_json.h"
#include "vm/filter_references.h"

static int read_definition(struct context *context, const char *file, struct filter **ret, struct error *err)
{
	bool is_stdin = streq(file, "-");
	_cleanup_free_ char *what = is_stdin ? xstrdup("the filter on standard input") : xprintf("filter \"%s\"", file);
	_cleanup_free_ char *text = NULL;
	_cleanup_close_ int fd = -1;
	size_t length;

	if (!is_stdin && input_open(file, what, FILTER_MAX_BYTES, &fd, err) < 0)
		return -1;
	if (input_read(is_stdin ? STDIN_FILENO : fd, what, FILTER_MAX_BYTES,
		       context_step(context, context->settings->timeouts.start), &text, &length, err) < 0)
		return -1;
	return filter_parse(text, length, what, ret, err);
}

/* What is not there is looked for when the filter is used. */
int act_filter_check_loop(const struct filter_store *store, const struct filter *filter, struct error *err)
{
	_cleanup_free_ char *loop = filter_find_loop(store, filter);

	if (!loop)
		return 0;
	return error_set(err, ERROR_SPEC, "the filter \"%s\" would refer to itself: %s", filter->name, loop);
}

int act_filter_check(struct context *context, const char *file, struct filter **ret, struct problems *warnings,
		     struct error *err)
{
	_cleanup_filter_store_ struct filter_store store = { 0 };
	_cleanup_filter_ struct filter *filter = NULL;

	filter_store_open(context->settings->filter_dir, &store);
	if (read_definition(context, file, &filter, err) < 0 || act_filter_check_loop(&store, filter, err) < 0)
		return -1;
	filter_check(filter, warnings);
	*ret = take_ptr(filter);
	return 0;
}
