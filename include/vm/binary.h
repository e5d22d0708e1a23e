/* One QEMU binary: asked once, remembered under cache_dir by its identity (file, module directory's
 * mtime, kernel, KVM flags). */
#ifndef KVMCTL_VM_BINARY_H
#define KVMCTL_VM_BINARY_H

#include "base/deadline.h"
#include "qemu/probe.h"
#include "vm/settings.h"

/* The kvm_path of instances that do not say another: the settings' default, or the parameter's. Owned by the caller. */
char *binary_default(const struct settings *settings);
/* From the cache, else by running it (-machine none, -qmp on a socket pair). A cache that cannot be
 * written is no error. ERROR_HOST: not executable; ERROR_QEMU: it is no QEMU, died, or answered nonsense;
 * ERROR_TIMEOUT. */
int binary_probe(const char *path, const struct settings *settings, struct deadline deadline, struct probe **ret,
		 struct error *err);

#endif
