/* How much may pass a network link, in either direction, as its guest sees it: *inbound* is what the host sends into a TAP, *outbound*
 * what comes out of it.
 *
 * Inbound is shaped by HTB, one class for all, with fq_codel (else sfq, else a plain queue) below it. A class with two buckets: the
 * average with the burst, and the peak. Outbound is policed: by tc's policer, or, where the kernel has none, by nftables at the link's
 * ingress. What tc does goes with the link; the table of nftables does not, on kernels since 6.16: bandwidth_forget(). */
#ifndef KVMCTL_HOST_BANDWIDTH_H
#define KVMCTL_HOST_BANDWIDTH_H

#include <stdint.h>

#include "base/error.h"

struct bandwidth_rate {
	int64_t average; /* KiB a second; 0: no limit, and the others mean nothing */
	int64_t peak;    /* KiB a second; 0: as fast as the link is */
	int64_t burst;   /* KiB; 0: see src/vm/bandwidth_rate_keys.def */
};

#define BANDWIDTH_BURST_SECONDS 200 /* of the average: what the kernel's 32 bits of time hold, rounded down */

enum bandwidth_limiter {
	BANDWIDTH_POLICER, /* tc */
	BANDWIDTH_NFT      /* a table of its own, netdev kvmctl-LINK */
};

/* Sets, changes or (average 0) takes away. A change is one step: at no time does more pass than the old or the new rate.
 * ERROR_HOST: there is no such link, or the kernel cannot, and what it lacks. */
int bandwidth_inbound(const char *link, const struct bandwidth_rate *rate, struct error *err);
int bandwidth_outbound(const char *link, const struct bandwidth_rate *rate, enum bandwidth_limiter limiter,
		       struct error *err);
/* Which of them this kernel has; that nftables can is seen when it does. ERROR_HOST: it cannot be asked. */
int bandwidth_probe(enum bandwidth_limiter *ret, struct error *err);
/* The links that have a table of nftables in this network namespace (strv). ERROR_HOST. */
int bandwidth_links(char ***ret, struct error *err);
/* Takes the table of nftables away; one that is not there is no error, nor is a link that is gone. */
int bandwidth_forget(const char *link, struct error *err);

#endif
