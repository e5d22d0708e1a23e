/* A security group: what may reach those who have it, as rules by protocol, ports or ICMP types, and where it comes from: addresses,
 * or the members of a group.
 *
 *   {"name": "web", "description": "web servers", "rules": [
 *     {"protocol": "tcp", "ports": "80-443", "cidr": "0.0.0.0/0"},
 *     {"protocol": "icmp", "type": 8, "cidr": "10.0.0.0/8"},
 *     {"direction": "in", "protocol": "tcp", "ports": 5432, "group": "app"}]}
 *
 * The keys are rows (src/vm/secgroup_keys.def, secgroup_rule_keys.def). A rule without cidr and group is refused: nova's nwfilter driver
 * makes "accept everything" of it, its iptables driver nothing at all (NOV-46). Rules of direction "out" are kvmctl's own: as long as
 * no group of a NIC has one, what the guest sends is not held back. */
#ifndef KVMCTL_VM_SECGROUP_H
#define KVMCTL_VM_SECGROUP_H

#include "base/json.h"
#include "vm/filter_model.h"

#define SECGROUP_NAME_MAX 64
#define SECGROUP_RULES_MAX 4096
#define SECGROUP_MAX_BYTES (4 * 1024 * 1024) /* of a definition */
#define SECGROUP_ANY (-1)                    /* of ports, types, codes */

/* In the order of the words in secgroup_rule_keys.def. */
enum secgroup_protocol {
	SECGROUP_ALL,
	SECGROUP_TCP,
	SECGROUP_UDP,
	SECGROUP_SCTP,
	SECGROUP_UDPLITE,
	SECGROUP_ICMP,
	SECGROUP_ICMPV6,
	SECGROUP_IGMP,
	SECGROUP_ESP,
	SECGROUP_AH,
	SECGROUP_PROTOCOL_MAX
};
const char *secgroup_protocol_to_string(enum secgroup_protocol protocol);

struct secgroup_rule {
	bool outgoing;
	int protocol;               /* enum secgroup_protocol */
	int64_t from_port, to_port; /* SECGROUP_ANY both: every one */
	int64_t type, code;         /* of ICMP; SECGROUP_ANY */
	char *cidr;                 /* "" when group is given; without bits behind the prefix */
	enum filter_family family;  /* of cidr; NONE: of both (group) */
	char *group;                /* "" when cidr is given */
	char *description;
};

struct secgroup {
	char *name, *description;
	struct secgroup_rule *rules;
	size_t n_rules;
};

#define _cleanup_secgroup_ _cleanup_(secgroup_free_ptr)
void secgroup_free(struct secgroup *group);
void secgroup_free_ptr(struct secgroup **group);

/* [A-Za-z0-9][A-Za-z0-9._-]{0,63}: it is a file's name too. ERROR_SPEC. */
bool secgroup_name_is_valid(const char *name, struct error *err);

/* All problems at once, with their paths ("rules[2].ports"). ERROR_SPEC. */
int secgroup_parse(const char *text, size_t length, const char *what, struct secgroup **ret, struct error *err);
/* What secgroup_parse reads, in its shortest form. */
struct json *secgroup_to_json(const struct secgroup *group);
bool secgroup_has_outgoing(const struct secgroup *group);
/* Names of the groups that its rules name, each once (strv). */
char **secgroup_references(const struct secgroup *group);

#endif
