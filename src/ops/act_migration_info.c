/* Gathering the info document of a migration from what is recorded of a running instance and from what its QEMU says. */
#include "ops/act_migration_info.h"

#include "base/text.h"
#include "host/machine.h"
#include "ops/act_control.h"
#include "ops/act_look.h"
#include "ops/act_nic_filters.h"
#include "qemu/uri.h"
#include "vm/disk_chain.h"
#include "vm/migration_tls.h"

enum { ASK_STATUS, ASK_CAPABILITIES, ASK_NODES };

static const char *const questions[] = { "query-status", "query-migrate-capabilities", "query-named-block-nodes" };

/* What is looked at while the document is made. */
struct source {
	struct context *context;
	struct instance instance;
	struct state *state;
	struct spec *spec;
	struct ask ask;
};

static void source_clear(struct source *source)
{
	ask_clear(&source->ask, 1);
	spec_free(source->spec);
	state_free(source->state);
	instance_clear(&source->instance);
}

/* A guest on its way to somewhere else is still here; one that is coming is not yet. */
static bool can_be_told(const struct instance *instance)
{
	return instance->state == INSTANCE_RUNNING || instance->state == INSTANCE_PAUSED ||
	       instance->state == INSTANCE_OUTGOING;
}

static int read_recorded(struct context *context, const char *name, struct state **ret_state, struct spec **ret_spec,
			 struct error *err)
{
	int found = state_read(&context->rundir, name, ret_state, err);

	if (found == 0)
		return error_set(err, ERROR_UNKNOWN, "nothing is recorded of instance \"%s\"", name);
	if (found < 0)
		return -1;
	if (spec_from_json((*ret_state)->spec, "recorded spec", name, context->settings, ret_spec, err) < 0)
		return -1;
	return act_nic_filters_complete(context, *ret_spec, err);
}

static int look(struct source *source, const char *name, struct error *err)
{
	struct context *context = source->context;

	if (instance_name_check(name, err) < 0 || look_instance(context, name, &source->instance, err) < 0)
		return -1;
	if (!can_be_told(&source->instance))
		return control_not_running(context, &source->instance, err);
	return read_recorded(context, name, &source->state, &source->spec, err);
}

/* Without all the answers the document would say something else than what is there. */
static int ask(struct source *source, struct error *err)
{
	struct context *context = source->context;
	struct ask *asked = &source->ask;

	asked->name = source->instance.name;
	ask_all(context, asked, 1, questions, ELEMENTS(questions),
		context_step(context, context->settings->timeouts.command));
	if (asked->failed != ERROR_NONE) {
		error_set(err, asked->failed, "instance \"%s\": %s", asked->name, asked->why);
		return error_hint(err, "\"kvmctl info %s\" shows what is known of it", asked->name);
	}
	for (size_t i = 0; i < ELEMENTS(questions); i++)
		if (!asked->replies[i])
			return error_set(err, ERROR_QEMU, "QEMU of instance \"%s\" does not answer \"%s\"", asked->name,
					 questions[i]);
	return 0;
}

static struct json *names_of(const struct json *capabilities)
{
	struct json *names = json_new_array();

	for (size_t i = 0; i < json_length(capabilities); i++)
		json_append_string(names, json_get_string(json_at(capabilities, i), "capability", ""));
	return names;
}

/* What QEMU says of the image behind the node of that name; NULL: there is no such node. */
static const struct json *image_of(const struct json *nodes, const char *name)
{
	for (size_t i = 0; i < json_length(nodes); i++)
		if (streq(json_get_string(json_at(nodes, i), "node-name", ""), name))
			return json_get(json_at(nodes, i), "image");
	return NULL;
}

/* What a copy takes: what the image takes, and for a copy of all of it what is under it. */
static int64_t copy_size(const struct json *image, enum migration_storage storage)
{
	int64_t size = json_get_int(image, "actual-size", -1);

	for (image = json_get(image, "backing-image"); size >= 0 && image && storage == STORAGE_ALL;
	     image = json_get(image, "backing-image"))
		size += json_get_int(image, "actual-size", 0);
	return size;
}

/* Disks that both hosts reach are not copied: those that are shared, and those behind a URI. */
static bool is_copied(const struct migration_terms *terms, const struct disk *disk, bool shared_fs)
{
	bool shared = disk->shared == DISK_SHARED_TRUE || (disk->shared == DISK_SHARED_AUTO && shared_fs);

	return terms->storage != STORAGE_NONE && !disk->read_only && !shared && !uri_is(disk->path);
}

