/* What a child may do, given up between fork and exec.
 *
 * The order is the point: the bounding set can only be cut while CAP_SETPCAP is there, groups only be set
 * before the uid is given up, no-new-privs comes last. Root keeps capabilities over exec only as far as
 * the bounding set reaches (capabilities(7), "Capabilities and execution of programs by root"), so an
 * empty bounding set makes a powerless root, and the chrooter's three survive. With no-new-privs an exec
 * may not gain any, so the chrooter has exactly these three before it, too. */
#include "host/privileges.h"

#include <cap-ng.h>
#include <grp.h>
#include <sys/prctl.h>

#include "base/cleanup.h"

/* What QEMU needs for its own -chroot and -runas. */
static const unsigned int CHROOTER_CAPS[] = { CAP_SETUID, CAP_SETGID, CAP_SYS_CHROOT };

static void select_caps(capng_type_t types, capng_select_t what, const unsigned int *keep, size_t n)
{
	capng_clear(what);
	for (size_t i = 0; i < n; i++)
		capng_update(CAPNG_ADD, types, keep[i]);
}

/* A caller without CAP_SETPCAP cannot cut the bounding set; no-new-privs then keeps an exec from gaining
 * anything of it. */
static int cut_bounding_set(const unsigned int *keep, size_t n, struct error *err)
{
	if (!capng_have_capability(CAPNG_EFFECTIVE, CAP_SETPCAP))
		return 0;
	select_caps(CAPNG_BOUNDING_SET, CAPNG_SELECT_BOUNDS, keep, n);
	if (capng_apply(CAPNG_SELECT_BOUNDS) != 0)
		return error_errno(err, ERROR_HOST, errno, "cannot cut the capability bounding set");
	return 0;
}

static int cut_capabilities(const unsigned int *keep, size_t n, struct error *err)
{
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0)
		return error_errno(err, ERROR_HOST, errno, "cannot clear the ambient capabilities");
	select_caps(CAPNG_EFFECTIVE | CAPNG_PERMITTED, CAPNG_SELECT_CAPS, keep, n);
	if (capng_apply(CAPNG_SELECT_CAPS) != 0)
		return error_errno(err, ERROR_HOST, errno, "cannot give up capabilities");
	return 0;
}

/* uid, gid and groups, all of them at once and for good; looked at afterwards, since a set-uid that half
 * works is how guests get out. */
static int change_identity(const struct privileges *p, struct error *err)
{
	uid_t real, effective, saved;
	gid_t real_g, effective_g, saved_g;

	if (p->uid == 0)
		return error_set(err, ERROR_HOST, "uid 0 is no identity to drop to");
	if (setgroups(p->n_groups, p->groups) < 0) {
		error_errno(err, ERROR_HOST, errno, "cannot set the groups");
		return error_hint(err, "security models \"user\" and \"pool\" need root");
	}
	if (setresgid(p->gid, p->gid, p->gid) < 0)
		return error_errno(err, ERROR_HOST, errno, "cannot become group %u", (unsigned)p->gid);
	if (setresuid(p->uid, p->uid, p->uid) < 0)
		return error_errno(err, ERROR_HOST, errno, "cannot become user %u", (unsigned)p->uid);
	if (getresuid(&real, &effective, &saved) < 0 || getresgid(&real_g, &effective_g, &saved_g) < 0 ||
	    real != p->uid || effective != p->uid || saved != p->uid || real_g != p->gid || effective_g != p->gid ||
	    saved_g != p->gid)
		return error_set(err, ERROR_HOST, "the kernel did not make us user %u", (unsigned)p->uid);
	return 0;
}

int privileges_apply(const struct privileges *privileges, struct error *err)
{
	bool chrooter = privileges->kind == PRIVILEGES_CHROOTER;
	size_t n_keep = chrooter ? ELEMENTS(CHROOTER_CAPS) : 0;

	if (privileges->kind == PRIVILEGES_KEEP)
		return 0;
	if (privileges->n_groups > ELEMENTS(privileges->groups))
		return error_set(err, ERROR_HOST, "too many groups");
	if (capng_get_caps_process() != 0)
		return error_errno(err, ERROR_HOST, errno, "cannot read our own capabilities");
	if (cut_bounding_set(CHROOTER_CAPS, n_keep, err) < 0)
		return -1;
	if (privileges->kind == PRIVILEGES_DROPPED && change_identity(privileges, err) < 0)
		return -1;
	/* The chrooter is root without root's groups (disk, adm ...) until QEMU's -runas sets its own. */
	if (chrooter && setgroups(privileges->n_groups, privileges->groups) < 0)
		return error_errno(err, ERROR_HOST, errno, "cannot set the groups");
	if (cut_capabilities(CHROOTER_CAPS, n_keep, err) < 0)
		return -1;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return error_errno(err, ERROR_HOST, errno, "cannot set no-new-privs");
	return 0;
}
