/* The limits of a NIC on its TAP: which of the kernel's ways is taken for what the guest sends, what of it has to be on record, and
 * setting them. */
#ifndef KVMCTL_OPS_ACT_BANDWIDTH_H
#define KVMCTL_OPS_ACT_BANDWIDTH_H

#include "base/json.h"
#include "host/bandwidth.h"
#include "vm/spec.h"

/* Who limits what the guest sends. Open vSwitch takes policers away that it has not made: nftables there. A kernel that cannot be
 * asked is taken for one without policers: the record that this needs does no harm. */
enum bandwidth_limiter act_bandwidth_limiter(const struct nic *nic);
/* Appended to the resources before it is made, when the limiter leaves more than goes with the TAP. Once only. */
void act_bandwidth_record(const struct nic *nic, const char *tap, enum bandwidth_limiter limiter,
			  struct json *resources);
bool act_bandwidth_is_recorded(const struct json *resources, const char *tap);
/* Both directions as the NIC has them, or none. ERROR_HOST. */
int act_bandwidth_set(const struct nic *nic, const char *tap, enum bandwidth_limiter limiter, struct error *err);

/* "1000,2000,500", as the command line has it; NULL without a limit. Owned by the caller. */
char *act_bandwidth_text(const struct bandwidth_rate *rate);

#endif
