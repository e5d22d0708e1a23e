/* The host checks of a spec: only where it will run. */
#ifndef KVMCTL_VM_HOST_CHECK_H
#define KVMCTL_VM_HOST_CHECK_H

#include "base/problems.h"
#include "qemu/probe.h"
#include "vm/settings.h"
#include "vm/spec.h"

/* Files, devices, users, bridges, interfaces, CPUs, capabilities of the binary: a problem, which says what to do, for each that is not there or that
 * the binary cannot. probe may be NULL: then what needs it is left out. absent (may be NULL): a flag per disk, true for one that is made later and
 * is not looked at. */
void host_check_collect(const struct spec *spec, const struct settings *settings, const struct probe *probe,
			const bool *absent, struct problems *problems);

#endif
