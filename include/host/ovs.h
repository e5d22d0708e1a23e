/* Open vSwitch ports through ovs-vsctl, where it is installed. */
#ifndef KVMCTL_HOST_OVS_H
#define KVMCTL_HOST_OVS_H

#include <stdint.h>

#include "base/deadline.h"
#include "base/error.h"

struct ovs_port {
	const char *link, *bridge;
	int64_t vlan;               /* access VLAN; 0 = none */
	const char *mac, *instance; /* into the interface's external ids ("" or NULL: left out) */
	const char *search_path;    /* directories separated by ':'; NULL: the usual ones (never the caller's PATH) */
};

/* ovs-vsctl itself. Owned by the caller. ERROR_HOST when it is in none of the directories. */
int ovs_find(const char *search_path, char **ret, struct error *err);
/* Takes the place of a port of this name that somebody left. ERROR_HOST when ovs-vsctl is missing or
 * refuses (its words are kept); ERROR_TIMEOUT. */
int ovs_port_add(const struct ovs_port *port, struct deadline deadline, struct error *err);
/* A port that is not there is no error. */
int ovs_port_remove(const struct ovs_port *port, struct deadline deadline, struct error *err);

/* The same with the usual directories. */
int ovs_attach(const char *link, const char *bridge, int64_t vlan, const char *mac, const char *instance,
	       struct deadline deadline, struct error *err);
int ovs_detach(const char *link, const char *bridge, struct deadline deadline, struct error *err);

#endif
