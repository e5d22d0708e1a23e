/* The identity chapter: who QEMU is, and what it may do (DESIGN: "what QEMU may touch").
 *
 * Without a chroot the uid is dropped before exec and the command line says nothing of it. A
 * chroot must be entered by QEMU itself, after it has loaded its modules and firmware: then it
 * starts as root (with little more than the right to do this) and drops its uid after. */
#include "base/text.h"
#include "vm/plan_build.h"

/* elevateprivileges would deny the very setuid() that ends the chroot's way in. */
static void sandbox(struct builder *b)
{
	bool chrooted = b->plan->identity == IDENTITY_CHROOT;

	if (!b->hv->sandbox)
		return;
	if (!b->probe->can.sandbox) {
		build_warning(b, "this QEMU (\"%s\") is built without a sandbox (seccomp)", b->hv->kvm_path);
		return;
	}
	options_text(&b->options, "-sandbox", "on,obsolete=deny,%sspawn=deny,resourcecontrol=deny",
		     chrooted ? "" : "elevateprivileges=deny,");
}

/* -run-with from 9.0 (chroot) and 10.0 (user); before that two options of their own. */
static void enter_chroot(struct builder *b, bool drop)
{
	const struct probe_can *can = &b->probe->can;
	_cleanup_free_ char *user = xprintf("%u:%u", b->facts->uid, b->facts->gid);
	struct json *run_with = json_new_object();

	if (can->run_with_chroot)
		json_put_string(run_with, "chroot", b->plan->chroot);
	else
		options_text(&b->options, "-chroot", "%s", b->plan->chroot);
	if (drop && can->run_with_user)
		json_put_string(run_with, "user", user);
	else if (drop)
		options_text(&b->options, "-runas", "%s", user);
	if (json_length(run_with))
		options_keyval(&b->options, "-run-with", run_with);
	else
		json_free(run_with);
}

/* The words of the spec are checked elsewhere; here it is said what they mean for this QEMU and
 * this caller. */
void plan_identity(struct builder *b)
{
	bool drop = !streq(b->hv->security_model, "none");

	b->plan->identity = b->hv->use_chroot ? IDENTITY_CHROOT : drop ? IDENTITY_DROPPED : IDENTITY_CALLER;
	if ((drop || b->hv->use_chroot) && !b->facts->as_root)
		problems_add(&b->problems, drop ? "hvparams.security_model" : "hvparams.use_chroot",
			     "only root can do this: start it as root, or leave it out");
	sandbox(b);
	if (!b->hv->use_chroot)
		return;
	if (!drop)
		build_warning(b, "use_chroot does not hold a QEMU that stays root (security_model \"none\"): use "
				 "\"user\" or \"pool\"");
	b->plan->chroot = xstrdup(b->input->paths.chroot);
	enter_chroot(b, drop);
}
