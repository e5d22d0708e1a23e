/* Whether a guest from another host can run here: everything that stands in the way, at once, each with its cure.
 *
 * What machine type, CPU model and devices are known is said by the plan, what files, bridges and users are here by the host checks; here is what only
 * a move asks for. */
#ifndef KVMCTL_VM_MIGRATION_CHECK_H
#define KVMCTL_VM_MIGRATION_CHECK_H

#include "base/problems.h"
#include "vm/facts.h"
#include "vm/migration_info.h"
#include "vm/settings.h"

struct migration_check {
	const struct migration_info *info;
	const struct spec *spec; /* the guest's, with this host's part */
	const struct settings *settings;
	const struct probe *probe; /* of this host's binary */
	const struct facts *facts;
	const char *host_cpu; /* this host's CPU model; "" = not known */
	bool userfaultfd;     /* QEMU may use it here, as whoever it will be */
};

/* True when the disk is made here, or written over, by --copy-storage: it need not be here yet. */
bool migration_check_absent(const struct migration_info *info, const struct spec *spec, size_t disk);
/* Accelerator, CPU, capabilities of both QEMUs, compression, post-copy, TLS (*ret_tls: whether the streams will be encrypted), caches, what is
 * behind the NICs. Pure. */
void migration_check_pure(const struct migration_check *check, bool *ret_tls, struct problems *problems);
/* Sizes of the disks, room for copied ones, memory. */
void migration_check_host(const struct migration_check *check, struct problems *problems);
/* Whether QEMU may use userfaultfd(2) as whom the spec makes it. */
bool migration_check_userfaultfd(const struct spec *spec, const struct facts *facts, const struct probe *probe);

#endif
