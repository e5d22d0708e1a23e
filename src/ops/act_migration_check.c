/* The pre-flight of a move: all that an accepted guest would need is looked at, and every problem is told at once.
 *
 * The order matters only where one thing needs another: without the spec nothing can be looked at, without the binary's answers no plan made. */
#include "ops/act_migration_check.h"

#include <inttypes.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/strv.h"
#include "base/text.h"
#include "host/machine.h"
#include "host/port.h"
#include "ops/act_incoming.h"
#include "ops/act_look.h"
#include "ops/act_nic_filters.h"
#include "ops/act_plan.h"
#include "qemu/uri.h"
#include "vm/binary.h"
#include "vm/claim.h"
#include "vm/disk_chain.h"
#include "vm/filter_digest.h"
#include "vm/host_check.h"
#include "vm/migration_check.h"
#include "vm/migration_place.h"

struct preflight {
	struct context *context;
	const struct migration_info *info;
	const char *listen;
	struct spec_loaded loaded;
	struct spec *spec; /* of loaded */
	bool *absent;      /* per disk: made by --copy-storage */
	struct probe *probe;
	struct facts facts;
	struct plan *plan;
	struct migration_verdict verdict;
	struct problems problems;
	enum error_kind kind; /* that of the error they make */
};

void migration_verdict_clear(struct migration_verdict *verdict)
{
	strv_free(verdict->warnings);
	*verdict = (struct migration_verdict){ 0 };
}

static void preflight_clear(struct preflight *p)
{
	spec_loaded_clear(&p->loaded);
	free(p->absent);
	probe_free(p->probe);
	facts_free(&p->facts);
	plan_free(p->plan);
	migration_verdict_clear(&p->verdict);
	problems_free(&p->problems);
}

/* What is only left over of an instance is taken down by whoever accepts it. */
static void check_instance(struct preflight *p)
{
	_cleanup_instance_ struct instance instance = { 0 };
	_cleanup_error_ struct error err = ERROR_INIT;
	const char *name = p->info->name, *state;

	if (look_instance(p->context, name, &instance, &err) < 0) {
		problems_add_error(&p->problems, "name", &err);
		return;
	}
	state = instance_state_to_string(instance.state);
	switch (instance.state) {
	case INSTANCE_STOPPED:
	case INSTANCE_STALE:
		break;
	case INSTANCE_SAVED:
		p->kind = ERROR_STATE;
		problems_add(&p->problems, "name",
			     "an instance \"%s\" is saved on this host: \"kvmctl start %s --discard-saved\" and a stop "
			     "throw that "
			     "away",
			     name, name);
		break;
	case INSTANCE_INCOMING:
		p->kind = ERROR_STATE;
		problems_add(&p->problems, "name",
			     "an instance \"%s\" is on this host already: it is %s, %s; \"kvmctl migration finalize %s "
			     "--target --failed\" calls that off",
			     name, state, instance.reason, name);
		break;
	case INSTANCE_RUNNING:
	case INSTANCE_PAUSED:
	case INSTANCE_OUTGOING:
	case INSTANCE_ORPHANED:
	case INSTANCE_UNRESPONSIVE:
	case INSTANCE_UNKNOWN:
	case INSTANCE_STATE_MAX:
	default:
		p->kind = instance.state == INSTANCE_UNKNOWN ? ERROR_UNKNOWN : ERROR_STATE;
		problems_add(&p->problems, "name", "an instance \"%s\" is on this host already: it is %s%s%s", name,
			     state, is_empty(instance.reason) ? "" : ", ", instance.reason ? instance.reason : "");
	}
}

/* A disk that is not here (yet) counts as what the spec says of it: the plan is made of all the rest, too. */
static struct disk_facts disk_facts_of(const struct disk *disk, bool absent)
{
	_cleanup_error_ struct error told = ERROR_INIT;
	struct disk_facts facts = { 0 };

	if (!absent && disk_chain_read(disk, &facts, &told) == 0)
		return facts;
	facts = (struct disk_facts){ .layers = xcalloc(1, sizeof(*facts.layers)), .n = 1 };
	facts.layers[0] = (struct disk_layer){ .path = xstrdup(disk->path),
					       .format = xstrdup(disk->format),
					       .block_device = starts_with(disk->path, "/dev/") };
	return facts;
}

/* The facts without the disks, then each disk by itself. */
static int gather_facts(struct preflight *p, struct error *err)
{
	size_t n = p->spec->n_disks;
	int result;

	p->spec->n_disks = 0;
	result = facts_gather(p->spec, &p->facts, err);
	p->spec->n_disks = n;
	if (result < 0)
		return -1;
	free(p->facts.disks);
	p->facts.disks = xcalloc(n + 1, sizeof(*p->facts.disks));
	for (size_t i = 0; i < n; i++)
		p->facts.disks[p->facts.n_disks++] = disk_facts_of(&p->spec->disks[i], p->absent[i]);
	if (streq(p->spec->hv.security_model, "pool"))
		p->facts.uid = p->facts.gid = p->context->settings->uid_first;
	return 0;
}

static void check_plan(struct preflight *p)
{
	const struct plan_input input = { .spec = p->spec,
					  .settings = p->context->settings,
					  .probe = p->probe,
					  .facts = &p->facts,
					  .recorded = &p->info->hardware,
					  .incoming = true };

	p->plan = act_plan_collect(p->context, &input, &p->problems);
	if (p->plan)
		p->verdict.warnings = strv_copy(p->plan->warnings);
}

