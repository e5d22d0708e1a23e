/* The module's way to the kernel: a socket of rtnetlink, and what a refusal says. */
#include "host/link_module_netlink.h"

#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/time.h>

/* rtnetlink answers within the call but for other holders of its one lock: a bound, so that a sick kernel
 * is an error and no hang. */
#define ANSWER_SECONDS 10

void netlink_put_socket(struct nl_sock **p)
{
	nl_socket_free(*p);
}

void netlink_put_msg(struct nl_msg **p)
{
	nlmsg_free(*p);
}

void netlink_words(struct link_failure *failure, const char *text)
{
	snprintf(failure->text, sizeof(failure->text), "%s", text);
}

/* The kernel's refusal as it came: its errno, and the sentence of the extended acknowledgement when there is one. */
static int on_refusal(struct sockaddr_nl *from, struct nlmsgerr *refusal, void *arg)
{
	struct link_failure *failure = arg;
	struct nlmsghdr *header = (struct nlmsghdr *)((char *)refusal - NLMSG_HDRLEN);
	struct nlattr *attributes[NLMSGERR_ATTR_MAX + 1];

	(void)from;
	failure->errnum = -refusal->error;
	if (!(header->nlmsg_flags & NLM_F_ACK_TLVS))
		return NL_STOP;
	size_t skip = sizeof(*refusal);
	if (!(header->nlmsg_flags & NLM_F_CAPPED) && refusal->msg.nlmsg_len >= NLMSG_HDRLEN)
		skip += refusal->msg.nlmsg_len - NLMSG_HDRLEN;
	int length = (int)header->nlmsg_len - NLMSG_HDRLEN - (int)NLMSG_ALIGN(skip);
	struct nlattr *first = (struct nlattr *)((char *)refusal + NLMSG_ALIGN(skip));
	if (length > 0 && nla_parse(attributes, NLMSGERR_ATTR_MAX, first, length, NULL) == 0 &&
	    attributes[NLMSGERR_ATTR_MSG])
		nla_strlcpy(failure->text, attributes[NLMSGERR_ATTR_MSG], sizeof(failure->text));
	return NL_STOP;
}

/* What a libnl call came to. Its own codes say less than the kernel's errno, which on_refusal has kept;
 * without one it is libnl's own failure. */
int netlink_result(int code, struct link_failure *failure)
{
	if (code >= 0)
		return 0;
	if (failure->errnum == 0) {
		failure->errnum = code == -NLE_NODEV || code == -NLE_OBJ_NOTFOUND ? ENODEV : EIO;
		netlink_words(failure, nl_geterror(code));
	}
	return -1;
}

struct nl_sock *netlink_connect(struct link_failure *failure)
{
	struct nl_sock *socket = nl_socket_alloc();
	struct timeval bound = { .tv_sec = ANSWER_SECONDS };
	int on = 1;

	*failure = (struct link_failure){ 0 };
	if (!socket) {
		failure->errnum = ENOMEM;
		return NULL;
	}
	struct nl_cb *callbacks = nl_socket_get_cb(socket);
	nl_cb_err(callbacks, NL_CB_CUSTOM, on_refusal, failure);
	nl_cb_put(callbacks);
	if (netlink_result(nl_connect(socket, NETLINK_ROUTE), failure) < 0) {
		nl_socket_free(socket);
		return NULL;
	}
	setsockopt(nl_socket_get_fd(socket), SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof(on));
	setsockopt(nl_socket_get_fd(socket), SOL_SOCKET, SO_RCVTIMEO, &bound, sizeof(bound));
	return socket;
}
