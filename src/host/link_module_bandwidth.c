/* Traffic control of a link: HTB above what is sent into it, a policer below what comes out. libnl knows no policers and only 32 bits
 * of rate: the messages are put together here. */
#include "host/link_module_netlink.h"

#include <errno.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <string.h>

/* Handles of our own (0x6b76 is "kv"): what somebody else has put there is told from ours. */
#define ROOT TC_H_MAKE(0x6b760000U, 0)
#define CLASS TC_H_MAKE(0x6b760000U, 1)
#define LEAF TC_H_MAKE(0x6b770000U, 0)
#define INGRESS TC_H_MAKE(TC_H_INGRESS, 0)
/* The first filter of the first table: so a later one takes its place. */
#define FILTER 0x80000800U
#define QUANTUM 60000 /* one class shares with nobody; the kernel complains of its own guess */
#define CELL_LOG 10   /* of a table of rates that kernels since 3.8 ask for and do not read */

static struct nl_msg *message(int type, int flags, int index, uint32_t parent, uint32_t handle, const char *kind)
{
	struct tcmsg about = {
		.tcm_family = AF_UNSPEC, .tcm_ifindex = index, .tcm_parent = parent, .tcm_handle = handle
	};
	struct nl_msg *msg = nlmsg_alloc_simple(type, flags);

	if (type == RTM_NEWTFILTER)
		about.tcm_info = TC_H_MAKE(1U << 16, htons(ETH_P_ALL));
	if (msg && (nlmsg_append(msg, &about, sizeof(about), NLMSG_ALIGNTO) < 0 ||
		    (kind && nla_put_string(msg, TCA_KIND, kind) < 0))) {
		nlmsg_free(msg);
		return NULL;
	}
	return msg;
}

static int ask(struct nl_sock *socket, struct nl_msg *msg, struct link_failure *failure)
{
	int code = nl_send_auto(socket, msg);

	return netlink_result(code < 0 ? code : nl_wait_for_ack(socket), failure);
}

/* What of ours is on the link. */
struct present {
	int index;
	bool root, leaf, ingress;
};

static int on_qdisc(struct nl_msg *msg, void *arg)
{
	const struct tcmsg *about = nlmsg_data(nlmsg_hdr(msg));
	struct present *present = arg;

	if (about->tcm_ifindex == present->index) {
		present->root |= about->tcm_handle == ROOT;
		present->leaf |= about->tcm_handle == LEAF;
		present->ingress |= about->tcm_parent == TC_H_INGRESS;
	}
	return NL_OK;
}

static int look(int index, struct present *ret, struct link_failure *failure)
{
	cleanup(netlink_put_socket) struct nl_sock *socket = netlink_connect(failure);
	struct tcmsg about = { .tcm_family = AF_UNSPEC, .tcm_ifindex = index };

	if (!socket)
		return -1;
	*ret = (struct present){ .index = index };
	nl_socket_modify_cb(socket, NL_CB_VALID, NL_CB_CUSTOM, on_qdisc, ret);
	int code = nl_send_simple(socket, RTM_GETQDISC, NLM_F_DUMP, &about, sizeof(about));
	return netlink_result(code < 0 ? code : nl_recvmsgs_default(socket), failure);
}

static int put_qdisc(struct nl_sock *socket, int index, uint32_t parent, uint32_t handle, const char *kind,
		     struct link_failure *failure)
{
	cleanup(netlink_put_msg) struct nl_msg *msg =
		message(RTM_NEWQDISC, NLM_F_CREATE | NLM_F_REPLACE, index, parent, handle, kind);
	const struct tc_htb_glob htb = { .version = TC_HTB_PROTOVER, .rate2quantum = 10, .defcls = TC_H_MIN(CLASS) };

	if (!msg)
		return netlink_result(-NLE_NOMEM, failure);
	if (handle == ROOT) {
		struct nlattr *options = nla_nest_start(msg, TCA_OPTIONS);

		nla_put(msg, TCA_HTB_INIT, sizeof(htb), &htb);
		nla_nest_end(msg, options);
	}
	return ask(socket, msg, failure);
}

static int remove_qdisc(struct nl_sock *socket, int index, uint32_t parent, struct link_failure *failure)
{
	cleanup(netlink_put_msg) struct nl_msg *msg = message(RTM_DELQDISC, 0, index, parent, 0, NULL);

	return msg ? ask(socket, msg, failure) : netlink_result(-NLE_NOMEM, failure);
}

/* A queue that keeps flows apart and itself short, as good a one as this kernel has; the plain one is there by itself. */
static int put_leaf(struct nl_sock *socket, int index, struct link_failure *failure)
{
	static const char *const kinds[] = { "fq_codel", "sfq" };

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		*failure = (struct link_failure){ 0 };
		if (put_qdisc(socket, index, CLASS, LEAF, kinds[i], failure) == 0)
			return 0;
		if (failure->errnum != ENOENT)
			return -1;
	}
	*failure = (struct link_failure){ 0 };
	return 0;
}

/* The 32 bits of it; where they do not suffice, an attribute has all 64. */
static struct tc_ratespec ratespec(uint64_t rate)
{
	return (struct tc_ratespec){
		.rate = rate > UINT32_MAX ? UINT32_MAX : (uint32_t)rate,
		.linklayer = TC_LINKLAYER_ETHERNET,
		.cell_log = CELL_LOG,
	};
}

static void put_rate64(struct nl_msg *msg, int attribute, uint64_t rate)
{
	if (rate > UINT32_MAX)
		nla_put_u64(msg, attribute, rate);
}

