/* kvmctl list, kvmctl state: what the run directory and /proc tell; with --full, what all monitors say at once. */
#include "ops/verbs.h"

#include "base/strv.h"
#include "base/text.h"
#include "ops/act_look.h"
#include "vm/orphan.h"
#include "vm/spec.h"

int op_state(struct context *context, const char *name, struct instance *ret, struct error *err)
{
	if (instance_name_check(name, err) < 0)
		return -1;
	return look_instance(context, name, ret, err);
}

static int add_orphans(struct context *context, struct json *rows, struct error *err)
{
	_cleanup_orphans_ struct orphans orphans = { 0 };

	if (orphans_find(&context->rundir, &context->here, &orphans, err) < 0)
		return -1;
	for (size_t i = 0; i < orphans.n; i++) {
		const struct instance instance = {
			.name = orphans.list[i].name,
			.state = INSTANCE_ORPHANED,
			.reason = (char *)"no record",
			.status.qemu = orphans.list[i].id,
		};
		json_append(rows, look_row(&instance));
	}
	return 0;
}

/* Asks all that live, and corrects what is known of them. */
static char **ask_full(struct context *context, struct instance *instances, size_t n)
{
	struct ask *asks = xcalloc(n + 1, sizeof(*asks));
	size_t *who = xcalloc(n + 1, sizeof(*who)), n_asks = 0;
	char **run_states = xcalloc(n + 1, sizeof(*run_states));

	for (size_t i = 0; i < n; i++)
		if (look_is_alive(&instances[i])) {
			who[n_asks] = i;
			asks[n_asks++].name = instances[i].name;
		}
	ask_all(context, asks, n_asks, look_questions, look_n_questions, context_step(context, context->settings->timeouts.query));
	for (size_t i = 0; i < n_asks; i++)
		look_correct(&instances[who[i]], &asks[i], &run_states[who[i]]);
	ask_clear(asks, n_asks);
	free(asks);
	free(who);
	return run_states;
}

static int look_at_all(struct context *context, char *const *names, struct instance *instances, size_t n, struct error *err)
{
	for (size_t i = 0; i < n; i++)
		if (look_instance(context, names[i], &instances[i], err) < 0)
			return -1;
	return 0;
}

int op_list(struct context *context, bool full, struct json **ret, struct error *err)
{
	_cleanup_strv_ char **names = NULL;
	struct json *document, *rows;

	if (rundir_names(&context->rundir, &names, err) < 0)
		return -1;
	size_t n = strv_length(names);
	struct instance *instances = xcalloc(n + 1, sizeof(*instances));
	char **run_states = NULL;
	int result = look_at_all(context, names, instances, n, err);

	document = json_new_object();
	rows = json_new_array();
	json_put(document, "instances", rows);
	if (result == 0 && full)
		run_states = ask_full(context, instances, n);
	for (size_t i = 0; result == 0 && i < n; i++) {
		struct json *row = look_row(&instances[i]);

		if (full)
			json_put_string(row, "run_state", run_states[i]);
		json_append(rows, row);
	}
	if (result == 0)
		result = add_orphans(context, rows, err);
	for (size_t i = 0; i < n; i++) {
		instance_clear(&instances[i]);
		if (run_states)
			free(run_states[i]);
	}
	free(run_states);
	free(instances);
	if (result < 0)
		json_free(document);
	else
		*ret = document;
	return result;
}
