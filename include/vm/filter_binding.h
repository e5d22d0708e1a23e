/* Which interface has which filter and which security groups, with which values: a record each in the run directory
 * (filter/INTERFACE), for the NICs of instances and for TAPs that somebody else made.
 *
 * Intent comes first: the record is there before the rules are, and goes after them. So what the kernel should have can always be made
 * again from the records, and a chain without a record is nobody's. All changes, of records and of rules, are made under one lock
 * (filter/.lock, see ops/act_filters.h): a transaction of one never meets that of another. */
#ifndef KVMCTL_VM_FILTER_BINDING_H
#define KVMCTL_VM_FILTER_BINDING_H

#include "base/json.h"
#include "vm/filter_model.h"
#include "vm/rundir.h"

/* How IP (and IPV6) are found when they are not given: the parameter CTRL_IP_LEARNING. */
enum filter_learning { FILTER_LEARNING_ANY, FILTER_LEARNING_DHCP, FILTER_LEARNING_NONE, FILTER_LEARNING_MAX };
const char *filter_learning_to_string(enum filter_learning learning);

struct filter_binding {
	char *interface;
	char *mac;                           /* lower case */
	char *bridge;                        /* the link above, "" = none */
	char *instance;                      /* "" = bound by hand: `kvmctl filter bind` */
	int64_t nic;                         /* its number in the instance */
	char *filter;                        /* "" = security groups only */
	struct filter_parameter *parameters; /* as given; without MAC */
	size_t n_parameters;
	char **groups;   /* security groups (strv) */
	uint64_t net_ns; /* as read: inode of the network namespace it was bound in; 0 unknown */
	int64_t number;  /* unlike that of any other binding, from 2 (struct filter_nic) */
	bool learns_ipv4,
		learns_ipv6; /* a learner has to look for addresses (set by act_filters_put, see vm/filter_parameters.h) */
	char **learned;      /* addresses of both families that were found (strv), oldest first */
};

#define _cleanup_filter_binding_ _cleanup_(filter_binding_free_ptr)

struct filter_binding *filter_binding_new(const char *interface, const char *mac);
struct filter_binding *filter_binding_copy(const struct filter_binding *binding);
void filter_binding_free(struct filter_binding *binding);
void filter_binding_free_ptr(struct filter_binding **binding);

/* Its own keys only; ERROR_UNKNOWN for what a newer kvmctl wrote, ERROR_SPEC for what is damaged. */
struct json *filter_binding_to_json(const struct filter_binding *binding);
int filter_binding_from_json(const struct json *document, struct filter_binding **ret, struct error *err);

/* Durable is not needed: the run directory is gone with the kernel that has the rules. ERROR_HOST. */
int filter_binding_write(struct rundir *rundir, const struct filter_binding *binding, struct error *err);
/* Bound where we are not: the kernel has its rules there. ERROR_STATE. */
int filter_binding_check_place(struct rundir *rundir, const struct filter_binding *binding, struct error *err);
/* 1 read, 0 none, -1 error. */
int filter_binding_read(struct rundir *rundir, const char *interface, struct filter_binding **ret, struct error *err);
int filter_binding_remove(struct rundir *rundir, const char *interface, struct error *err);
/* Names of the interfaces that have a record, sorted (strv); no directory: none. */
int filter_binding_list(struct rundir *rundir, char ***ret, struct error *err);

#endif
