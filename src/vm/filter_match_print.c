/* Matches in nft's language. */
#include "vm/filter_match.h"

#include <arpa/inet.h>
#include <inttypes.h>

#include "base/text.h"

static enum match_format format_of(const struct match *match)
{
	/* Bits that nft has no word for are numbers to it. */
	if (match->field[0] == '@')
		return match->row->format == MATCH_NUMBER ? MATCH_NUMBER : MATCH_HEX;
	if (starts_with(match->field, "ip6 ") && match->row->format == MATCH_IPV4)
		return MATCH_IPV6;
	return match->row->format;
}

/* Two bytes at least, up to sixteen. */
static void print_hex(FILE *out, const uint8_t value[16])
{
	int i = 0;

	while (i < 14 && value[i] == 0)
		i++;
	for (fputs("0x", out); i < 16; i++)
		fprintf(out, "%02x", value[i]);
}

static void print_number(FILE *out, enum match_format format, const uint8_t value[16])
{
	char text[INET6_ADDRSTRLEN];
	uint64_t number = 0;

	for (int i = 8; i < 16; i++)
		number = number << 8 | value[i];
	switch (format) {
	case MATCH_NUMBER:
	case MATCH_PORT:
		fprintf(out, "%" PRIu64, number);
		break;
	case MATCH_HEX:
		print_hex(out, value);
		break;
	case MATCH_MAC:
		fprintf(out, "%02x:%02x:%02x:%02x:%02x:%02x", value[10], value[11], value[12], value[13], value[14],
			value[15]);
		break;
	case MATCH_IPV4:
		fputs(inet_ntop(AF_INET, value + 12, text, sizeof(text)), out);
		break;
	case MATCH_IPV6:
		fputs(inet_ntop(AF_INET6, value, text, sizeof(text)), out);
		break;
	}
}

static void print_range(FILE *out, enum match_format format, const struct match_value *value)
{
	int bits = format == MATCH_IPV4 ? 32 : format == MATCH_IPV6 ? 128 : 0;

	print_number(out, format, value->low);
	if (memcmp(value->low, value->high, sizeof(value->low)) == 0)
		return;
	if (bits > 0 && value->prefix >= 0) {
		fprintf(out, "/%d", value->prefix);
		return;
	}
	fputc('-', out);
	print_number(out, format, value->high);
}

/* "a != 1 b != 2" of fields that stand together in a packet is read by libnftables (1.0.6) as "not (a == 1 and b == 2)": it compares both
 * at once. With a mask, be it of ones, it leaves them apart. */
static bool needs_mask(const struct match *match, const struct match_value *value)
{
	return match->negated && !value->masked && memcmp(value->low, value->high, sizeof(value->low)) == 0 &&
	       match->row->bits % 8 == 0 && !starts_with(match->field, "meta ");
}

void match_print(FILE *out, const struct match *match, const struct match_value *value)
{
	enum match_format format = format_of(match);
	bool address = format == MATCH_IPV4 || format == MATCH_IPV6;
	bool some_bits = match->row->role == MATCH_MASK && match->second && (value->masked || !address) &&
			 memcmp(value->low, value->high, sizeof(value->low)) != 0;

	if (some_bits || value->masked || needs_mask(match, value)) {
		uint8_t mask[16];

		if (needs_mask(match, value))
			match_ones(match, mask);
		else
			memcpy(mask, value->mask, sizeof(mask));
		fprintf(out, "%s & ", match->field);
		print_number(out, format, mask);
		fputs(match->negated ? " != " : " == ", out);
		print_number(out, format, value->low);
	} else {
		fprintf(out, "%s %s", match->field, match->negated ? "!= " : "");
		print_range(out, format, value);
	}
	fputc(' ', out);
}

void match_print_elements(FILE *out, const struct match *match, const struct match_value *values, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			fputs(", ", out);
		print_range(out, format_of(match), &values[i]);
	}
}

const char *match_set_type(const struct match *match)
{
	switch (format_of(match)) {
	case MATCH_PORT:
		return "inet_service";
	case MATCH_MAC:
		return "ether_addr";
	case MATCH_IPV4:
		return "ipv4_addr";
	case MATCH_IPV6:
		return "ipv6_addr";
	case MATCH_NUMBER:
	case MATCH_HEX:
		return NULL;
	}
	return NULL;
}
