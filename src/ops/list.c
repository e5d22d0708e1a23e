/* kvmctl list, kvmctl state: what the run directory and /proc tell; with --full, what all monitors say at once; with --all, which specs there are besides. */
#include "ops/verbs.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/strv.h"
#include "base/text.h"
#include "ops/act_look.h"
#include "ops/act_spec.h"
#include "vm/orphan.h"
#include "vm/spec.h"

int op_state(struct context *context, const char *name, struct instance *ret, struct error *err)
{
	if (instance_name_check(name, err) < 0)
		return -1;
	return look_instance(context, name, ret, err);
}

/* Asks all that live, and corrects what is known of them. All are asked first and then awaited: the
 * slowest decides how long it takes, not their number. */
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
	ask_all(context, asks, n_asks, look_questions, look_n_questions,
		context_step(context, context->settings->timeouts.query));
	for (size_t i = 0; i < n_asks; i++)
		look_correct(&instances[who[i]], &asks[i], &run_states[who[i]]);
	ask_clear(asks, n_asks);
	free(asks);
	free(who);
	return run_states;
}

void listing_free(struct listing *listing)
{
	for (size_t i = 0; i < listing->n; i++) {
		instance_clear(&listing->instances[i]);
		if (listing->run_states)
			free(listing->run_states[i]);
	}
	free(listing->instances);
	free(listing->run_states);
	*listing = (struct listing){ 0 };
}

/* Known by name: a record whose status line is gone may still be of a guest that runs. */
static int add_recorded(struct context *context, const struct orphans *orphans, struct listing *listing,
			struct error *err)
{
	_cleanup_strv_ char **names = NULL;

	if (rundir_names(&context->rundir, &names, err) < 0)
		return -1;
	listing->instances = xcalloc(strv_length(names) + orphans->n, sizeof(*listing->instances));
	for (char *const *name = names; name && *name; name++) {
		if (look_instance_of_many(context, *name, orphans, &listing->instances[listing->n], err) < 0)
			return -1;
		listing->n++;
	}
	return 0;
}

static bool is_listed(const struct listing *listing, const char *name)
{
	for (size_t i = 0; i < listing->n; i++)
		if (streq(listing->instances[i].name, name))
			return true;
	return false;
}

static void add_orphans(const struct orphans *orphans, struct listing *listing)
{
	for (size_t i = 0; i < orphans->n; i++) {
		const struct orphan *orphan = &orphans->list[i];

		if (!is_listed(listing, orphan->name))
			listing->instances[listing->n++] = (struct instance){
				.name = xstrdup(orphan->name),
				.state = INSTANCE_ORPHANED,
				.reason = xstrdup("no record"),
				.status.qemu = orphan->id,
			};
	}
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct instance *)a)->name, ((const struct instance *)b)->name);
}

/* Those of which there is a spec and nothing else. A directory that may not be read is no empty one. */
static int add_specs(const struct context *context, struct listing *listing, struct error *err)
{
	const char *dir = context->settings->spec_dir;
	_cleanup_strv_ char **names = spec_names(dir);
	size_t n = strv_length(names), listed = listing->n;

	if (!names && access(dir, R_OK | X_OK) < 0 && errno != ENOENT)
		return error_errno(err, ERROR_HOST, errno, "cannot read \"%s\"", dir);
	struct instance *instances = xcalloc(listed + n + 1, sizeof(*instances));
	if (listed > 0)
		memcpy(instances, listing->instances, listed * sizeof(*instances));
	free(listing->instances);
	listing->instances = instances;
	for (size_t i = 0; names && names[i]; i++)
		if (!is_listed(listing, names[i]))
			instances[listing->n++] = (struct instance){ .name = xstrdup(names[i]),
								     .state = INSTANCE_STOPPED,
								     .reason = xstrdup("") };
	qsort(instances, listing->n, sizeof(*instances), by_name);
	return 0;
}

int op_list(struct context *context, bool all, bool full, struct listing *ret, struct error *err)
{
	_cleanup_listing_ struct listing listing = { 0 };
	_cleanup_orphans_ struct orphans orphans = { 0 };

	if (orphans_find(&context->rundir, &context->here, &orphans, err) < 0 ||
	    add_recorded(context, &orphans, &listing, err) < 0)
		return -1;
	add_orphans(&orphans, &listing);
	if (all && add_specs(context, &listing, err) < 0)
		return -1;
	if (full)
		listing.run_states = ask_full(context, listing.instances, listing.n);
	*ret = listing;
	listing = (struct listing){ 0 };
	return 0;
}

struct json *listing_to_json(const struct listing *listing)
{
	struct json *document = json_new_object(), *rows = json_new_array();

	json_put(document, "instances", rows);
	for (size_t i = 0; i < listing->n; i++) {
		struct json *row = look_row(&listing->instances[i]);

		if (listing->run_states)
			json_put_string(row, "run_state", listing->run_states[i]);
		json_append(rows, row);
	}
	return document;
}