/* One message: a class that is there goes on with the new numbers. */
static int put_class(struct nl_sock *socket, int index, const struct link_shape *shape, struct link_failure *failure)
{
	cleanup(netlink_put_msg) struct nl_msg *msg =
		message(RTM_NEWTCLASS, NLM_F_CREATE | NLM_F_REPLACE, index, ROOT, CLASS, "htb");
	const struct tc_htb_opt htb = {
		.rate = ratespec(shape->rate),
		.ceil = ratespec(shape->peak),
		.buffer = shape->burst,
		.cbuffer = shape->peak_burst,
		.quantum = QUANTUM,
	};

	if (!msg)
		return netlink_result(-NLE_NOMEM, failure);
	struct nlattr *options = nla_nest_start(msg, TCA_OPTIONS);
	nla_put(msg, TCA_HTB_PARMS, sizeof(htb), &htb);
	put_rate64(msg, TCA_HTB_RATE64, shape->rate);
	put_rate64(msg, TCA_HTB_CEIL64, shape->peak);
	nla_nest_end(msg, options);
	return ask(socket, msg, failure);
}

int link_shape(int index, const struct link_shape *shape, struct link_failure *failure)
{
	cleanup(netlink_put_socket) struct nl_sock *socket = netlink_connect(failure);
	struct present present;

	if (!socket || look(index, &present, failure) < 0)
		return -1;
	if (shape->rate == 0)
		return present.root ? remove_qdisc(socket, index, TC_H_ROOT, failure) : 0;
	if (!present.root && put_qdisc(socket, index, TC_H_ROOT, ROOT, "htb", failure) < 0)
		return -1;
	if (put_class(socket, index, shape, failure) < 0)
		return -1;
	return present.leaf ? 0 : put_leaf(socket, index, failure);
}

static void put_policer(struct nl_msg *msg, const struct link_shape *shape)
{
	static const uint8_t table[1024];
	const struct tc_police police = {
		.action = TC_POLICE_SHOT,
		.burst = shape->burst,
		.mtu = shape->largest,
		.rate = ratespec(shape->rate),
		.peakrate = shape->peak ? ratespec(shape->peak) : (struct tc_ratespec){ 0 },
	};

	nla_put(msg, TCA_POLICE_TBF, sizeof(police), &police);
	nla_put(msg, TCA_POLICE_RATE, sizeof(table), table);
	put_rate64(msg, TCA_POLICE_RATE64, shape->rate);
	if (shape->peak) {
		nla_put(msg, TCA_POLICE_PEAKRATE, sizeof(table), table);
		put_rate64(msg, TCA_POLICE_PEAKRATE64, shape->peak);
	}
}

/* A nest of one action, at the place `attribute`. */
static void put_action(struct nl_msg *msg, int attribute, const struct link_shape *shape)
{
	struct nlattr *actions = nla_nest_start(msg, attribute), *first = nla_nest_start(msg, 1);

	nla_put_string(msg, TCA_ACT_KIND, "police");
	struct nlattr *options = nla_nest_start(msg, TCA_ACT_OPTIONS);
	if (shape)
		put_policer(msg, shape);
	nla_nest_end(msg, options);
	nla_nest_end(msg, first);
	nla_nest_end(msg, actions);
}

/* Every packet matches four bytes of which none is looked at. */
static int put_filter(struct nl_sock *socket, int index, const struct link_shape *shape, struct link_failure *failure)
{
	cleanup(netlink_put_msg) struct nl_msg *msg =
		message(RTM_NEWTFILTER, NLM_F_CREATE | NLM_F_REPLACE, index, INGRESS, FILTER, "u32");
	struct {
		struct tc_u32_sel selector;
		struct tc_u32_key key;
	} every = { .selector = { .flags = TC_U32_TERMINAL, .nkeys = 1 } };

	if (!msg)
		return netlink_result(-NLE_NOMEM, failure);
	struct nlattr *options = nla_nest_start(msg, TCA_OPTIONS);
	nla_put_u32(msg, TCA_U32_CLASSID, TC_H_MAKE(0, 1));
	nla_put(msg, TCA_U32_SEL, sizeof(every), &every);
	put_action(msg, TCA_U32_ACT, shape);
	nla_nest_end(msg, options);
	return ask(socket, msg, failure);
}

int link_police(int index, const struct link_shape *shape, struct link_failure *failure)
{
	cleanup(netlink_put_socket) struct nl_sock *socket = netlink_connect(failure);
	struct present present;

	if (!socket || look(index, &present, failure) < 0)
		return -1;
	if (shape->rate == 0)
		return present.ingress ? remove_qdisc(socket, index, TC_H_INGRESS, failure) : 0;
	if (!present.ingress && put_qdisc(socket, index, TC_H_INGRESS, INGRESS, "ingress", failure) < 0)
		return -1;
	return put_filter(socket, index, shape, failure);
}

/* An action without its parameters is never made: a kernel that has policers says what it lacks, another one that it has none. */
int link_has_policer(bool *ret, struct link_failure *failure)
{
	cleanup(netlink_put_socket) struct nl_sock *socket = netlink_connect(failure);
	cleanup(netlink_put_msg) struct nl_msg *msg = nlmsg_alloc_simple(RTM_NEWACTION, NLM_F_CREATE | NLM_F_EXCL);
	struct tcamsg about = { .tca_family = AF_UNSPEC };

	if (!socket)
		return -1;
	if (!msg || nlmsg_append(msg, &about, sizeof(about), NLMSG_ALIGNTO) < 0)
		return netlink_result(-NLE_NOMEM, failure);
	put_action(msg, TCA_ACT_TAB, NULL);
	if (ask(socket, msg, failure) < 0 && failure->errnum != EINVAL && failure->errnum != ENOENT)
		return -1;
	*ret = failure->errnum == EINVAL;
	*failure = (struct link_failure){ 0 };
	return 0;
}
