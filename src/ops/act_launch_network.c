/* The TAPs of a launch: their names, their descriptors, and what is set on them. */
#include "ops/act_launch_parts.h"

#include "base/text.h"
#include "host/tap.h"

int launch_choose_taps(struct launch *launch, struct error *err)
{
	launch->nics = xcalloc(launch->spec->n_nics + 1, sizeof(*launch->nics));
	for (size_t i = 0; i < launch->spec->n_nics; i++) {
		if (launch->spec->nics[i].mode == NIC_USER)
			continue;
		if (tap_choose_name(launch->nics[i].tap, err) < 0)
			return error_prefix(err, "nics[%zu]", i);
	}
	return 0;
}

static struct network_setup setup_of(const struct launch *launch)
{
	const struct launch_incoming *incoming = launch->request->incoming;

	return (struct network_setup){ launch->context, launch->spec, launch->nics,
				       incoming ? incoming->learned : NULL };
}

void launch_record_nics(struct launch *launch)
{
	struct network_setup setup = setup_of(launch);

	network_record(&setup, launch->state->resources);
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

int launch_network_up(struct launch *launch, struct error *err)
{
	struct network_setup setup = setup_of(launch);

	return network_up(&setup, launch->request->incoming ? NETWORK_PRE : NETWORK_START, launch->deadline, err);
}
