/* NICs on the host: what is set on their TAPs, built in or by a script. */
#include "ops/act_network.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>

#include "base/file.h"
#include "base/log.h"
#include "base/strv.h"
#include "base/text.h"
#include "host/link.h"
#include "host/nic_script.h"
#include "host/ovs.h"
#include "ops/act_bandwidth.h"
#include "ops/act_nic_filters.h"
#include "vm/nic_binding.h"
#include "vm/resource.h"

static const struct nic *nic_of(const struct network_setup *setup, size_t i)
{
	return &setup->spec->nics[i];
}

/* The script that stands for this NIC's built-in set-up, or "". */
static const char *script_of(const struct network_setup *setup, size_t i)
{
	const struct nic *nic = nic_of(setup, i);

	return is_empty(nic->script) ? setup->context->settings->nic_script : nic->script;
}

/* The environment of a NIC script (kvm-vif-bridge(7)). Owned by the caller. */
static char **script_environment(const struct network_setup *setup, size_t i)
{
	const struct nic *nic = nic_of(setup, i);
	const struct network *network = &nic->network;
	_cleanup_free_ char *tags = strv_join(setup->spec->tags, " ");
	char **env = NULL;

	strv_addf(&env, "INSTANCE=%s", setup->spec->name);
	strv_addf(&env, "MAC=%s", nic->mac);
	strv_addf(&env, "IP=%s", nic->ip);
	strv_addf(&env, "IP6=%s", nic->ip6);
	strv_addf(&env, "MODE=%s", nic_mode_to_string(nic->mode));
	strv_addf(&env, "LINK=%s", nic->link);
	if (nic->mode == NIC_BRIDGED || nic->mode == NIC_OPENVSWITCH)
		strv_addf(&env, "BRIDGE=%s", nic->link);
	strv_addf(&env, "INTERFACE=%s", setup->nics[i].tap);
	strv_addf(&env, "INTERFACE_INDEX=%zu", i);
	strv_addf(&env, "INTERFACE_NAME=%s", nic->name);
	strv_addf(&env, "INTERFACE_UUID=%s", nic->uuid);
	if (nic->vlan > 0)
		strv_addf(&env, "VLAN=%" PRId64, nic->vlan);
	if (nic->mtu > 0)
		strv_addf(&env, "MTU=%" PRId64, nic->mtu);
	if (nic->filter)
		strv_addf(&env, "FILTER=%s", nic->filter->filter);
	if (nic->groups) {
		_cleanup_free_ char *groups = strv_join(nic->groups, " ");

		strv_addf(&env, "SECURITY_GROUPS=%s", groups);
	}
	strv_addf(&env, "TAGS=%s", tags);
	strv_addf(&env, "NETWORK_NAME=%s", network->name);
	strv_addf(&env, "NETWORK_SUBNET=%s", network->subnet);
	strv_addf(&env, "NETWORK_GATEWAY=%s", network->gateway);
	strv_addf(&env, "NETWORK_SUBNET6=%s", network->network6);
	strv_addf(&env, "NETWORK_GATEWAY6=%s", network->gateway6);
	strv_addf(&env, "NETWORK_MAC_PREFIX=%s", network->mac_prefix);
	strv_addf(&env, "NETWORK_TAGS=%s", network->tags);
	return env;
}

static struct link_route route_of(const struct nic *nic)
{
	return (struct link_route){ nic->ip, nic->ip6, nic->network.gateway, nic->network.gateway6, nic->link };
}

void network_record(const struct network_setup *setup, struct json *list)
{
	act_nic_filters_record(setup, list);
	for (size_t i = 0; i < setup->spec->n_nics; i++) {
		const struct nic *nic = nic_of(setup, i);
		const char *tap = setup->nics[i].tap;

		if (nic->mode == NIC_USER)
			continue;
		if (nic->bandwidth.outbound.average) {
			setup->nics[i].limiter = act_bandwidth_limiter(nic);
			act_bandwidth_record(nic, tap, setup->nics[i].limiter, list);
		}
		if (!is_empty(script_of(setup, i))) {
			_cleanup_strv_ char **env = script_environment(setup, i);

			json_append(list, resource_script(script_of(setup, i), env));
		} else if (nic->mode == NIC_OPENVSWITCH) {
			json_append(list, resource_ovs(tap, nic->link));
		} else if (nic->mode == NIC_ROUTED) {
			json_append(list, resource_route(tap, nic->ip, nic->ip6, nic->network.gateway,
							 nic->network.gateway6, nic->link));
		}
	}
}

