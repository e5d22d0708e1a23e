/* The NICs of a launch: TAPs by name, what is set on them, built in or by a script. */
#include "ops/act_launch_parts.h"

#include <fcntl.h>
#include <inttypes.h>

#include "base/file.h"
#include "base/strv.h"
#include "base/text.h"
#include "host/link.h"
#include "host/nic_script.h"
#include "host/ovs.h"
#include "vm/resource.h"

static const struct nic *nic_of(const struct launch *launch, size_t i)
{
	return &launch->spec->nics[i];
}

/* The script that stands for this NIC's built-in set-up, or "". */
static const char *script_of(const struct launch *launch, size_t i)
{
	const struct nic *nic = nic_of(launch, i);

	return is_empty(nic->script) ? launch->context->settings->nic_script : nic->script;
}

int launch_choose_taps(struct launch *launch, struct error *err)
{
	launch->nics = xcalloc(launch->spec->n_nics + 1, sizeof(*launch->nics));
	for (size_t i = 0; i < launch->spec->n_nics; i++) {
		if (nic_of(launch, i)->mode == NIC_USER)
			continue;
		if (tap_choose_name(launch->nics[i].tap, err) < 0)
			return error_prefix(err, "nics[%zu]", i);
	}
	return 0;
}

/* The environment of a NIC script (kvm-vif-bridge(7)). Owned by the caller. */
static char **script_environment(const struct launch *launch, size_t i)
{
	const struct nic *nic = nic_of(launch, i);
	const struct network *network = &nic->network;
	_cleanup_free_ char *tags = strv_join(launch->spec->tags, " ");
	char **env = NULL;

	strv_addf(&env, "INSTANCE=%s", launch->name);
	strv_addf(&env, "MAC=%s", nic->mac);
	strv_addf(&env, "IP=%s", nic->ip);
	strv_addf(&env, "IP6=%s", nic->ip6);
	strv_addf(&env, "MODE=%s", nic_mode_to_string(nic->mode));
	strv_addf(&env, "LINK=%s", nic->link);
	if (nic->mode == NIC_BRIDGED || nic->mode == NIC_OPENVSWITCH)
		strv_addf(&env, "BRIDGE=%s", nic->link);
	strv_addf(&env, "INTERFACE=%s", launch->nics[i].tap);
	strv_addf(&env, "INTERFACE_INDEX=%zu", i);
	strv_addf(&env, "INTERFACE_NAME=%s", nic->name);
	strv_addf(&env, "INTERFACE_UUID=%s", nic->uuid);
	if (nic->vlan > 0)
		strv_addf(&env, "VLAN=%" PRId64, nic->vlan);
	if (nic->mtu > 0)
		strv_addf(&env, "MTU=%" PRId64, nic->mtu);
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

void launch_record_nics(struct launch *launch)
{
	struct json *list = launch->state->resources;

	for (size_t i = 0; i < launch->spec->n_nics; i++) {
		const struct nic *nic = nic_of(launch, i);
		const char *tap = launch->nics[i].tap;

		if (nic->mode == NIC_USER)
			continue;
		if (!is_empty(script_of(launch, i))) {
			_cleanup_strv_ char **env = script_environment(launch, i);

			json_append(list, resource_script(script_of(launch, i), env));
		} else if (nic->mode == NIC_OPENVSWITCH) {
			json_append(list, resource_ovs(tap, nic->link));
		} else if (nic->mode == NIC_ROUTED) {
			json_append(list, resource_route(tap, nic->ip, nic->ip6, nic->network.gateway,
							 nic->network.gateway6, nic->link));
		}
	}
}

/* All descriptors of one NIC's TAP, into the plan's places. */
int launch_open_tap(struct launch *launch, size_t nic, struct error *err)
{
	const struct plan *plan = launch->plan;
	const struct plan_nic *planned = &plan->nics[nic];
	int queues[64];
	int n = planned->queues > 0 && planned->queues <= 64 ? planned->queues : 1;

	if (tap_open(launch->nics[nic].tap, n, planned->vnet_hdr, queues, err) < 0)
		return error_prefix(err, "nics[%zu]", nic);
	for (size_t i = 0; i < plan->n_fds; i++)
		if (plan->fds[i].kind == PLAN_FD_TAP && plan->fds[i].index == (int)nic && plan->fds[i].queue < n)
			launch->fds[i] = take_fd(&queues[plan->fds[i].queue]);
	for (int i = 0; i < n; i++)
		close_fd(&queues[i]);
	return 0;
}

/* nic/NAME/SEQ holds the TAP's name. */
static int write_nic_file(struct launch *launch, size_t i, struct error *err)
{
	_cleanup_free_ char *dir = rundir_path(&launch->context->rundir, RUNDIR_NIC, launch->name, "");
	_cleanup_free_ char *file = xprintf("%s/%zu", launch->name, i), *text = xprintf("%s\n", launch->nics[i].tap);
	_cleanup_close_ int fd = -1;

	if (file_make_dirs(dir, 0750, err) < 0)
		return -1;
	fd = openat(rundir_part(&launch->context->rundir, RUNDIR_NIC), file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC,
		    0640);
	if (fd < 0 || file_write_all(fd, text, strlen(text)) < 0)
		return error_errno(err, ERROR_HOST, errno, "cannot write \"%s/%zu\"", dir, i);
	return 0;
}

/* What the host's side of the TAP is part of; an MTU of the spec's own comes after the bridge's. */
static int connect_tap(struct launch *launch, const struct nic *nic, const char *tap, struct error *err)
{
	switch (nic->mode) {
	case NIC_BRIDGED:
		return link_attach(tap, nic->link, err);
	case NIC_OPENVSWITCH:
		if (link_disable_ipv6(tap, err) < 0)
			return -1;
		return ovs_attach(tap, nic->link, nic->vlan, nic->mac, launch->name, launch->deadline, err);
	case NIC_EXT:
		return error_set(err, ERROR_SPEC, "mode ext needs a script (key \"script\" or the setting nic_script)");
	case NIC_ROUTED:
	case NIC_USER:
	case NIC_MODE_MAX:
		break;
	}
	return 0;
}

static int built_in(struct launch *launch, size_t i, struct error *err)
{
	const struct nic *nic = nic_of(launch, i);
	const char *tap = launch->nics[i].tap;
	struct link_route route = route_of(nic);

	if (nic->mode == NIC_USER)
		return 0;
	if (link_set_mac(tap, nic->mac, err) < 0 || connect_tap(launch, nic, tap, err) < 0)
		return -1;
	if (nic->mtu > 0 && link_set_mtu(tap, nic->mtu, err) < 0)
		return -1;
	if (nic->mode == NIC_BRIDGED && nic->vlan > 0 && link_vlan(tap, nic->vlan, err) < 0)
		return -1;
	/* Last of all. The routes bring the link up themselves, at their place: the kernel takes them
	 * only for a link that is up. */
	return nic->mode == NIC_ROUTED ? link_route_add(tap, &route, err) : link_up(tap, err);
}

static int by_script(struct launch *launch, size_t i, struct error *err)
{
	_cleanup_strv_ char **env = script_environment(launch, i);
	struct deadline deadline =
		deadline_earlier(launch->deadline, deadline_in(launch->context->settings->timeouts.script));

	return nic_script_run(script_of(launch, i), "up", env, deadline, err);
}

int launch_network_up(struct launch *launch, struct error *err)
{
	for (size_t i = 0; i < launch->spec->n_nics; i++) {
		if (nic_of(launch, i)->mode == NIC_USER)
			continue;
		if (write_nic_file(launch, i, err) < 0 ||
		    (is_empty(script_of(launch, i)) ? built_in(launch, i, err) : by_script(launch, i, err)) < 0)
			return error_prefix(err, "nics[%zu]", i);
	}
	return 0;
}
