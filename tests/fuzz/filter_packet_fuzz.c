/* Packets in words: whatever is read does no harm; what is understood says the same when it is written and read again. */
#include <stdint.h>

#include "base/text.h"
#include "vm/filter_packet.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	_cleanup_free_ char *text = xstrndup((const char *)data, size);
	struct filter_packet_defaults defaults = { "52:54:00:00:00:01" };
	struct filter_packet packet, again;

	if (filter_packet_parse(text, &defaults, &packet, &err) < 0) {
		if (err.kind != ERROR_USAGE || !err.message)
			abort();
		return 0;
	}
	_cleanup_free_ char *words = filter_packet_text(&packet);
	if (filter_packet_parse(words, &defaults, &again, &err) < 0)
		abort();
	_cleanup_free_ char *same = filter_packet_text(&again);
	if (!streq(words, same))
		abort();
	return 0;
}
