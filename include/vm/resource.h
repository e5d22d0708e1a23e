/* What an instance has on the host outside of the run directory: one JSON record each, written into its
 * state before it is made.
 *
 * Each kind is a row: its name and how it is taken down. A "down" succeeds when the thing is already
 * gone. (What lies in the run directory is found by its name: see ops/act_teardown.h.) */
#ifndef KVMCTL_VM_RESOURCE_H
#define KVMCTL_VM_RESOURCE_H

#include "base/deadline.h"
#include "base/error.h"
#include "base/json.h"

/* {"kind": "placement", "type": "cgroup1", "path": …} */
struct json *resource_placement(const char *type, const char *path);
/* {"kind": "ovs", "link": …, "bridge": …} */
struct json *resource_ovs(const char *link, const char *bridge);
/* {"kind": "route", "link", "ip", "ip6", "gateway", "gateway6", "table"} */
struct json *resource_route(const char *link, const char *ip, const char *ip6, const char *gateway,
			    const char *gateway6, const char *table);
/* {"kind": "script", "script": …, "env": [ … ]}: run with "down". */
struct json *resource_script(const char *script, char *const *env);
/* {"kind": "directory", "path": …}: removed with the files in it (hugetlbfs). */
struct json *resource_directory(const char *path);
/* {"kind": "link", "path": …, "target": …}: a symbolic link; removed as long as it leads there. */
struct json *resource_link(const char *path, const char *target);
/* {"kind": "socket", "path": …}: a UNIX socket outside of the run directory (VNC's); removed if it is one. */
struct json *resource_socket(const char *path);
/* {"kind": "hook", "path": …, "instance": …}: the hook `stopped`. */
struct json *resource_hook(const char *path, const char *instance);

/* {"kind": "bandwidth", "link": …}: the table of nftables that limits what comes out of the TAP. */
#define RESOURCE_BANDWIDTH "bandwidth"
struct json *resource_bandwidth(const char *link);
/* {"kind": "filter", "link": …}: the rules of a TAP. Taken down by ops/act_nic_filters.h, all of an instance in one transaction. */
struct json *resource_filter(const char *link);
bool resource_is_filter(const struct json *record);

/* Takes one down. ERROR_UNKNOWN: a kind that this version does not know. */
int resource_down(const struct json *record, struct deadline deadline, struct error *err);
/* "placement cgroup1 /sys/…": for people. Owned by the caller. */
char *resource_text(const struct json *record);

#endif
