/* The NICs chapter: for each NIC its back end (a TAP's descriptors, or QEMU's own user network)
 * and the guest's device. */
#include "base/text.h"
#include "vm/plan_build.h"

/* hvparams.nic_type. express: behind a root port on q35. */
static const struct type {
	const char *word, *driver;
	bool virtio, isa;
} types[] = {
	{ "paravirtual", "virtio-net-pci", true, false },
	{ "e1000", "e1000", false, false },
	{ "rtl8139", "rtl8139", false, false },
	{ "pcnet", "pcnet", false, false },
	{ "ne2k_pci", "ne2k_pci", false, false },
	{ "ne2k_isa", "ne2k_isa", false, true },
	{ "i82551", "i82551", false, false },
	{ "i82557b", "i82557b", false, false },
	{ "i82559er", "i82559er", false, false },
};

/* The usual places of NE2000 cards. */
static const struct {
	int iobase, irq;
} ne2000[] = { { 0x300, 9 }, { 0x320, 10 }, { 0x340, 11 }, { 0x360, 3 }, { 0x280, 4 }, { 0x380, 5 } };

static const struct type *find_type(struct builder *b)
{
	for (size_t i = 0; i < ELEMENTS(types); i++)
		if (streq(types[i].word, b->hv->nic_type))
			return build_require(b, "hvparams.nic_type", b->hv->nic_type, types[i].driver) ? &types[i]
												       : NULL;
	problems_add(&b->problems, "hvparams.nic_type", "\"%s\" is no NIC", b->hv->nic_type);
	return NULL;
}

/* virtio by the kernel, where it can be had. What the spec itself asks for and is not there is
 * an error, a default only a warning. */
static bool decide_vhost(struct builder *b)
{
	if (!b->hv->vhost_net || b->facts->vhost_net)
		return b->hv->vhost_net;
	if (b->hv->given[HV_vhost_net])
		problems_add(&b->problems, "hvparams.vhost_net",
			     "/dev/vhost-net cannot be opened: load the module vhost_net, or set false");
	else
		build_warning(b, "/dev/vhost-net cannot be opened: the NICs are served by QEMU, which is slower");
	return false;
}

/* A queue is a descriptor of the TAP, so the number must be known before anything is open; what
 * cannot have it is an error rather than a slow guest. */
static int decide_queues(struct builder *b, const struct nic *nic, const struct type *type, const char *path)
{
	int64_t queues = nic_queues(&b->spec, nic);

	if (queues <= 1)
		return 1;
	if (!type->virtio)
		problems_add(&b->problems, path, "%lld queues need nic_type \"paravirtual\"", (long long)queues);
	else if (nic->mode == NIC_USER)
		build_warning(b, "%s: the user network has one queue, not %lld", path, (long long)queues);
	else if (!b->facts->tap_multi_queue)
		problems_add(&b->problems, path, "this kernel's TAPs have one queue, not %lld", (long long)queues);
	else
		return (int)queues;
	return 1;
}

/* "10", or "10:11:12": one descriptor a queue. */
static char *descriptors(struct builder *b, enum plan_fd_kind kind, int index, int queues)
{
	char *list = NULL;
	size_t size;
	FILE *out = open_memstream(&list, &size);

	if (!out)
		abort();
	for (int queue = 0; queue < queues; queue++) {
		fprintf(out, "%s%d", queue ? ":" : "", build_fd(b, kind, NULL));
		build_last_fd(b)->index = index;
		build_last_fd(b)->queue = queue;
	}
	fclose(out);
	return list;
}

/* By descriptors alone: QEMU neither opens /dev/net/tun nor runs a script. */
static void tap(struct builder *b, struct json *netdev, const struct plan_nic *nic, int index)
{
	_cleanup_free_ char *taps = descriptors(b, PLAN_FD_TAP, index, nic->queues), *vhosts = NULL;

	json_put_string(netdev, nic->queues > 1 ? "fds" : "fd", taps);
	if (!nic->vhost)
		return;
	vhosts = descriptors(b, PLAN_FD_VHOST, index, nic->queues);
	json_put_bool(netdev, "vhost", true);
	json_put_string(netdev, nic->queues > 1 ? "vhostfds" : "vhostfd", vhosts);
}

