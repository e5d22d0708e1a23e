/* The plan of one QEMU: everything that is decided before the host is touched. Pure: spec + facts + probe
 * -> plan; golden files hold it.
 *
 * File descriptors are part of it: the plan says which thing is behind which number, so the command line
 * is exact before anything is open. One file per chapter: src/vm/plan_*.c, in the order of plan_make(). */
#ifndef KVMCTL_VM_PLAN_H
#define KVMCTL_VM_PLAN_H

#include "base/json.h"
#include "qemu/option.h"
#include "qemu/probe.h"
#include "vm/facts.h"
#include "vm/settings.h"
#include "vm/spec.h"

#define PLAN_FIRST_FD 10 /* QEMU finds its descriptors from here on, without gaps */

enum plan_fd_kind {
	PLAN_FD_CONTROL,
	PLAN_FD_QUERY,
	PLAN_FD_EVENT, /* listening sockets of the three monitors */
	PLAN_FD_SERIAL,
	PLAN_FD_AGENT,      /* listening sockets */
	PLAN_FD_SERIAL_LOG, /* log/NAME.serial, O_WRONLY|O_APPEND */
	PLAN_FD_TAP,
	PLAN_FD_VHOST,   /* index: NIC, queue: queue */
	PLAN_FD_FILE,    /* path opened with flags */
	PLAN_FD_PRIVATE, /* a sealed memory copy of path: kernel, initrd, secrets, keys: readable whatever its owner */
	PLAN_FD_DIR,     /* conf/NAME<path>: a directory of links to other descriptors (TLS keys): see plan_link */
	PLAN_FD_KIND_MAX
};
const char *plan_fd_kind_to_string(enum plan_fd_kind kind);

struct plan_link { /* name in the directory -> descriptor number */
	char *name;
	int number;
};

struct plan_fd {
	enum plan_fd_kind kind;
	int number;       /* in QEMU */
	int fdset;        /* -add-fd set, or -1: passed by number */
	int index, queue; /* PLAN_FD_TAP, PLAN_FD_VHOST; PLAN_FD_FILE of a disk: its index, else -1 */
	char *path;       /* PLAN_FD_FILE, PLAN_FD_PRIVATE; PLAN_FD_DIR: ".keys", ".migration-keys" */
	int flags;        /* open(2) flags of PLAN_FD_FILE */
	bool optional; /* PLAN_FD_PRIVATE: the file need not be there: then an empty copy is, and links to it are left out */
	struct plan_link *links;
	size_t n_links;
};

/* What the guest sees and must not change: recorded in the state at start, given back at reboot and migration. */
struct hardware {
	char *machine;          /* the versioned machine type */
	struct json *addresses; /* {"disk0": {"bus": "pci.0", "addr": "0xd"}, ...} by device id; stable order */
	struct json *hv;        /* the guest-visible hvparams */
};

struct plan_nic {
	char *netdev_id, *device_id; /* "netdev0", "nic0" */
	int queues;
	bool vhost, vnet_hdr;
};

/* The name under which a listening socket is handed over (getfd) before the command that refers to it by
 * {"type": "fd", "str": PLAN_LISTEN_FDNAME}. */
#define PLAN_LISTEN_FDNAME "kvmctl-listen"

/* QMP commands to send after the handshake and before `cont`, in order. Secrets are not in here:
 * `secret_file` is read when it is sent. */
struct plan_command {
	char *execute;
	struct json *arguments;
	char *secret_file; /* first line becomes arguments[secret_key]; NULL: none */
	const char *secret_key;
	bool listen_fd; /* a listening socket at `path` is made and sent along with getfd first */
	char *path;
};

enum plan_identity { IDENTITY_CALLER, IDENTITY_DROPPED, IDENTITY_CHROOT };

struct plan {
	char **argv; /* argv[0] is the binary */
	struct plan_fd *fds;
	size_t n_fds;
	struct plan_nic *nics; /* one per NIC of the spec */
	size_t n_nics;
	struct plan_command *commands;
	size_t n_commands;
	struct hardware hardware;
	bool kvm; /* accelerator: KVM, else TCG */
	enum plan_identity identity;
	char *chroot;      /* directory, or NULL */
	char **warnings;   /* said at start: deprecated machine type, TCG instead of KVM, no vhost-net ... */
	char *vnc, *spice; /* where a viewer connects: "127.0.0.1:5902", "unix:/x/NAME.vnc"; "" = none */
};

#define _cleanup_plan_ _cleanup_(plan_free_ptr)

/* Paths that the plan writes down (nothing else of the run directory reaches the command line). */
struct plan_paths {
	const char *chroot;    /* the empty directory for use_chroot */
	const char *variables; /* UEFI variables file */
	const char *ctrl_dir;  /* for a VNC socket on QEMUs without display-update */
};

struct plan_input {
	const struct spec *spec;
	const struct settings *settings;
	const struct probe *probe;
	const struct facts *facts;
	const struct hardware *recorded; /* NULL at a first start */
	struct plan_paths paths;
	bool allow_unsafe_cache;
	bool incoming;
};

/* ERROR_SPEC: what the spec asks for cannot be built with this binary or machine (all problems at once). */
int plan_make(const struct plan_input *input, struct plan **ret, struct error *err);
/* The same, its problems put with others; NULL when there was one. Owned by the caller. */
struct plan *plan_collect(const struct plan_input *input, struct problems *problems);
void plan_free(struct plan *plan);
void plan_free_ptr(struct plan **plan);
void hardware_free(struct hardware *hardware);
struct json *hardware_to_json(const struct hardware *hardware);
int hardware_from_json(const struct json *document, struct hardware *ret, struct error *err);

#endif
