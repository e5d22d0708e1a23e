/* The limits of a NIC on its TAP. */
#include "ops/act_bandwidth.h"

#include <inttypes.h>

#include "base/log.h"
#include "base/text.h"
#include "vm/resource.h"

enum bandwidth_limiter act_bandwidth_limiter(const struct nic *nic)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	enum bandwidth_limiter limiter = BANDWIDTH_NFT;

	if (nic->mode != NIC_OPENVSWITCH && bandwidth_probe(&limiter, &err) < 0)
		log_debug("%s, ignoring", err.message);
	return limiter;
}

bool act_bandwidth_is_recorded(const struct json *resources, const char *tap)
{
	for (size_t i = 0; i < json_length(resources); i++) {
		const struct json *resource = json_at(resources, i);

		if (streq(json_get_string(resource, "kind", ""), RESOURCE_BANDWIDTH) &&
		    streq(json_get_string(resource, "link", ""), tap))
			return true;
	}
	return false;
}

void act_bandwidth_record(const struct nic *nic, const char *tap, enum bandwidth_limiter limiter,
			  struct json *resources)
{
	if (nic->bandwidth.outbound.average && limiter == BANDWIDTH_NFT && !act_bandwidth_is_recorded(resources, tap))
		json_append(resources, resource_bandwidth(tap));
}

int act_bandwidth_set(const struct nic *nic, const char *tap, enum bandwidth_limiter limiter, struct error *err)
{
	if (bandwidth_inbound(tap, &nic->bandwidth.inbound, err) < 0)
		return -1;
	return bandwidth_outbound(tap, &nic->bandwidth.outbound, limiter, err);
}

char *act_bandwidth_text(const struct bandwidth_rate *rate)
{
	_cleanup_free_ char *peak = rate->peak ? xprintf("%" PRId64, rate->peak) : xstrdup("");
	_cleanup_free_ char *burst = rate->burst ? xprintf(",%" PRId64, rate->burst) : xstrdup("");

	if (!rate->average)
		return NULL;
	return xprintf("%" PRId64 "%s%s%s", rate->average, rate->peak || rate->burst ? "," : "", peak, burst);
}
