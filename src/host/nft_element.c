/* Elements of nftables' sets by netlink: a batch is a begin, messages, an end; the kernel does all of it or nothing, and has answered
 * each message when sendmsg(2) returns. */
#include "host/nft_element.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <sys/socket.h>

#include "base/text.h"

#define TABLE "kvmctl"
/* Of one message: attributes have lengths of 16 bits. */
#define ELEMENTS_MAX 1000

struct batch {
	uint8_t *data;
	size_t size, room;
	uint32_t messages;
};

static void batch_clear(struct batch *batch)
{
	free(batch->data);
}

static void *extend(struct batch *batch, size_t n)
{
	n = NLMSG_ALIGN(n);
	if (batch->size + n > batch->room) {
		batch->room = 2 * (batch->size + n);
		batch->data = xrealloc(batch->data, batch->room, 1);
	}
	memset(batch->data + batch->size, 0, n);
	batch->size += n;
	return batch->data + batch->size - n;
}

/* Returns where it begins; its length is set by message_end(). */
static size_t message(struct batch *batch, uint16_t type, uint16_t flags, uint8_t family, uint16_t resource)
{
	size_t at = batch->size;
	struct nlmsghdr *header = extend(batch, sizeof(*header));

	*header = (struct nlmsghdr){ .nlmsg_type = type,
				     .nlmsg_flags = NLM_F_REQUEST | flags,
				     .nlmsg_seq = batch->messages++ };

	struct nfgenmsg *more = extend(batch, sizeof(*more));
	*more = (struct nfgenmsg){ .nfgen_family = family, .version = NFNETLINK_V0, .res_id = resource };
	return at;
}

static void message_end(const struct batch *batch, size_t at)
{
	((struct nlmsghdr *)(batch->data + at))->nlmsg_len = (uint32_t)(batch->size - at);
}

static size_t attribute(struct batch *batch, uint16_t type, const void *value, size_t length)
{
	size_t at = batch->size;
	struct nlattr *attribute = extend(batch, NLA_HDRLEN + length);

	attribute->nla_type = type;
	attribute->nla_len = (uint16_t)(NLA_HDRLEN + length);
	if (value)
		memcpy((uint8_t *)attribute + NLA_HDRLEN, value, length);
	return at;
}

static size_t nest(struct batch *batch, uint16_t type)
{
	return attribute(batch, type | NLA_F_NESTED, NULL, 0);
}

static void nest_end(const struct batch *batch, size_t at)
{
	((struct nlattr *)(batch->data + at))->nla_len = (uint16_t)(batch->size - at);
}

static size_t set_message(struct batch *batch, uint16_t type, const char *set, uint16_t table_key, uint16_t set_key)
{
	uint16_t flags = NLM_F_ACK | (type == NFT_MSG_NEWSETELEM ? NLM_F_CREATE : 0);
	size_t at = message(batch, NFNL_SUBSYS_NFTABLES << 8 | type, flags, NFPROTO_BRIDGE, 0);

	attribute(batch, table_key, TABLE, sizeof(TABLE));
	attribute(batch, set_key, set, strlen(set) + 1);
	return at;
}

/* Elements of one set. */
static void elements_message(struct batch *batch, const struct nft_element *elements, size_t n, bool remove)
{
	size_t at = set_message(batch, remove ? NFT_MSG_DELSETELEM : NFT_MSG_NEWSETELEM, elements->set,
				NFTA_SET_ELEM_LIST_TABLE, NFTA_SET_ELEM_LIST_SET);
	size_t list = nest(batch, NFTA_SET_ELEM_LIST_ELEMENTS);

	for (size_t i = 0; i < n; i++) {
		size_t element = nest(batch, NFTA_LIST_ELEM), key = nest(batch, NFTA_SET_ELEM_KEY);

		attribute(batch, NFTA_DATA_VALUE, elements[i].key, elements[i].length);
		nest_end(batch, key);
		nest_end(batch, element);
	}
	nest_end(batch, list);
	message_end(batch, at);
}

static void batch_begin(struct batch *batch)
{
	message_end(batch, message(batch, NFNL_MSG_BATCH_BEGIN, 0, AF_UNSPEC, htons(NFNL_SUBSYS_NFTABLES)));
}