static void check_move(struct preflight *p)
{
	_cleanup_error_ struct error ignored = ERROR_INIT;
	struct machine_cpus cpus = { 0 };
	struct migration_check check = { .info = p->info,
					 .spec = p->spec,
					 .settings = p->context->settings,
					 .probe = p->probe,
					 .facts = &p->facts,
					 .host_cpu = "",
					 .userfaultfd = migration_check_userfaultfd(p->spec, &p->facts, p->probe) };

	if (!is_empty(p->info->host_cpu) && machine_cpus(&cpus, &ignored) == 0)
		check.host_cpu = cpus.model;
	migration_check_pure(&check, &p->verdict.tls, &p->problems);
	migration_check_host(&check, &p->problems);
	machine_cpus_free(&cpus);
}

/* NWF-110: a filter of the same name that says something else would let the guest's peers in, or lock it out. */
static void check_filters(struct preflight *p)
{
	_cleanup_json_ struct json *filters = NULL, *groups = NULL;
	_cleanup_error_ struct error err = ERROR_INIT;

	if (act_nic_filters_complete(p->context, p->spec, &err) < 0)
		problems_add_error(&p->problems, "security_groups", &err);
	act_nic_filters_check(p->context, p->spec, &p->problems);
	act_nic_filters_digest(p->context, p->spec, &filters, &groups);
	filter_digests_compare(p->info->filters, filters, "filters", "filter", &p->problems);
	filter_digests_compare(p->info->security_groups, groups, "security_groups", "security group", &p->problems);
}

/* By number only: a place that is a name is QEMU's to find. */
static void check_port(struct preflight *p, const char *path, const char *address, int64_t port)
{
	if (port > 0 && !port_is_free(address, (int)port))
		problems_add(&p->problems, path, "port %" PRId64 " is taken on this host", port);
}

/* "127.0.0.1:5902", "[::1]:5902". */
static void check_display(struct preflight *p, const char *place)
{
	_cleanup_migration_place_ struct migration_place at = { .fd = -1 };
	_cleanup_error_ struct error ignored = ERROR_INIT;

	if (!is_empty(place) && migration_place_parse(place, &at, &ignored) == 0 && at.kind == PLACE_TCP)
		check_port(p, "network_port", at.host, at.port);
}

/* The port that is used when none is named is only where one looks first. */
static void check_listen(struct preflight *p)
{
	_cleanup_migration_place_ struct migration_place at = { .fd = -1 };
	_cleanup_error_ struct error err = ERROR_INIT;
	struct stat st;

	if (migration_place_parse(p->listen, &at, &err) < 0) {
		problems_add_error(&p->problems, "listen", &err);
		return;
	}
	if (at.kind == PLACE_TCP)
		check_port(p, "listen", at.host, at.port);
	if (at.kind == PLACE_UNIX && lstat(at.path, &st) == 0)
		problems_add(&p->problems, "listen", "\"%s\" exists already", at.path);
	if (at.kind == PLACE_UNIX && p->spec->hv.use_chroot)
		problems_add(&p->problems, "listen",
			     "QEMU in a chroot (use_chroot) cannot make a UNIX socket: use an address");
}

static void check_claims(struct preflight *p)
{
	struct claim *claims = NULL;
	size_t n = 0;

	claims_of(p->spec, &claims, &n);
	claims_check(&p->context->rundir, claims, n, p->info->name, &p->context->here, &p->problems);
	claims_free(claims, n);
}

static void find_absent(struct preflight *p)
{
	p->absent = xcalloc(p->spec->n_disks + 1, sizeof(*p->absent));
	for (size_t i = 0; i < p->spec->n_disks; i++)
		p->absent[i] = migration_check_absent(p->info, p->spec, i);
}

/* What the binary's answers decide. Its own error is said with the others. */
static void check_by_binary(struct preflight *p)
{
	struct context *context = p->context;
	_cleanup_error_ struct error err = ERROR_INIT;

	if (binary_probe(p->spec->hv.kvm_path, context->settings,
			 context_step(context, context->settings->timeouts.start), &p->probe, &err) < 0)
		problems_add_error(&p->problems, "hvparams.kvm_path", &err);
	host_check_collect(p->spec, context->settings, p->probe, p->absent, &p->problems);
	check_filters(p);
	if (!p->probe)
		return;
	if (gather_facts(p, &err) < 0) {
		problems_add_error(&p->problems, "", &err);
		return;
	}
	check_plan(p);
	check_move(p);
	if (p->plan) {
		check_display(p, p->plan->vnc);
		check_display(p, p->plan->spice);
	}
}

int act_migration_check(struct context *context, const struct migration_info *info, const char *listen,
			struct migration_verdict *ret, struct error *err)
{
	_cleanup_(preflight_clear) struct preflight p = {
		.context = context, .info = info, .listen = listen, .kind = ERROR_HOST
	};
	_cleanup_free_ char *what = xprintf("instance \"%s\" cannot move to this host", info->name);
	_cleanup_error_ struct error unread = ERROR_INIT;

	check_instance(&p);
	if (act_arriving_spec(context, info, &p.loaded, &unread) < 0) {
		problems_add_error(&p.problems, "spec", &unread);
		return problems_to_error(&p.problems, p.kind, what, err);
	}
	p.spec = p.loaded.spec;
	find_absent(&p);
	check_by_binary(&p);
	check_listen(&p);
	check_claims(&p);
	if (problems_to_error(&p.problems, p.kind, what, err) < 0)
		return -1;
	*ret = p.verdict;
	p.verdict = (struct migration_verdict){ 0 };
	return 0;
}
