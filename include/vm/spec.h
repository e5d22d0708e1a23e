/* The instance spec: what an administrator or a cluster manager asks for, read strictly, checked completely. */
#ifndef KVMCTL_VM_SPEC_H
#define KVMCTL_VM_SPEC_H

#include <stdbool.h>
#include <stdint.h>

#include "base/json.h"
#include "base/problems.h"
#include "host/bandwidth.h"
#include "vm/filter_model.h"
#include "vm/params.h"

#define VNC_FIRST_PORT 5900 /* RFC 6143: the port of display 0 */
#define VNC_PASSWORD_MAX 8  /* RFC 6143, 7.2.2: DES takes no more */
#define INSTANCE_NAME_MAX 200

enum nic_mode { NIC_BRIDGED, NIC_ROUTED, NIC_OPENVSWITCH, NIC_USER, NIC_EXT, NIC_MODE_MAX };
const char *nic_mode_to_string(enum nic_mode mode);

enum disk_shared { DISK_SHARED_AUTO, DISK_SHARED_TRUE, DISK_SHARED_FALSE };

struct disk {
	char *path;     /* absolute path or URI */
	char *format;   /* "raw" or "qcow2" */
	bool read_only; /* mode */
	enum disk_shared shared;
	char *serial;                /* "" = none */
	char *cache, *aio, *discard; /* "" = the hvparam's */
	int64_t iothread;            /* -1 = spread; else its number */
	int64_t bootindex;           /* -1 = by boot_order */
	char *secret_file;           /* "" = none */
	int64_t size;                /* MiB; 0 = unknown. For checks and migration */
};

struct network {
	char *name, *subnet, *gateway, *network6, *gateway6, *mac_prefix, *tags; /* "" = unset; tags: blank-separated */
};

struct nic_bandwidth {
	struct bandwidth_rate inbound, outbound; /* as the guest sees it */
};

struct nic {
	char *mac; /* lower case; never "" after reading: derived from uuid and index when not given */
	enum nic_mode mode;
	char *link;     /* bridge, or routing table, as in Ganeti */
	char *ip, *ip6; /* "" = none; without prefix length */
	struct network network;
	int64_t vlan;                    /* 0 = none */
	int64_t queues;                  /* 0 = the hvparam's */
	int64_t mtu;                     /* 0 = the link's */
	char *script;                    /* "" = the settings' or built in */
	struct filter_reference *filter; /* with the parameters that are given; NULL = none */
	char **groups;                   /* security_groups (strv) */
	char *name, *uuid;
	struct nic_bandwidth bandwidth;
	bool link_up; /* link_state */
};

/* Absolute paths of what is run at turns of an instance's life; "" = nothing. */
struct hooks {
	char *started, *stopped;
};

struct spec {
	char *name;
	char *uuid; /* lower case; derived from the name (RFC 4122 v5) when not given: the same at every start */
	char *title, *description;
	struct json *metadata;         /* free object or NULL */
	int64_t vcpus, maxmem, minmem; /* MiB */
	struct hvparams hv;
	struct disk *disks;
	size_t n_disks;
	struct nic *nics;
	size_t n_nics;
	int64_t network_port; /* 0 = none */
	char **tags;
	bool autostart;
	struct json *hooks;  /* object of hook name to absolute path, or NULL */
	struct json *source; /* the document as read: recorded in the state */
};

#define _cleanup_spec_ _cleanup_(spec_free_ptr)

/* True for [A-Za-z0-9][A-Za-z0-9._-]{0,199}. */
bool instance_name_valid(const char *name);
/* ERROR_USAGE that says what is wrong with it and shows it printably. */
int instance_name_check(const char *name, struct error *err);

struct settings;

/* Text to spec, with the settings' defaults under the spec's own values. `name` (may be NULL) must equal
 * the spec's. All problems at once, ERROR_SPEC. Pure. */
int spec_parse(const char *text, size_t length, const char *what, const char *name, const struct settings *settings,
	       struct spec **ret, struct error *err);
/* The same from a document (a recorded one). */
int spec_from_json(const struct json *document, const char *what, const char *name, const struct settings *settings,
		   struct spec **ret, struct error *err);
void spec_free(struct spec *spec);
void spec_free_ptr(struct spec **spec);

/* Every key with its value, defaults filled in (for `info` and `check --json`). */
struct json *spec_to_json(const struct spec *spec);
/* The JSON Schema (draft 2020-12) of the spec, from the rows. */
struct json *spec_schema(void);

/* The effective value: the disk's own key, else the hvparam's. Borrowed. */
const char *disk_cache(const struct spec *spec, const struct disk *disk);
const char *disk_aio(const struct spec *spec, const struct disk *disk);
const char *disk_discard(const struct spec *spec, const struct disk *disk);
int64_t nic_queues(const struct spec *spec, const struct nic *nic);

#endif
