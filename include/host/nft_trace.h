/* What the kernel tells of frames that are traced (`meta nftrace set 1`): each rule and chain that they meet, as it comes. */
#ifndef KVMCTL_HOST_NFT_TRACE_H
#define KVMCTL_HOST_NFT_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/deadline.h"
#include "base/error.h"

enum nft_trace_type { NFT_TRACE_POLICY = 1, NFT_TRACE_RETURN, NFT_TRACE_RULE };
enum nft_trace_verdict {
	NFT_TRACE_DROP,
	NFT_TRACE_ACCEPT,
	NFT_TRACE_CONTINUE,
	NFT_TRACE_JUMP,
	NFT_TRACE_GOTO,
	NFT_TRACE_BACK,
	NFT_TRACE_OTHER
};

#define NFT_TRACE_NAME_MAX 256
#define NFT_TRACE_BYTES_MAX 64

/* One step of a frame. Headers come with the first step of each hook only. */
struct nft_trace_event {
	uint32_t id; /* of the frame */
	int family;  /* NFPROTO_BRIDGE ... */
	char table[NFT_TRACE_NAME_MAX], chain[NFT_TRACE_NAME_MAX];
	enum nft_trace_type type;
	uint64_t handle;                /* of the rule */
	enum nft_trace_verdict verdict; /* of a policy too */
	char to[NFT_TRACE_NAME_MAX];    /* the chain of a jump or goto */
	unsigned iif, oif;              /* indexes; 0: none */
	bool has_headers;
	uint8_t link[NFT_TRACE_BYTES_MAX], network[NFT_TRACE_BYTES_MAX], transport[NFT_TRACE_BYTES_MAX];
	size_t link_n, network_n, transport_n;
};

/* A socket that hears of all traced frames of this network namespace from now on. ERROR_HOST: no right. */
int nft_trace_open(int *ret_fd, struct error *err);
/* The next step: 1; 0: the deadline is over; -1: error. What was lost for want of room is counted in *lost, once for each time. */
int nft_trace_next(int fd, struct deadline deadline, struct nft_trace_event *ret, size_t *lost, struct error *err);

/* A netlink message with such a step: for nft_trace_next and for tests. false: it is none, or damaged. */
bool nft_trace_parse(const void *message, size_t n, struct nft_trace_event *ret);

#endif
