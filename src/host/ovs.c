/* Open vSwitch ports. The switch has no kernel interface that outlives its daemon: its database does, and
 * ovs-vsctl is the way to that. */
#include "host/ovs.h"

#include "base/strv.h"
#include "base/text.h"
#include "host/child.h"

#define USUAL_PLACES "/usr/bin:/usr/local/bin:/usr/sbin:/usr/local/sbin:/opt/openvswitch/bin"

int ovs_find(const char *search_path, char **ret, struct error *err)
{
	if (child_find("ovs-vsctl", search_path ? search_path : USUAL_PLACES, ret, err) == 0)
		return 0;
	return error_hint(err, "install Open vSwitch (package openvswitch-switch), or use the NIC mode \"bridged\"");
}

/* ovs-vsctl has a time-out of its own, in whole seconds: ours kills it, its own lets it say why. */
static void add_timeout(char ***argv, struct deadline deadline)
{
	int left = deadline_left(deadline);

	if (left >= 2000)
		strv_addf(argv, "--timeout=%d", left / 1000);
}

static int run(char **argv, const char *path, struct deadline deadline, const struct ovs_port *port, const char *verb,
	       struct error *err)
{
	static char *const env[] = { (char *)CHILD_PATH, (char *)"LC_ALL=C", NULL };
	struct child child = CHILD_INIT;

	child.path = path;
	child.argv = argv;
	child.env = env;
	if (child_run_ok(&child, deadline, err) == 0)
		return 0;
	return error_prefix(err, "cannot %s the port \"%s\" of the Open vSwitch bridge \"%s\"", verb, port->link,
			    port->bridge);
}

int ovs_port_add(const struct ovs_port *port, struct deadline deadline, struct error *err)
{
	_cleanup_free_ char *path = NULL;
	_cleanup_strv_ char **argv = NULL;

	if (ovs_find(port->search_path, &path, err) < 0)
		return -1;
	strv_add(&argv, "ovs-vsctl");
	add_timeout(&argv, deadline);
	/* One transaction: a port that an earlier host crash left under this name goes, ours comes. */
	char *const replace[] = { (char *)"--",         (char *)"--if-exists", (char *)"del-port",
				  (char *)port->link,   (char *)"--",          (char *)"add-port",
				  (char *)port->bridge, (char *)port->link,    NULL };
	strv_extend(&argv, replace);
	if (port->vlan > 0)
		strv_addf(&argv, "tag=%lld", (long long)port->vlan);
	if (!is_empty(port->mac) || !is_empty(port->instance)) {
		char *const set[] = { (char *)"--", (char *)"set", (char *)"Interface", (char *)port->link, NULL };
		strv_extend(&argv, set);
	}
	/* The quotes are the database's own syntax: without them the colons of a MAC address end the value. */
	if (!is_empty(port->mac))
		strv_addf(&argv, "external_ids:attached-mac=\"%s\"", port->mac);
	if (!is_empty(port->instance))
		strv_addf(&argv, "external_ids:vm-id=\"%s\"", port->instance);
	return run(argv, path, deadline, port, "add", err);
}

int ovs_port_remove(const struct ovs_port *port, struct deadline deadline, struct error *err)
{
	_cleanup_free_ char *path = NULL;
	_cleanup_strv_ char **argv = NULL;

	if (ovs_find(port->search_path, &path, err) < 0)
		return -1;
	strv_add(&argv, "ovs-vsctl");
	add_timeout(&argv, deadline);
	char *const remove[] = { (char *)"--", (char *)"--if-exists", (char *)"del-port", (char *)port->link, NULL };
	strv_extend(&argv, remove);
	return run(argv, path, deadline, port, "remove", err);
}

int ovs_attach(const char *link, const char *bridge, int64_t vlan, const char *mac, const char *instance,
	       struct deadline deadline, struct error *err)
{
	return ovs_port_add(&(struct ovs_port){ link, bridge, vlan, mac, instance, NULL }, deadline, err);
}

int ovs_detach(const char *link, const char *bridge, struct deadline deadline, struct error *err)
{
	return ovs_port_remove(&(struct ovs_port){ .link = link, .bridge = bridge }, deadline, err);
}
