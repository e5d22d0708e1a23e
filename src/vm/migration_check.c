/* What a move asks of this host besides what a start does: the part that needs no look at the host. */
#include "vm/migration_check.h"

#include "base/strv.h"
#include "base/text.h"
#include "qemu/uri.h"
#include "vm/migration_tls.h"

#define QEMU "QEMU %d.%d (\"%s\") of this host"
#define QEMU_ARGS(check) (check)->probe->major, (check)->probe->minor, (check)->spec->hv.kvm_path

bool migration_check_absent(const struct migration_info *info, const struct spec *spec, size_t disk)
{
	return disk < info->n_disks && disk < spec->n_disks && info->disks[disk].copied &&
	       !uri_is(spec->disks[disk].path);
}

/* As the plan decides it. */
static bool has_kvm(const struct migration_check *check)
{
	return !streq(check->spec->hv.kvm_flag, "disabled") && check->facts->kvm && check->probe->can.kvm;
}

static void check_accelerator(const struct migration_check *check, struct problems *problems)
{
	const char *here = has_kvm(check) ? "kvm" : "tcg", *there = check->info->accelerator;

	if (streq(here, there))
		return;
	if (streq(here, "kvm"))
		problems_add(problems, "hvparams.kvm_flag",
			     "the guest runs by emulation (tcg), and would run with KVM here; set \"disabled\" in the "
			     "spec of "
			     "this host");
	else
		problems_add(problems, "hvparams.kvm_flag",
			     "the guest runs with KVM, and would run by emulation (tcg) here: %s",
			     is_empty(check->facts->kvm_why) ? "this QEMU is built without KVM"
							     : check->facts->kvm_why);
}

/* What "host" means is decided by the host: a guest whose CPU changes while it runs crashes, now or later. */
static void check_cpu(const struct migration_check *check, struct problems *problems)
{
	const char *there = check->info->host_cpu, *here = check->host_cpu;

	if (is_empty(there) || is_empty(here) || streq(there, here))
		return;
	problems_add(problems, "hvparams.cpu_type",
		     "\"host\": the guest has the CPU of its host (\"%s\"), which is not that of this one (\"%s\"); "
		     "start it with "
		     "a CPU model that both have",
		     there, here);
}

static char *source_names(const struct json *names)
{
	_cleanup_strv_ char **list = json_strings(names);

	return strv_join(list, " ");
}

/* Each side is asked for what it will be told to switch on. */
static void check_capabilities(const struct migration_check *check, struct problems *problems)
{
	const struct migration_info *info = check->info;
	_cleanup_strv_ char **here = migration_terms_capabilities(&info->terms, true);
	_cleanup_strv_ char **there = migration_terms_capabilities(&info->terms, false);
	_cleanup_free_ char *known_here = strv_join(check->probe->migration_caps, " "),
			    *known_there = source_names(info->qemu_capabilities),
			    *padded = xprintf(" %s ", known_there);

	for (char **name = here; name && *name; name++)
		if (!probe_has_migration_cap(check->probe, *name))
			problems_add(problems, "capabilities", QEMU " does not know \"%s\", but: %s", QEMU_ARGS(check),
				     *name, known_here);
	for (char **name = there; name && *name; name++) {
		_cleanup_free_ char *word = xprintf(" %s ", *name);
		if (!strstr(padded, word))
			problems_add(problems, "capabilities", "QEMU %s of the source does not know \"%s\", but: %s",
				     info->qemu_version, *name, known_there);
	}
}

static void check_compression(const struct migration_check *check, struct problems *problems)
{
	const char *wanted = check->info->terms.compression;
	_cleanup_free_ char *known = strv_join(check->probe->compressions, " ");

	if (is_empty(wanted) || streq(wanted, "none") || strv_contains(check->probe->compressions, wanted))
		return;
	problems_add(problems, "compress", QEMU " is built without \"%s\", it has: %s", QEMU_ARGS(check), wanted,
		     known);
}

static void check_post_copy(const struct migration_check *check, struct problems *problems)
{
	const struct hvparams *hv = &check->spec->hv;

	if (!check->info->terms.post_copy || check->userfaultfd)
		return;
	problems_add(
		problems, "post-copy",
		"QEMU (security_model \"%s\"%s) may not use userfaultfd(2) here, which fetches the memory: \"sysctl "
		"vm.unprivileged_userfaultfd=1\" allows it to everybody on this host%s; or move without post-copy",
		hv->security_model, hv->use_chroot ? ", use_chroot" : "",
		probe_opens_userfaultfd(check->probe) && !hv->use_chroot
			? ", \"chgrp kvm /dev/userfaultfd; chmod 660 /dev/userfaultfd\" to QEMU"
			: "");
}

/* With "unsafe" QEMU never asks for its writes to reach the disk: when the target opens it, they may still be in the source's memory. (What is
 * wrong with other caches on shared storage is said by the plan.) */
static void check_caches(const struct migration_check *check, struct problems *problems)
{
	for (size_t i = 0; i < check->spec->n_disks; i++) {
		const struct disk *disk = &check->spec->disks[i];
		_cleanup_free_ char *path = xprintf("disks[%zu].cache", i);

		if (!disk->read_only && !migration_check_absent(check->info, check->spec, i) &&
		    streq(disk_cache(check->spec, disk), "unsafe"))
			problems_add(problems, path,
				     "\"unsafe\" loses writes when another host opens the disk: use \"none\", or "
				     "--copy-storage");
	}
}

static bool is_user(const char *mode)
{
	return streq(mode, nic_mode_to_string(NIC_USER));
}

/* What is behind a NIC is a part of what QEMU sends: its own network as a section that the other QEMU must know, a TAP in the features that the
 * guest has agreed on. */
static void check_networks(const struct migration_check *check, struct problems *problems)
{
	const struct json *nics = json_get(check->info->spec, "nics");

	for (size_t i = 0; i < json_length(nics) && i < check->spec->n_nics; i++) {
		const char *there = json_get_string(json_at(nics, i), "mode", nic_mode_to_string(NIC_BRIDGED)),
			   *here = nic_mode_to_string(check->spec->nics[i].mode);
		_cleanup_free_ char *path = xprintf("nics[%zu].mode", i);

		if (is_user(there) != is_user(here))
			problems_add(problems, path,
				     "\"%s\" here, and \"%s\" where the guest is: QEMU's own network and a TAP cannot "
				     "take each other's place while it runs",
				     here, there);
	}
}

void migration_check_pure(const struct migration_check *check, bool *ret_tls, struct problems *problems)
{
	check_accelerator(check, problems);
	check_cpu(check, problems);
	check_capabilities(check, problems);
	check_compression(check, problems);
	check_post_copy(check, problems);
	check_caches(check, problems);
	check_networks(check, problems);
	*ret_tls = migration_tls_agree(check->settings, check->info, problems);
}
