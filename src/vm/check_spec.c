/* Syntax checks of what no single parameter says: name and memory, disks and NICs, alone, against each
 * other and against the settings. */
#include "vm/checks.h"

#include <ctype.h>

#include "base/text.h"
#include "qemu/uri.h"
#include "vm/keys.h"
#include "vm/secgroup.h"
#include "vm/settings.h"
#include "vm/value.h"

static bool has_problem(const struct problems *problems, const char *path)
{
	for (size_t i = 0; i < problems->n; i++)
		if (streq(problems->list[i].path, path))
			return true;
	return false;
}

void check_params(const struct spec *spec, const char *path, struct problems *problems)
{
	for (size_t i = 0; i < HV_MAX; i++) {
		_cleanup_free_ char *at = keys_path(path, param_rows[i].name);
		/* a value that could not be read has left the default in its place: nothing to say about that */
		if (param_rows[i].check && !has_problem(problems, at))
			param_rows[i].check(spec, at, problems);
	}
}

static void check_name(const struct spec *spec, const char *name, struct problems *problems)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	if (has_problem(problems, "name"))
		return;
	if (instance_name_check(spec->name, &err) < 0)
		problems_add_error(problems, "name", &err);
	else if (name && !streq(name, spec->name))
		problems_add(problems, "name", "is \"%s\", but the instance is called \"%s\"", spec->name, name);
}

static void check_memory(const struct spec *spec, struct problems *problems)
{
	if (spec->minmem > spec->maxmem && spec->maxmem > 0)
		problems_add(problems, "minmem", "%lld is above maxmem, %lld", (long long)spec->minmem,
			     (long long)spec->maxmem);
}

/* Where the value itself was no good, it has its problem already: one slip, one line. */
static void check_disk_place(const struct disk *disk, const char *path, struct problems *problems)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	_cleanup_json_ struct json *blockdev = NULL;
	_cleanup_free_ char *at = keys_path(path, "path"), *secret_at = keys_path(path, "secret_file");
	bool uri = uri_is(disk->path);
	if (has_problem(problems, at) || has_problem(problems, path))
		return;
	if (!*disk->path)
		problems_add(problems, at, "is empty");
	else if (uri && uri_to_blockdev(disk->path, NULL, &blockdev, &err) < 0)
		problems_add_error(problems, at, &err);
	else if (!uri && *disk->path != '/')
		problems_add(problems, at, "\"%s\" is neither an absolute path nor a URI", disk->path);
	if (!uri && *disk->secret_file)
		problems_add(problems, secret_at, "is only for a disk with a URI");
}

#define SERIAL_MAX 20 /* what virtio-blk and IDE tell the guest; they cut the rest off */

static void check_disk(const struct spec *spec, const struct disk *disk, const char *path, struct problems *problems)
{
	_cleanup_free_ char *serial_at = keys_path(path, "serial"), *aio_at = keys_path(path, "aio");
	_cleanup_free_ char *iothread_at = keys_path(path, "iothread"), *mode_at = keys_path(path, "mode");
	bool scsi = starts_with(spec->hv.disk_type, "scsi");
	check_disk_place(disk, path, problems);
	if (!scsi && strlen(disk->serial) > SERIAL_MAX)
		problems_add(problems, serial_at, "is %zu bytes long; disk_type \"%s\" shows %d", strlen(disk->serial),
			     spec->hv.disk_type, SERIAL_MAX);
	if ((*disk->aio || *disk->cache) && streq(disk_aio(spec, disk), "native") &&
	    !streq(disk_cache(spec, disk), "none"))
		problems_add(problems, aio_at, "\"native\" needs cache \"none\", but it is \"%s\"",
			     disk_cache(spec, disk));
	if (disk->iothread >= spec->hv.io_threads && disk->iothread >= 0)
		problems_add(problems, iothread_at, "%lld does not exist: hvparams.io_threads is %lld",
			     (long long)disk->iothread, (long long)spec->hv.io_threads);
	if (disk->read_only && streq(spec->hv.disk_type, "ide"))
		problems_add(problems, mode_at, "\"ro\" is nothing that disks of disk_type \"ide\" can be");
}