/* For QEMU every mode but "user" is a TAP; what that TAP is attached to, it never learns. */
static void back_end(struct builder *b, const struct nic *nic, const struct plan_nic *plan, int index)
{
	struct json *netdev = json_new_object();

	json_put_string(netdev, "type", nic->mode == NIC_USER ? "user" : "tap");
	json_put_string(netdev, "id", plan->netdev_id);
	if (nic->mode != NIC_USER)
		tap(b, netdev, plan, index);
	options_json(&b->options, OPTION_NETDEV, netdev);
}

/* Without it all of them would have QEMU's one default. */
static void isa_place(struct builder *b, struct json *device, size_t n, const char *path)
{
	if (n >= ELEMENTS(ne2000)) {
		problems_add(&b->problems, path, "a machine has at most %zu NICs of nic_type \"ne2k_isa\"",
			     ELEMENTS(ne2000));
		return;
	}
	json_put_int(device, "iobase", ne2000[n].iobase);
	json_put_int(device, "irq", ne2000[n].irq);
}

static void front_end(struct builder *b, const struct nic *nic, const struct plan_nic *plan, const struct type *type,
		      size_t i, const char *path)
{
	struct json *device = build_device(type->driver, plan->device_id);
	int64_t bootindex = build_bootindex(b, BOOT_NETWORK, i);

	json_put_string(device, "netdev", plan->netdev_id);
	json_put_string(device, "mac", nic->mac);
	if (plan->queues > 1) {
		json_put_bool(device, "mq", true);
		/* One for each direction of each queue, one for the control queue, one for
		 * changes of the configuration. */
		json_put_int(device, "vectors", 2 * plan->queues + 2);
	}
	if (type->virtio && nic->mtu)
		json_put_int(device, "host_mtu", nic->mtu);
	if (bootindex >= 0)
		json_put_int(device, "bootindex", bootindex);
	if (type->isa) {
		isa_place(b, device, i, path);
		build_add_device(b, device);
	} else {
		build_add_pci(b, PCI_NIC, type->virtio, device, path);
	}
}

/* There is no word for it on the command line; the guest does not run yet when the command
 * comes. */
static void link_state(struct builder *b, const struct nic *nic, const struct plan_nic *plan)
{
	struct json *arguments;

	if (nic->link_up)
		return;
	arguments = json_new_object();
	json_put_string(arguments, "name", plan->device_id);
	json_put_bool(arguments, "up", false);
	build_command(b, "set_link", arguments);
}

/* Only virtio-net takes packets with a virtio header, and only a TAP can be served by the
 * kernel. */
static void add_nic(struct builder *b, const struct type *type, bool vhost, size_t i)
{
	const struct nic *nic = &b->spec.nics[i];
	struct plan_nic *plan = &b->plan->nics[i];
	_cleanup_free_ char *path = xprintf("nics[%zu]", i);
	bool accelerated = type->virtio && nic->mode != NIC_USER;

	*plan = (struct plan_nic){
		.netdev_id = xprintf("netdev%zu", i),
		.device_id = xprintf("nic%zu", i),
		.queues = decide_queues(b, nic, type, path),
		.vhost = accelerated && vhost,
		.vnet_hdr = accelerated && b->hv->vnet_hdr && b->facts->tap_vnet_hdr,
	};
	back_end(b, nic, plan, (int)i);
	front_end(b, nic, plan, type, i, path);
	link_state(b, nic, plan);
}

/* Who has the user network only need not be told that there is no vhost. */
static bool any_tap(const struct builder *b)
{
	for (size_t i = 0; i < b->spec.n_nics; i++)
		if (b->spec.nics[i].mode != NIC_USER)
			return true;
	return false;
}

/* One vhost decision, one warning, for all of them. */
void plan_nics(struct builder *b)
{
	const struct type *type;
	bool vhost;

	if (!b->spec.n_nics)
		return;
	type = find_type(b);
	if (!type)
		return;
	vhost = type->virtio && any_tap(b) && decide_vhost(b);
	b->plan->nics = xcalloc(b->spec.n_nics, sizeof(*b->plan->nics));
	b->plan->n_nics = b->spec.n_nics;
	for (size_t i = 0; i < b->spec.n_nics; i++)
		add_nic(b, type, vhost, i);
}
