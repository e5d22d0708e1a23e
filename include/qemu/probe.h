/* What one QEMU binary can do, from its own QMP answers (never from its version alone).
 *
 * A probe is made from the raw answers (probe_from_answers: the live binary's, or
 * tests/fixtures/qemu/qemu-*.json, same shape), kept as a small digest (probe_to_json) in the cache, and
 * read back (probe_from_json). Running the binary and the cache itself: vm/binary.h. */
#ifndef KVMCTL_QEMU_PROBE_H
#define KVMCTL_QEMU_PROBE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/json.h"

struct probe_machine {
	char *name;  /* "pc-i440fx-7.2": the versioned name */
	char *alias; /* "pc", or NULL */
	bool is_default;
	bool deprecated;
	int cpu_max;
};

/* One flag per thing that plans or operations decide by; each set from the schema, the option list or the
 * device list. */
struct probe_can {
	bool json_device, json_netdev, json_object; /* JSON on the command line */
	bool machine_acpi;                          /* -machine acpi=off; else -no-acpi */
	bool action;                                /* -action */
	bool run_with_chroot, run_with_user;        /* -run-with chroot=, user= */
	bool chroot, runas;                         /* -chroot, -runas */
	bool sandbox;                               /* -sandbox */
	bool spice;
	bool display_update; /* QMP display-update type vnc with addresses */
	bool screendump_png; /* QMP screendump format=png */
	bool migrate_channels;
	bool audiodev;
	bool kvm;               /* the binary has the KVM accelerator compiled in */
	bool blockdev_io_uring; /* aio=io_uring in the schema of blockdev file */
	bool server_on;         /* -chardev server=on (5.2 knows both) */
};

struct probe {
	int major, minor, micro;
	char *package;
	struct probe_machine *machines;
	size_t n_machines;
	char **devices;        /* sorted: device type names */
	char **objects;        /* sorted: user-creatable object types, where known */
	char **block_drivers;  /* sorted: blockdev drivers of the schema */
	char **cpus;           /* sorted: CPU model names */
	char **commands;       /* sorted: QMP commands */
	char **migration_caps; /* sorted */
	char **compressions;   /* sorted: multifd-compression of migrate-set-parameters */
	struct probe_can can;
};

#define _cleanup_probe_ _cleanup_(probe_free_ptr)

/* The queries that make up the answers: name of the QMP command, arguments (or NULL), and the key under
 * which the reply is kept. */
struct probe_query {
	const char *key;
	const char *execute;
	const char *arguments; /* JSON text */
};
extern const struct probe_query probe_queries[];
extern const size_t probe_n_queries;

/* answers: {"greeting": {...}, "query-version": {"return": ...}, "query-machines": ..., "help": "..."}.
 * ERROR_QEMU when something needed is missing or of another shape. */
int probe_from_answers(const struct json *answers, struct probe **ret, struct error *err);
int probe_from_json(const struct json *digest, struct probe **ret, struct error *err);
struct json *probe_to_json(const struct probe *probe);
void probe_free(struct probe *probe);
void probe_free_ptr(struct probe **probe);

bool probe_has_device(const struct probe *probe, const char *type);
bool probe_has_command(const struct probe *probe, const char *command);
bool probe_has_cpu(const struct probe *probe, const char *model);
/* True also where the binary does not say which objects it has (before 6.0). */
bool probe_has_object(const struct probe *probe, const char *type);
bool probe_has_block_driver(const struct probe *probe, const char *driver);
bool probe_has_migration_cap(const struct probe *probe, const char *capability);
/* A flag of probe_can by its member's name, for tests and `host info`; false for another name. */
bool probe_can_by_name(const struct probe *probe, const char *name);
bool probe_at_least(const struct probe *probe, int major, int minor);
/* It opens /dev/userfaultfd (from 8.0 on); before that only the system call will do. */
bool probe_opens_userfaultfd(const struct probe *probe);
/* By name or alias; NULL when the binary does not know it. Borrowed. */
const struct probe_machine *probe_machine(const struct probe *probe, const char *name);

#endif
