/* Host checks of NICs: the TAP device, bridges, switches, scripts. */
#include "vm/host_check_internal.h"

#include "base/text.h"
#include "host/link.h"
#include "host/ovs.h"
#include "host/tap.h"

static void check_bridge(struct check *check, const char *path, const char *bridge)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	bool is_bridge = false;

	if (link_is_bridge(bridge, &is_bridge, &err) < 0) {
		if (err.errnum == ENODEV)
			error_hint(&err, "make the bridge: ip link add \"%s\" type bridge && ip link set \"%s\" up",
				   bridge, bridge);
		problems_add_error(&check->problems, path, &err);
	} else if (!is_bridge) {
		problems_add(&check->problems, path,
			     "\"%s\" is no bridge; one of Open vSwitch needs the mode \"openvswitch\"", bridge);
	}
}

/* Ours to set up, without a script. */
static void check_built_in(struct check *check, const char *at, const struct nic *nic)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	_cleanup_free_ char *link = xprintf("%s.link", at), *mode = xprintf("%s.mode", at), *program = NULL;

	switch (nic->mode) {
	case NIC_BRIDGED:
		check_bridge(check, link, nic->link);
		break;
	case NIC_OPENVSWITCH:
		if (ovs_find(NULL, &program, &err) < 0)
			problems_add_error(&check->problems, mode, &err);
		break;
	case NIC_EXT: /* without a script: said by the syntax check */
	case NIC_ROUTED:
	case NIC_USER:
	case NIC_MODE_MAX:
		break;
	}
}

static void check_nic(struct check *check, size_t i)
{
	const struct nic *nic = &check->spec->nics[i];
	_cleanup_free_ char *at = xprintf("nics[%zu]", i), *script = xprintf("%s.script", at);

	if (nic->mode == NIC_USER)
		return;
	if (!is_empty(nic->script))
		check_executable(check, script, nic->script);
	else if (!is_empty(check->settings->nic_script))
		check_executable(check, script, check->settings->nic_script);
	else
		check_built_in(check, at, nic);
}

/* Once for all NICs: one sentence for one thing that is missing. */
static void check_tap(struct check *check)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	struct tap_features features;

	for (size_t i = 0; i < check->spec->n_nics; i++) {
		if (check->spec->nics[i].mode == NIC_USER)
			continue;
		_cleanup_free_ char *path = xprintf("nics[%zu].mode", i);
		if (tap_probe(&features, &err) < 0)
			problems_add_error(&check->problems, path, &err);
		return;
	}
}

void host_check_nics(struct check *check)
{
	check_tap(check);
	for (size_t i = 0; i < check->spec->n_nics; i++)
		check_nic(check, i);
}