/* What the image stands on is read from its header: to QEMU every layer is a descriptor. An image that cannot be read just now is still the
 * guest's: then the target does without. */
static struct migration_disk disk_of(const struct source *source, const struct migration_terms *terms, size_t i)
{
	_cleanup_error_ struct error ignored = ERROR_INIT;
	_cleanup_free_ char *node = xprintf("disk%zu", i);
	const struct disk *disk = &source->spec->disks[i];
	struct disk_facts facts = { 0 };
	const struct json *image = image_of(source->ask.replies[ASK_NODES], node);
	struct migration_disk told = { .virtual_size = json_get_int(image, "virtual-size", -1),
				       .copy_size = copy_size(image, terms->storage),
				       .format = xstrdup(disk->format) };

	(void)disk_chain_read(disk, &facts, &ignored);
	told.backing = xstrdup(facts.n > 1 ? facts.layers[1].path : "");
	told.copied = is_copied(terms, disk, facts.shared_fs);
	disk_facts_free(&facts);
	return told;
}

/* With cpu_type "host" the guest has this host's CPU: the target's must be the same. */
static char *host_cpu(const struct state *state)
{
	_cleanup_error_ struct error ignored = ERROR_INIT;
	const char *type = json_get_string(state->hardware.hv, "cpu_type", "");
	size_t length = strcspn(type, ","); /* "host,-vmx" */
	struct machine_cpus cpus = { 0 };
	char *model;

	if (length != strlen("host") || strncmp(type, "host", length) != 0 || machine_cpus(&cpus, &ignored) < 0)
		return xstrdup("");
	model = xstrdup(cpus.model ? cpus.model : "");
	machine_cpus_free(&cpus);
	return model;
}

/* What both sides are to agree on, from the spec and the options. */
static int make_terms(const struct source *source, const struct migration_options *options, struct migration_info *info,
		      struct migration_policy *policy, struct error *err)
{
	if (migration_options_apply(options, source->spec, &info->terms, policy, err) < 0)
		return -1;
	return migration_tls_offer(source->context->settings, source->state->argv, options->tls, &info->terms.tls,
				   &info->tls_required, err);
}

/* Also those that were given by hand: the other host knows nothing of that, and the guest must not be without them. */
static void tell_groups(const struct spec *spec, struct json *document)
{
	struct json *nics = json_get(document, "nics");

	for (size_t i = 0; i < spec->n_nics; i++)
		if (spec->nics[i].groups)
			json_put(json_at(nics, i), "security_groups", json_new_strings(spec->nics[i].groups));
}

static void compose(const struct source *source, struct migration_info *info)
{
	const struct state *state = source->state;

	info->name = xstrdup(state->name);
	info->uuid = xstrdup(state->uuid);
	info->kvmctl_version = xstrdup(KVMCTL_VERSION);
	info->qemu_version = xstrdup(state->qemu_version);
	info->accelerator = xstrdup(state->accelerator);
	info->host_cpu = host_cpu(state);
	info->spec = json_copy(state->spec);
	info->hardware = (struct hardware){ .machine = xstrdup(state->hardware.machine),
					    .addresses = json_copy(state->hardware.addresses),
					    .hv = json_copy(state->hardware.hv) };
	info->qemu_capabilities = names_of(source->ask.replies[ASK_CAPABILITIES]);
	info->memory = source->instance.status.memory;
	info->paused = !json_get_bool(source->ask.replies[ASK_STATUS], "running", true);
	act_nic_filters_digest(source->context, source->spec, &info->filters, &info->security_groups);
	info->learned = act_nic_filters_learned(source->context, state->name, source->spec);
	tell_groups(source->spec, info->spec);
	info->n_disks = source->spec->n_disks;
	info->disks = xcalloc(info->n_disks + 1, sizeof(*info->disks));
	for (size_t i = 0; i < info->n_disks; i++)
		info->disks[i] = disk_of(source, &info->terms, i);
}

int act_migration_info(struct context *context, const char *name, const struct migration_options *options,
		       struct migration_info **ret, struct migration_policy *ret_policy, struct error *err)
{
	_cleanup_migration_info_ struct migration_info *info = xcalloc(1, sizeof(*info));
	_cleanup_(source_clear) struct source source = { .context = context, .ask.lock = -1 };
	struct migration_policy policy = { 0 };

	if (look(&source, name, err) < 0 || make_terms(&source, options, info, &policy, err) < 0 ||
	    ask(&source, err) < 0)
		return -1;
	compose(&source, info);
	if (ret_policy)
		*ret_policy = policy;
	*ret = take_ptr(info);
	return 0;
}