static int write_nic_file(const struct network_setup *setup, size_t i, struct error *err)
{
	struct rundir *rundir = &setup->context->rundir;
	_cleanup_free_ char *dir = rundir_path(rundir, RUNDIR_NIC, setup->spec->name, "");
	_cleanup_free_ char *file = xprintf("%s/%zu", setup->spec->name, i);
	_cleanup_free_ char *text = xprintf("%s\n", setup->nics[i].tap);
	_cleanup_close_ int fd = -1;

	if (file_make_dirs(dir, 0750, err) < 0)
		return -1;
	fd = openat(rundir_part(rundir, RUNDIR_NIC), file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
	if (fd < 0 || file_write_all(fd, text, strlen(text)) < 0)
		return error_errno(err, ERROR_HOST, errno, "cannot write \"%s/%zu\"", dir, i);
	return 0;
}

char *network_tap(struct context *context, const char *name, size_t nic)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	_cleanup_free_ char *file = xprintf("%s/%zu", name, nic), *text = NULL;
	int dir = rundir_part(&context->rundir, RUNDIR_NIC);

	if (dir < 0 || file_read_at(dir, file, 64, &text, NULL, &err) < 0)
		return NULL;
	return text_trim(text);
}

struct network_nic *network_nics(struct context *context, const struct spec *spec)
{
	struct network_nic *nics = xcalloc(spec->n_nics + 1, sizeof(*nics));

	for (size_t i = 0; i < spec->n_nics; i++) {
		_cleanup_free_ char *tap = network_tap(context, spec->name, i);

		snprintf(nics[i].tap, sizeof(nics[i].tap), "%s", tap ? tap : "");
	}
	return nics;
}

/* What the host's side of the TAP is part of; an MTU of the spec's own comes after the bridge's. */
static int connect_tap(const struct network_setup *setup, const struct nic *nic, const char *tap,
		       struct deadline deadline, struct error *err)
{
	switch (nic->mode) {
	case NIC_BRIDGED:
		return link_attach(tap, nic->link, err);
	case NIC_OPENVSWITCH:
		if (link_disable_ipv6(tap, err) < 0)
			return -1;
		return ovs_attach(tap, nic->link, nic->vlan, nic->mac, setup->spec->name, deadline, err);
	case NIC_EXT:
		return error_set(err, ERROR_SPEC, "mode ext needs a script (key \"script\" or the setting nic_script)");
	case NIC_ROUTED:
	case NIC_USER:
	case NIC_MODE_MAX:
		break;
	}
	return 0;
}

/* A TAP is new: where there is no limit, nothing is to be taken away, and libnl and nftables are left alone. */
static int limit(const struct network_setup *setup, size_t i, enum network_phase phase, struct error *err)
{
	const struct nic *nic = nic_of(setup, i);

	if (phase == NETWORK_POST || (!nic->bandwidth.inbound.average && !nic->bandwidth.outbound.average))
		return 0;
	return act_bandwidth_set(nic, setup->nics[i].tap, setup->nics[i].limiter, err);
}

/* Last of all, and up. The routes bring the link up themselves, at their place: the kernel takes them only for a link that is up.
 * Routes that are there already are ours: a grant that was cut short goes on. A NIC without carrier waits for `nic-set`. */
