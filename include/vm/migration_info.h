/* The info document of a migration: everything that a target must know of a running instance, and no secret. Versioned JSON.
 *
 * It comes from another host: it is read as strictly as a spec. */
#ifndef KVMCTL_VM_MIGRATION_INFO_H
#define KVMCTL_VM_MIGRATION_INFO_H

#include "vm/migration_policy.h"
#include "vm/plan.h"
#include "vm/state.h"

#define MIGRATION_INFO_VERSION 1

struct migration_disk {
	int64_t virtual_size; /* bytes; -1: not known */
	int64_t copy_size; /* bytes that a copy of it takes: of all layers, or (incremental) of the top one; -1: not known */
	char *format;
	char *backing; /* the backing file's path as the image says it, "" = none */
	bool copied;   /* by --copy-storage: neither read-only nor shared */
};

struct migration_info {
	char *name, *uuid;
	char *kvmctl_version, *qemu_version;
	char *accelerator;              /* "kvm" or "tcg" */
	char *host_cpu;                 /* with cpu_type host: model name of the source's CPU, "" else */
	struct json *spec;              /* as started */
	struct hardware hardware;       /* what the guest sees */
	struct json *qemu_capabilities; /* names: what the source's QEMU knows */
	struct migration_disk *disks;   /* one per disk of the spec */
	size_t n_disks;
	int64_t memory;    /* MiB that the guest has now (its balloon) */
	bool paused;       /* the guest is paused, and stays so */
	bool tls_required; /* the source refuses to do without; terms.tls: it can */
	struct migration_terms terms;
	/* What its NICs are filtered by, as vm/filter_digest.h has it; NULL: nothing, and not in the document */
	struct json *filters, *security_groups;
	/* Addresses that were found for its NICs: an array of them for each NIC; NULL: none, and not in the document */
	struct json *learned;
};
#define _cleanup_migration_info_ _cleanup_(migration_info_free_ptr)

struct json *migration_info_to_json(const struct migration_info *info);
/* ERROR_SPEC: not such a document, or damaged: all problems at once; ERROR_UNKNOWN: of a newer kvmctl. Pure. */
int migration_info_from_json(const struct json *document, struct migration_info **ret, struct error *err);
void migration_info_free(struct migration_info *info);
void migration_info_free_ptr(struct migration_info **info);

#endif