/* Two disks of one place where a write of one is not seen by the other. */
static bool disks_collide(const struct disk *a, const struct disk *b)
{
	bool shared = a->shared == DISK_SHARED_TRUE && b->shared == DISK_SHARED_TRUE;
	return *a->path && streq(a->path, b->path) && !(a->read_only && b->read_only) && !shared;
}

static void check_disks(const struct spec *spec, struct problems *problems)
{
	for (size_t i = 0; i < spec->n_disks; i++) {
		const struct disk *disk = &spec->disks[i];
		_cleanup_free_ char *path = xprintf("disks[%zu]", i);
		check_disk(spec, disk, path, problems);
		for (size_t k = 0; k < i; k++) {
			if (disks_collide(&spec->disks[k], disk))
				problems_add(problems, path,
					     "\"%s\" is disks[%zu] already, and one of them is writable", disk->path,
					     k);
			if (disk->bootindex >= 0 && disk->bootindex == spec->disks[k].bootindex)
				problems_add(problems, path, "bootindex %lld is that of disks[%zu] already",
					     (long long)disk->bootindex, k);
		}
	}
}

static void check_nic_link(const struct nic *nic, const struct settings *settings, const char *path,
			   struct problems *problems)
{
	_cleanup_free_ char *at = keys_path(path, "link"), *mode_at = keys_path(path, "mode");
	bool bridge = nic->mode == NIC_BRIDGED || nic->mode == NIC_OPENVSWITCH;
	const char *mode = nic_mode_to_string(nic->mode);
	if (bridge && !*nic->link)
		problems_add(problems, at, "is missing: mode \"%s\" needs the name of a bridge", mode);
	else if (bridge && !text_is_interface(nic->link))
		problems_add(problems, at, "\"%s\" cannot be the name of a bridge", nic->link);
	else if (nic->mode == NIC_ROUTED && *nic->link && !check_is_word(nic->link, "._-"))
		problems_add(problems, at, "\"%s\" cannot be a routing table", nic->link);
	if (nic->mode == NIC_ROUTED && !*nic->ip && !*nic->ip6)
		problems_add(problems, mode_at, "\"routed\" needs ip or ip6");
	if (nic->mode == NIC_EXT && !*nic->script && settings && !*settings->nic_script)
		problems_add(problems, mode_at, "\"ext\" needs a script (here, or the setting nic_script)");
}

/* Why rules of a filter would have no effect there; NULL: they have. */
static const char *unfiltered(enum nic_mode mode)
{
	switch (mode) {
	case NIC_USER:
		return "it is QEMU's own network, there is no TAP";
	case NIC_OPENVSWITCH:
		return "frames of a switch of Open vSwitch do not pass the kernel's bridge, where the rules are; use "
		       "its own flows";
	case NIC_ROUTED:
		return "a TAP with routes is no port of a bridge, where the rules are; use mode \"bridged\"";
	case NIC_BRIDGED:
	case NIC_EXT: /* its script has to put it on a bridge: looked at when it has run */
	case NIC_MODE_MAX:
		break;
	}
	return NULL;
}

static void check_groups(const struct nic *nic, const char *path, struct problems *problems)
{
	for (size_t i = 0; nic->groups && nic->groups[i]; i++) {
		_cleanup_error_ struct error err = ERROR_INIT;
		_cleanup_free_ char *at = xprintf("%s[%zu]", path, i);

		if (!secgroup_name_is_valid(nic->groups[i], &err)) {
			problems_add_error(problems, at, &err);
			continue;
		}
		for (size_t k = 0; k < i; k++)
			if (streq(nic->groups[i], nic->groups[k]))
				problems_add(problems, at, "\"%s\" is there already", nic->groups[i]);
	}
}

static void check_nic_filter(const struct nic *nic, const char *path, struct problems *problems)
{
	_cleanup_free_ char *filter_at = keys_path(path, "filter"), *groups_at = keys_path(path, "security_groups");
	const char *why = unfiltered(nic->mode), *mode = nic_mode_to_string(nic->mode);

	if (nic->filter && why)
		problems_add(problems, filter_at, "a NIC of mode \"%s\" cannot be filtered: %s", mode, why);
	if (nic->groups && why)
		problems_add(problems, groups_at, "a NIC of mode \"%s\" cannot be filtered: %s", mode, why);
	check_groups(nic, groups_at, problems);
}