static int route_or_up(const struct nic *nic, const char *tap, enum network_phase phase, struct error *err)
{
	struct link_route route = route_of(nic);

	if (!nic->link_up)
		return 0;
	if (nic->mode != NIC_ROUTED)
		return phase == NETWORK_POST ? 0 : link_up(tap, err);
	if (phase == NETWORK_PRE)
		return 0;
	if (phase == NETWORK_POST && link_unroute(tap, &route, err) < 0)
		return -1;
	return link_route_add(tap, &route, err);
}

static int built_in(const struct network_setup *setup, size_t i, enum network_phase phase, struct deadline deadline,
		    struct error *err)
{
	const struct nic *nic = nic_of(setup, i);
	const char *tap = setup->nics[i].tap;

	if (phase != NETWORK_POST) {
		if (link_set_mac(tap, nic->mac, err) < 0 || connect_tap(setup, nic, tap, deadline, err) < 0)
			return -1;
		if (nic->mtu > 0 && link_set_mtu(tap, nic->mtu, err) < 0)
			return -1;
		if (nic->mode == NIC_BRIDGED && nic->vlan > 0 && link_vlan(tap, nic->vlan, err) < 0)
			return -1;
	}
	if (limit(setup, i, phase, err) < 0)
		return -1;
	return route_or_up(nic, tap, phase, err);
}

static int by_script(const struct network_setup *setup, size_t i, enum network_phase phase, struct deadline deadline,
		     struct error *err)
{
	_cleanup_strv_ char **env = script_environment(setup, i);

	if (phase != NETWORK_START)
		strv_addf(&env, "MIGRATION_PHASE=%s", phase == NETWORK_PRE ? "pre" : "post");
	deadline = deadline_earlier(deadline, deadline_in(setup->context->settings->timeouts.script));
	/* The script may have put a queue of its own there. The guest does not run yet. */
	return nic_script_run(script_of(setup, i), "up", env, deadline, err) < 0 ? -1 : limit(setup, i, phase, err);
}

int network_link(const struct network_setup *setup, size_t nic, bool up, struct error *err)
{
	const struct nic *what = nic_of(setup, nic);
	const char *tap = setup->nics[nic].tap;
	struct link_route route = route_of(what);

	if (what->mode == NIC_USER || !is_empty(script_of(setup, nic)))
		return 0;
	if (what->mode == NIC_ROUTED && link_unroute(tap, &route, err) < 0)
		return -1;
	if (!up)
		return link_down(tap, err);
	return what->mode == NIC_ROUTED ? link_route_add(tap, &route, err) : link_up(tap, err);
}

/* What the script has done with the TAP decides whether its rules have any effect. One without goes down: after a grant nobody else
 * would stop it. */
static int by_filtered_script(const struct network_setup *setup, size_t i, enum network_phase phase,
			      struct deadline deadline, struct error *err)
{
	_cleanup_error_ struct error down = ERROR_INIT;

	if (by_script(setup, i, phase, deadline, err) < 0)
		return -1;
	if (act_nic_filters_connected(setup, i, err) == 0)
		return 0;
	if (link_down(setup->nics[i].tap, &down) < 0)
		log_warning("%s", down.message);
	return -1;
}

static int write_nic_files(const struct network_setup *setup, struct error *err)
{
	for (size_t i = 0; i < setup->spec->n_nics; i++)
		if (nic_of(setup, i)->mode != NIC_USER && write_nic_file(setup, i, err) < 0)
			return error_prefix(err, "nics[%zu]", i);
	return 0;
}

/* Filters are in force before anything connects a TAP. */
int network_up(const struct network_setup *setup, enum network_phase phase, struct deadline deadline, struct error *err)
{
	if (phase != NETWORK_POST && (write_nic_files(setup, err) < 0 || act_nic_filters_up(setup, err) < 0))
		return -1;
	for (size_t i = 0; i < setup->spec->n_nics; i++) {
		if (nic_of(setup, i)->mode == NIC_USER)
			continue;
		if ((is_empty(script_of(setup, i)) ? built_in(setup, i, phase, deadline, err)
						   : by_filtered_script(setup, i, phase, deadline, err)) < 0)
			return error_prefix(err, "nics[%zu]", i);
	}
	return 0;
}
