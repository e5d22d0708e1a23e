/* Frames that a learner sees, and the rules of learning: each frame is 3 bytes (flags, milliseconds, length) and its own. Whatever comes, the
 * addresses are sane and few, one at a time is done, and nobody is woken for nothing. */
#include <string.h>

#include "base/cleanup.h"
#include "vm/learn.h"

static const uint8_t mac[6] = { 0x52, 0x54, 0, 0, 0, 1 };

static void check_frame(const struct learn_frame *frame, enum learn_kind kind)
{
	if (frame->kind != kind || frame->n > LEARN_FRAME_ADDRESSES || (kind != LEARN_NOTHING) != (frame->n > 0))
		abort();
	for (size_t i = 0; i < frame->n; i++) {
		const uint8_t *bytes = frame->list[i].address.bytes;

		if (frame->list[i].address.ipv6 ? bytes[0] == 0xff
						: bytes[0] == 0 || bytes[0] == 127 || bytes[0] >= 224)
			abort();
	}
}

static void serve(struct learn *learn, int64_t now, unsigned flags)
{
	struct learn_action action;

	if (!learn->busy && learn_next(learn, now, &action)) {
		struct learn_action second;

		if (learn_next(learn, now, &second))
			abort();
		if (flags & 4)
			learn_done(learn, !(flags & 8), now);
	} else if (learn->busy) {
		if (flags & 16)
			learn_done(learn, !(flags & 8), now);
	} else if (learn_deadline(learn) <= now) {
		abort();
	}
	if (learn->n > ELEMENTS(learn->leases))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct learn learn = { 0 };
	int64_t now = 1;

	if (size < 1)
		return 0;
	learn.any = data[0] & 1;
	learn.ipv4 = data[0] & 2;
	learn.ipv6 = data[0] & 4;
	learn.n_servers = data[0] & 8 ? 1 : 0;
	data++, size--;
	while (size >= 3) {
		unsigned flags = data[0];
		size_t length = data[2];
		struct learn_frame frame;
		uint8_t *exact;

		now += data[1] * (flags & 32 ? 1000 : 1);
		data += 3, size -= 3;
		/* DHCP does not fit into a byte. */
		if (flags & 64)
			length += 256;
		if (length > size)
			length = size;
		exact = malloc(length ? length : 1);
		memcpy(exact, data, length);
		check_frame(&frame, learn_frame_parse(exact, length, flags & 1, mac, &frame));
		free(exact);
		learn_frame(&learn, &frame, now);
		serve(&learn, now, flags);
		data += length, size -= length;
	}
	return 0;
}
