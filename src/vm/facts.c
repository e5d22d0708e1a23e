/* The facts of this host that a plan is made from. */
#include "vm/facts.h"

#include <fcntl.h>
#include <sys/socket.h>

#include "base/text.h"
#include "host/kvm.h"
#include "host/link.h"
#include "host/tap.h"
#include "host/user.h"
#include "vm/disk_chain.h"
#include "vm/firmware.h"
#include "vm/value.h"

void facts_free(struct facts *facts)
{
	for (size_t i = 0; i < facts->n_disks; i++)
		disk_facts_free(&facts->disks[i]);
	free(facts->disks);
	free(facts->kvm_why);
	free(facts->vnc_address);
	free(facts->spice_address);
	free(facts->firmware_code);
	free(facts->firmware_vars);
	*facts = (struct facts){ 0 };
}

/* n_disks counts what is filled in, so that facts_free never meets an entry that is not. */
static int gather_disks(const struct spec *spec, struct facts *facts, struct error *err)
{
	facts->disks = xcalloc(spec->n_disks ? spec->n_disks : 1, sizeof(*facts->disks));
	for (size_t i = 0; i < spec->n_disks; i++) {
		if (disk_chain_read(&spec->disks[i], &facts->disks[i], err) < 0)
			return error_prefix(err, "disks[%zu].path", i);
		facts->n_disks++;
	}
	return 0;
}

/* The device is opened rather than looked at: rights, a missing module and a missing device all show
 * themselves here, not in the middle of a start. */
static int gather_network(const struct spec *spec, struct facts *facts, struct error *err)
{
	struct tap_features features;
	bool taps = false;

	for (size_t i = 0; i < spec->n_nics; i++)
		taps = taps || spec->nics[i].mode != NIC_USER;
	if (!taps)
		return 0;
	if (tap_probe(&features, err) < 0)
		return -1;
	facts->tap_vnet_hdr = features.vnet_hdr;
	facts->tap_multi_queue = features.multi_queue;
	_cleanup_close_ int vhost = open("/dev/vhost-net", O_RDWR | O_CLOEXEC);
	facts->vhost_net = vhost >= 0;
	return 0;
}

/* "": the value is an address, a directory, or nothing: as it is. */
static int resolve_interface(const char *bind, int family, const char *key, char **ret, struct error *err)
{
	if (is_empty(bind) || bind[0] == '/' || text_ip_version(bind)) {
		*ret = xstrdup("");
		return 0;
	}
	return link_address(bind, family, ret, err) < 0 ? error_prefix(err, "hvparams.%s", key) : 0;
}

static int gather_addresses(const struct spec *spec, struct facts *facts, struct error *err)
{
	int version = (int)spec->hv.spice_ip_version;
	int family = version == 4 ? AF_INET : version == 6 ? AF_INET6 : 0;

	if (resolve_interface(spec->hv.vnc_bind_address, 0, "vnc_bind_address", &facts->vnc_address, err) < 0)
		return -1;
	return resolve_interface(spec->hv.spice_bind, family, "spice_bind", &facts->spice_address, err);
}

static int gather_identity(const struct spec *spec, struct facts *facts, struct error *err)
{
	facts->as_root = geteuid() == 0;
	facts->uid = geteuid();
	facts->gid = getegid();
	/* Only for who gives up the caller's groups: where /etc/group has no such group, the name services behind it
	 * (NSS) are as much work as a third of a start. */
	facts->kvm_gid = streq(spec->hv.security_model, "none") ? (gid_t)-1 : group_find("kvm");
	if (!streq(spec->hv.security_model, "user"))
		return 0;
	if (user_find(spec->hv.security_domain, &facts->uid, &facts->gid, err) < 0)
		return error_prefix(err, "hvparams.security_domain");
	return 0;
}

/* What is not wanted is not tried: making a virtual machine, even an empty one, takes a moment. */
static void gather_kvm(const struct spec *spec, struct facts *facts)
{
	if (streq(spec->hv.kvm_flag, "disabled"))
		facts->kvm_why = xstrdup("kvm_flag is \"disabled\"");
	else
		facts->kvm = kvm_usable(&facts->kvm_why);
}

static void gather_firmware(const struct spec *spec, struct facts *facts)
{
	if (streq(spec->hv.firmware, "uefi")) {
		firmware_find(&facts->firmware_code, &facts->firmware_vars);
		return;
	}
	facts->firmware_code = xstrdup("");
	facts->firmware_vars = xstrdup("");
}

int facts_gather(const struct spec *spec, struct facts *ret, struct error *err)
{
	_cleanup_(facts_free) struct facts facts = { 0 };

	gather_kvm(spec, &facts);
	gather_firmware(spec, &facts);
	if (gather_disks(spec, &facts, err) < 0 || gather_network(spec, &facts, err) < 0 ||
	    gather_addresses(spec, &facts, err) < 0 || gather_identity(spec, &facts, err) < 0)
		return -1;
	*ret = facts;
	facts = (struct facts){ 0 };
	return 0;
}
