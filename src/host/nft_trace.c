/* Reading traces from the kernel, without a library: messages of netlink with attributes, some of them nested. Nothing that comes is
 * believed to be complete. */
#include "host/nft_trace.h"

#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/text.h"

#define MESSAGE_MAX 16384
#define RECEIVE_BYTES (4 * 1024 * 1024)

/* --- attributes --- */

struct attribute {
	unsigned type;
	const uint8_t *data;
	size_t n;
};

/* Takes the next attribute off the front; false: there is no whole one. */
static bool next_attribute(const uint8_t **data, size_t *left, struct attribute *ret)
{
	struct nlattr header;

	if (*left < sizeof(header))
		return false;
	memcpy(&header, *data, sizeof(header));
	if (header.nla_len < sizeof(header) || header.nla_len > *left)
		return false;
	ret->type = header.nla_type & NLA_TYPE_MASK;
	ret->data = *data + sizeof(header);
	ret->n = header.nla_len - sizeof(header);

	size_t whole = NLA_ALIGN(header.nla_len);
	whole = whole < *left ? whole : *left;
	*data += whole;
	*left -= whole;
	return true;
}

static uint64_t number(const struct attribute *attribute)
{
	uint64_t value = 0;

	for (size_t i = 0; i < attribute->n && i < 8; i++)
		value = value << 8 | attribute->data[i];
	return value;
}

static void put_text(const struct attribute *attribute, char ret[NFT_TRACE_NAME_MAX])
{
	size_t n = strnlen((const char *)attribute->data, attribute->n);

	n = n < NFT_TRACE_NAME_MAX ? n : NFT_TRACE_NAME_MAX - 1;
	memcpy(ret, attribute->data, n);
	ret[n] = '\0';
}

static void put_bytes(const struct attribute *attribute, uint8_t ret[NFT_TRACE_BYTES_MAX], size_t *ret_n)
{
	*ret_n = attribute->n < NFT_TRACE_BYTES_MAX ? attribute->n : NFT_TRACE_BYTES_MAX;
	memcpy(ret, attribute->data, *ret_n);
}

static enum nft_trace_verdict verdict_of(uint32_t code)
{
	switch ((int32_t)code) {
	case NF_DROP:
		return NFT_TRACE_DROP;
	case NF_ACCEPT:
		return NFT_TRACE_ACCEPT;
	case NFT_CONTINUE:
	case NFT_BREAK:
		return NFT_TRACE_CONTINUE;
	case NFT_JUMP:
		return NFT_TRACE_JUMP;
	case NFT_GOTO:
		return NFT_TRACE_GOTO;
	case NFT_RETURN:
		return NFT_TRACE_BACK;
	default:
		return NFT_TRACE_OTHER;
	}
}

static void put_verdict(const struct attribute *nested, struct nft_trace_event *ret)
{
	const uint8_t *data = nested->data;
	size_t left = nested->n;
	struct attribute attribute;

	while (next_attribute(&data, &left, &attribute)) {
		if (attribute.type == NFTA_VERDICT_CODE && attribute.n == 4)
			ret->verdict = verdict_of((uint32_t)number(&attribute));
		else if (attribute.type == NFTA_VERDICT_CHAIN)
			put_text(&attribute, ret->to);
	}
}

static void put(const struct attribute *attribute, struct nft_trace_event *ret)
{
	switch (attribute->type) {
	case NFTA_TRACE_TABLE:
		put_text(attribute, ret->table);
		break;
	case NFTA_TRACE_CHAIN:
		put_text(attribute, ret->chain);
		break;
	case NFTA_TRACE_RULE_HANDLE:
		ret->handle = number(attribute);
		break;
	case NFTA_TRACE_TYPE:
		ret->type = (enum nft_trace_type)number(attribute);
		break;
	case NFTA_TRACE_VERDICT:
		put_verdict(attribute, ret);
		break;
	case NFTA_TRACE_POLICY:
		ret->verdict = verdict_of((uint32_t)number(attribute));
		break;
	case NFTA_TRACE_ID:
		ret->id = (uint32_t)number(attribute);
		break;
	case NFTA_TRACE_IIF:
		ret->iif = (unsigned)number(attribute);
		break;
	case NFTA_TRACE_OIF:
		ret->oif = (unsigned)number(attribute);
		break;
	case NFTA_TRACE_LL_HEADER:
		put_bytes(attribute, ret->link, &ret->link_n);
		break;
	case NFTA_TRACE_NETWORK_HEADER:
		put_bytes(attribute, ret->network, &ret->network_n);
		break;
	case NFTA_TRACE_TRANSPORT_HEADER:
		put_bytes(attribute, ret->transport, &ret->transport_n);
		break;
	default:
		break;
	}
}

bool nft_trace_parse(const void *message, size_t n, struct nft_trace_event *ret)
{
	const uint8_t *data = message;
	struct nlmsghdr header;
	struct nfgenmsg general;
	struct attribute attribute;
	size_t left;

	*ret = (struct nft_trace_event){ .verdict = NFT_TRACE_OTHER };
	if (n < NLMSG_HDRLEN + sizeof(general))
		return false;
	memcpy(&header, data, sizeof(header));
	if (header.nlmsg_len > n || header.nlmsg_len < NLMSG_HDRLEN + sizeof(general) ||
	    header.nlmsg_type != (NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_TRACE))
		return false;
	memcpy(&general, data + NLMSG_HDRLEN, sizeof(general));
	ret->family = general.nfgen_family;
	data += NLMSG_HDRLEN + NLMSG_ALIGN(sizeof(general));
	left = header.nlmsg_len - NLMSG_HDRLEN - NLMSG_ALIGN(sizeof(general));
	while (next_attribute(&data, &left, &attribute))
		put(&attribute, ret);
	ret->has_headers = ret->link_n > 0 || ret->network_n > 0;
	return *ret->table && *ret->chain && ret->type >= NFT_TRACE_POLICY && ret->type <= NFT_TRACE_RULE;
}

/* --- the socket --- */

int nft_trace_open(int *ret_fd, struct error *err)
{
	_cleanup_close_ int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_NETFILTER);
	struct sockaddr_nl address = { .nl_family = AF_NETLINK };
	int group = NFNLGRP_NFTRACE, bytes = RECEIVE_BYTES;

	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)) < 0)
		return error_errno(err, ERROR_HOST, errno, "the kernel's traces of frames cannot be heard");
	/* More room loses less; the kernel may give less. */
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes)) < 0)
		(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes));
	*ret_fd = take_fd(&fd);
	return 0;
}

int nft_trace_next(int fd, struct deadline deadline, struct nft_trace_event *ret, size_t *lost, struct error *err)
{
	uint8_t message[MESSAGE_MAX];

	/* A flood must not hold it past its time. */
	while (!deadline_passed(deadline)) {
		ssize_t n = recv(fd, message, sizeof(message), 0);

		if (n >= 0 && nft_trace_parse(message, (size_t)n, ret))
			return 1;
		if (n >= 0 || errno == EINTR)
			continue;
		if (errno == ENOBUFS) {
			++*lost;
			continue;
		}
		if (errno != EAGAIN)
			return error_errno(err, ERROR_HOST, errno, "the kernel's traces of frames cannot be read");

		struct pollfd poll = { .fd = fd, .events = POLLIN };
		if (deadline_poll(&poll, 1, deadline) < 0)
			return error_errno(err, ERROR_HOST, errno, "waiting for traces of frames");
	}
	return 0;
}