/* One direction. What the kernel is given is worked out by host/bandwidth.c, within these bounds. */
static void check_rate(const struct bandwidth_rate *rate, const char *path, struct problems *problems)
{
	_cleanup_free_ char *peak_at = keys_path(path, "peak"), *burst_at = keys_path(path, "burst");
	if (rate->average == 0) {
		if (rate->peak || rate->burst)
			problems_add(problems, path, "has no average, which peak and burst go with");
		return;
	}
	if (rate->peak && rate->peak < rate->average)
		problems_add(problems, peak_at, "%lld is less than the average, %lld", (long long)rate->peak,
			     (long long)rate->average);
	if (rate->burst > rate->average * BANDWIDTH_BURST_SECONDS)
		problems_add(problems, burst_at, "%lld takes more than %d seconds at the average, %lld",
			     (long long)rate->burst, BANDWIDTH_BURST_SECONDS, (long long)rate->average);
}

static void check_bandwidth(const struct nic *nic, const char *path, struct problems *problems)
{
	_cleanup_free_ char *at = keys_path(path, "bandwidth"), *in = keys_path(at, "inbound");
	_cleanup_free_ char *out = keys_path(at, "outbound");
	check_rate(&nic->bandwidth.inbound, in, problems);
	check_rate(&nic->bandwidth.outbound, out, problems);
	if (nic->mode == NIC_USER && (nic->bandwidth.inbound.average || nic->bandwidth.outbound.average))
		problems_add(problems, at, "mode \"user\" has no TAP on the host that could be limited");
}

static void check_nic(const struct spec *spec, const struct nic *nic, const struct settings *settings, const char *path,
		      struct problems *problems)
{
	_cleanup_free_ char *vlan_at = keys_path(path, "vlan"), *queues_at = keys_path(path, "queues");
	_cleanup_free_ char *mtu_at = keys_path(path, "mtu");
	const char *mode = nic_mode_to_string(nic->mode);
	check_nic_link(nic, settings, path, problems);
	check_nic_filter(nic, path, problems);
	check_bandwidth(nic, path, problems);
	if (nic->vlan && nic->mode != NIC_BRIDGED && nic->mode != NIC_OPENVSWITCH && nic->mode != NIC_EXT)
		problems_add(problems, vlan_at, "is nothing that mode \"%s\" has", mode);
	if (nic->queues > 1 && nic->mode == NIC_USER)
		problems_add(problems, queues_at, "mode \"user\" has one queue only");
	if (nic->queues > 1 && !streq(spec->hv.nic_type, "paravirtual"))
		problems_add(problems, queues_at, "%lld queues need nic_type \"paravirtual\", but it is \"%s\"",
			     (long long)nic->queues, spec->hv.nic_type);
	if (nic->mtu > 0 && nic->mtu < 68)
		problems_add(problems, mtu_at, "%lld is too small; 68 is the least", (long long)nic->mtu);
}

/* Two NICs of one guest; between instances it is the claims that tell (vm/claim.h). */
static void check_nics(const struct spec *spec, const struct settings *settings, struct problems *problems)
{
	for (size_t i = 0; i < spec->n_nics; i++) {
		_cleanup_free_ char *path = xprintf("nics[%zu]", i);
		check_nic(spec, &spec->nics[i], settings, path, problems);
		for (size_t k = 0; k < i; k++)
			if (streq(spec->nics[i].mac, spec->nics[k].mac))
				problems_add(problems, path, "mac %s is that of nics[%zu] already", spec->nics[i].mac,
					     k);
	}
}

/* What only this host's settings decide: `check` on another machine cannot know. */
static void check_settings(const struct spec *spec, const struct settings *settings, struct problems *problems)
{
	if (streq(spec->hv.security_model, "pool") && settings->uid_last == 0)
		problems_add(problems, "hvparams.security_model", "\"pool\" needs the setting uid_pool");
	if (*spec->hv.spice_bind && spec->hv.spice_use_tls && (!*settings->spice_cert || !*settings->spice_key))
		problems_add(problems, "hvparams.spice_use_tls", "needs the certificates of the setting spice_tls");
}

void check_spec(const struct spec *spec, const char *name, const struct settings *settings, struct problems *problems)
{
	check_name(spec, name, problems);
	check_memory(spec, problems);
	check_disks(spec, problems);
	check_nics(spec, settings, problems);
	if (settings)
		check_settings(spec, settings, problems);
}
