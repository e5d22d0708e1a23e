/* What can be known before anything is made: the binary, the host, who QEMU will be, the plan. */
#include "ops/act_launch_parts.h"

#include <stdint.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/text.h"
#include "host/uid_pool.h"
#include "ops/act_check.h"
#include "ops/act_plan.h"
#include "vm/binary.h"

#define USUAL_RUN_DIR "/run/kvmctl"

/* The facts know the caller and the user of model "user"; a uid of the pool is taken here, and held by
 * the lock that QEMU inherits. */
static int choose_identity(struct launch *launch, struct error *err)
{
	const struct hvparams *hv = &launch->spec->hv;
	const struct settings *settings = launch->context->settings;
	struct facts *facts = &launch->facts;

	if (!streq(hv->security_model, "pool"))
		return 0;
	if (settings->uid_last == 0) {
		error_set(err, ERROR_SPEC, "instance \"%s\": security_model is pool, but the settings have no uid_pool",
			  launch->name);
		return error_hint(
			err, "set \"uid_pool\": \"610000-610999\" in the settings, or choose another security_model");
	}
	if (uid_pool_take(settings->uid_dir, settings->uid_first, settings->uid_last, launch->name, &facts->uid,
			  &launch->uid_fd, err) < 0)
		return -1;
	facts->gid = facts->uid;
	return 0;
}

struct privileges launch_privileges(const struct launch *launch)
{
	const struct facts *facts = &launch->facts;
	struct privileges privileges = { .kind = PRIVILEGES_NO_CAPS };

	if (launch->plan->identity == IDENTITY_CHROOT)
		privileges.kind = PRIVILEGES_CHROOTER;
	if (launch->plan->identity == IDENTITY_DROPPED) {
		privileges.kind = PRIVILEGES_DROPPED;
		privileges.uid = facts->uid;
		privileges.gid = facts->gid;
		if (facts->kvm_gid != (gid_t)-1)
			privileges.groups[privileges.n_groups++] = facts->kvm_gid;
	}
	return privileges;
}

static int make_plan(struct launch *launch, struct error *err)
{
	struct plan_input input = {
		.spec = launch->spec,
		.settings = launch->context->settings,
		.probe = launch->probe,
		.facts = &launch->facts,
		.recorded = launch->request->recorded,
		.allow_unsafe_cache = launch->request->allow_unsafe_cache,
		.incoming = launch->request->incoming,
	};

	return act_plan(launch->context, &input, &launch->plan, err);
}

/* Instances of one name in different run directories must not choose the same group at the same moment:
 * elsewhere than in the usual run directory its device and inode are part of the name. */
static int choose_placement(struct launch *launch, struct error *err)
{
	const struct rundir *rundir = &launch->context->rundir;
	struct stat st;

	if (streq(rundir->path, USUAL_RUN_DIR) || fstat(rundir->fd, &st) < 0)
		return placement_choose(launch->name, &launch->placement, err);
	_cleanup_free_ char *name = xprintf("%s~%jx-%jx", launch->name, (uintmax_t)st.st_dev, (uintmax_t)st.st_ino);
	return placement_choose(name, &launch->placement, err);
}

/* A step a line. */
/* clang-format off */
int launch_prepare(struct launch *launch, struct error *err)
{
	struct context *context = launch->context;

	if (binary_probe(launch->spec->hv.kvm_path, context->settings, launch->deadline, &launch->probe, err) < 0 ||
	    act_check_things(context, launch->request->loaded->spec, launch->probe, err) < 0 ||
	    facts_gather(launch->spec, &launch->facts, err) < 0 ||
	    choose_identity(launch, err) < 0 ||
	    make_plan(launch, err) < 0 ||
	    launch_check_listening(launch, err) < 0 ||
	    launch_choose_taps(launch, err) < 0 ||
	    choose_placement(launch, err) < 0)
		return -1;
	for (char *const *warning = launch->plan->warnings; warning && *warning; warning++)
		log_warning("%s: %s", launch->name, *warning);
	if (launch->placement.kind == PLACEMENT_NONE)
		log_verbose("%s: no control group of its own: %s", launch->name, launch->placement.why);
	return 0;
}
/* clang-format on */