/* Looks through what has come. The first error that is no acknowledgement, as an errno; 0: there were `expected` answers; -1: fewer. */
static int answers(int fd, uint32_t expected)
{
	uint8_t data[8192];
	uint32_t done = 0;
	ssize_t n;

	while ((n = recv(fd, data, sizeof(data), MSG_DONTWAIT)) > 0) {
		const struct nlmsghdr *header = (const struct nlmsghdr *)data;
		int left = (int)n;

		for (; NLMSG_OK(header, left); header = NLMSG_NEXT(header, left)) {
			const struct nlmsgerr *answer = NLMSG_DATA(header);

			if (header->nlmsg_type == NLMSG_ERROR && answer->error)
				return -answer->error;
			done++;
		}
	}
	return done >= expected ? 0 : -1;
}

/* 0, an errno, or -1: no answer. */
static int exchange(const struct batch *batch, uint32_t expected)
{
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	_cleanup_close_ int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);
	int room = (int)batch->size + 65536;

	if (fd < 0)
		return errno;
	if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof(room)) < 0)
		setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
	/* Answers carry only the head of the message. */
	setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &(int){ 1 }, sizeof(int));
	if (sendto(fd, batch->data, batch->size, 0, (const struct sockaddr *)&kernel, sizeof(kernel)) < 0)
		return errno;
	return answers(fd, expected);
}

static int send_batch(struct batch *batch)
{
	uint32_t expected = batch->messages - 1;

	message_end(batch, message(batch, NFNL_MSG_BATCH_END, 0, AF_UNSPEC, htons(NFNL_SUBSYS_NFTABLES)));
	return exchange(batch, expected);
}

static int refused(int status, const char *what, struct error *err)
{
	if (status < 0)
		return error_set(err, ERROR_HOST, "the kernel did not answer whether it has changed %s", what);
	return error_errno(err, ERROR_HOST, status, "the kernel did not change %s", what);
}

/* How many from here on are of the same set and kind. */
static size_t run_of(const struct nft_element *elements, size_t n)
{
	size_t i = 1;

	while (i < n && i < ELEMENTS_MAX && streq(elements[i].set, elements[0].set) &&
	       elements[i].remove == elements[0].remove)
		i++;
	return i;
}

/* Asked for, not tried: a transaction that fails keeps the kernel busy for as long as all its readers take. */
static int set_is_there(const char *set, bool *ret, struct error *err)
{
	_cleanup_(batch_clear) struct batch batch = { 0 };
	size_t at = set_message(&batch, NFT_MSG_GETSET, set, NFTA_SET_TABLE, NFTA_SET_NAME);

	message_end(&batch, at);
	((struct nlmsghdr *)batch.data)->nlmsg_flags = NLM_F_REQUEST;

	int status = exchange(&batch, 1);
	*ret = status == 0;
	return status == 0 || status == ENOENT ? 0 : refused(status, set, err);
}

int nft_change_elements(const struct nft_element *elements, size_t n, struct error *err)
{
	_cleanup_(batch_clear) struct batch batch = { 0 };
	const char *known = NULL, *what = n > 0 ? elements->set : "";
	bool there = false;

	batch_begin(&batch);
	for (size_t i = 0, count; i < n; i += count) {
		count = run_of(elements + i, n - i);
		if ((!known || !streq(known, elements[i].set)) && set_is_there(elements[i].set, &there, err) < 0)
			return -1;
		known = elements[i].set;
		if (!there)
			continue;
		/* Deleting one that is not there would fail. */
		elements_message(&batch, elements + i, count, false);
		if (elements[i].remove)
			elements_message(&batch, elements + i, count, true);
	}
	if (batch.messages <= 1)
		return 0;

	int status = send_batch(&batch);
	return status == 0 ? 0 : refused(status, what, err);
}

int nft_delete_unused_set(const char *set, bool *ret_deleted, struct error *err)
{
	_cleanup_(batch_clear) struct batch batch = { 0 };

	batch_begin(&batch);
	message_end(&batch, set_message(&batch, NFT_MSG_DELSET, set, NFTA_SET_TABLE, NFTA_SET_NAME));

	int status = send_batch(&batch);

	if (status != 0 && status != ENOENT && status != EBUSY)
		return refused(status, set, err);
	if (ret_deleted)
		*ret_deleted = status != EBUSY;
	return 0;
}
