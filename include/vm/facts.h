/* What a plan must know of the host, gathered before it is made, so that making it stays pure (golden
 * tests write their own). */
#ifndef KVMCTL_VM_FACTS_H
#define KVMCTL_VM_FACTS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "vm/spec.h"

/* One layer of a disk: the top first, each next one the backing file of the one before. */
struct disk_layer {
	char *path;   /* absolute path, or URI */
	char *format; /* "raw", "qcow2" */
	bool block_device;
};

struct disk_facts {
	struct disk_layer *layers;
	size_t n;
	bool shared_fs; /* statfs says that other hosts may have it open */
};

struct facts {
	struct disk_facts *disks; /* one per disk of the spec */
	size_t n_disks;
	bool as_root;
	bool kvm;       /* KVM usable */
	char *kvm_why;  /* when not: why (for the message); else "" */
	bool vhost_net; /* /dev/vhost-net can be opened */
	bool tap_vnet_hdr, tap_multi_queue;
	char *vnc_address; /* vnc_bind_address with an interface name resolved; "" = as it is */
	char *spice_address;
	char *firmware_code, *firmware_vars; /* OVMF; "" = none found */
	uid_t uid; /* QEMU's uid and gid where it runs under another (user, pool); else the caller's */
	gid_t gid;
	gid_t kvm_gid; /* group kvm; (gid_t)-1: there is none, or QEMU keeps the caller's groups */
};

/* Everything plan_make wants to know. uid and gid of a pool are filled in by the caller. ERROR_HOST, with
 * the spec's path in front. */
int facts_gather(const struct spec *spec, struct facts *ret, struct error *err);
void facts_free(struct facts *facts);

#endif
