/* Which field each attribute asks for, and its value there. */
#include "vm/filter_match.h"

#include "base/text.h"

#define ID(name) FILTER_ATTRIBUTE_##name
#define PLAIN(id, format, bits, ...)                                             \
	{                                                                        \
		ID(id), ID(NONE), MATCH_PLAIN, MATCH_##format, bits, __VA_ARGS__ \
	}
#define MASK(id, mask, format, bits, ...)                                       \
	{                                                                       \
		ID(id), ID(mask), MATCH_MASK, MATCH_##format, bits, __VA_ARGS__ \
	}
#define RANGE(id, end, format, bits, ...)                                       \
	{                                                                       \
		ID(id), ID(end), MATCH_RANGE, MATCH_##format, bits, __VA_ARGS__ \
	}

/* nft has no words for BPDUs and RARP: bits from the start of what follows the Ethernet header. A row stands where the
 * attribute means something else in IPv6 or RARP; else the first word is for all. */
static const struct match_row rows[] = {
	MASK(SRCMACADDR, SRCMACMASK, MAC, 48, "ether saddr"),
	MASK(DSTMACADDR, DSTMACMASK, MAC, 48, "ether daddr"),
	PLAIN(PROTOCOLID, HEX, 16, "ether type"),
	PLAIN(VLANID, NUMBER, 12, "vlan id"),
	PLAIN(ENCAP_PROTOCOL, HEX, 16, "vlan type"),

	PLAIN(STP_TYPE, NUMBER, 8, "@nh,48,8"),
	PLAIN(STP_FLAGS, NUMBER, 8, "@nh,56,8"),
	RANGE(ROOT_PRIORITY, ROOT_PRIORITY_HI, NUMBER, 16, "@nh,64,16"),
	MASK(ROOT_ADDRESS, ROOT_ADDRESS_MASK, HEX, 48, "@nh,80,48"),
	RANGE(ROOT_COST, ROOT_COST_HI, NUMBER, 32, "@nh,128,32"),
	RANGE(SENDER_PRIORITY, SENDER_PRIORITY_HI, NUMBER, 16, "@nh,160,16"),
	MASK(SENDER_ADDRESS, SENDER_ADDRESS_MASK, HEX, 48, "@nh,176,48"),
	RANGE(PORT, PORT_HI, NUMBER, 16, "@nh,224,16"),
	RANGE(AGE, AGE_HI, NUMBER, 16, "@nh,240,16"),
	RANGE(MAX_AGE, MAX_AGE_HI, NUMBER, 16, "@nh,256,16"),
	RANGE(HELLO_TIME, HELLO_TIME_HI, NUMBER, 16, "@nh,272,16"),
	RANGE(FORWARD_DELAY, FORWARD_DELAY_HI, NUMBER, 16, "@nh,288,16"),

	PLAIN(HWTYPE, NUMBER, 16, "arp htype", NULL, "@nh,0,16"),
	PLAIN(PROTOCOLTYPE, HEX, 16, "arp ptype", NULL, "@nh,16,16"),
	PLAIN(OPCODE, NUMBER, 16, "arp operation", NULL, "@nh,48,16"),
	PLAIN(ARPSRCMACADDR, MAC, 48, "arp saddr ether", NULL, "@nh,64,48"),
	PLAIN(ARPDSTMACADDR, MAC, 48, "arp daddr ether", NULL, "@nh,144,48"),
	MASK(ARPSRCIPADDR, ARPSRCIPMASK, IPV4, 32, "arp saddr ip", NULL, "@nh,112,32"),
	MASK(ARPDSTIPADDR, ARPDSTIPMASK, IPV4, 32, "arp daddr ip", NULL, "@nh,192,32"),

	MASK(SRCIPADDR, SRCIPMASK, IPV4, 32, "ip saddr", "ip6 saddr"),
	MASK(DSTIPADDR, DSTIPMASK, IPV4, 32, "ip daddr", "ip6 daddr"),
	RANGE(SRCIPFROM, SRCIPTO, IPV4, 32, "ip saddr", "ip6 saddr"),
	RANGE(DSTIPFROM, DSTIPTO, IPV4, 32, "ip daddr", "ip6 daddr"),
	PLAIN(IP_PROTOCOL, NUMBER, 8, "ip protocol"),
	PLAIN(IPV6_PROTOCOL, NUMBER, 8, "meta l4proto"),
	RANGE(SRCPORTSTART, SRCPORTEND, PORT, 16, "th sport"),
	RANGE(DSTPORTSTART, DSTPORTEND, PORT, 16, "th dport"),
	PLAIN(DSCP, NUMBER, 6, "ip dscp", "ip6 dscp"),
	RANGE(TYPE, TYPEEND, NUMBER, 8, "icmp type", "icmpv6 type"),
	RANGE(CODE, CODEEND, NUMBER, 8, "icmp code", "icmpv6 code"),
	MASK(NDTARGETADDR, NDTARGETMASK, HEX, 128, "@th,64,128"),
};

enum filter_attribute_id match_effective(const struct filter_attribute_row *row, bool mirrored)
{
	return mirrored && row->mirror != FILTER_ATTRIBUTE_NONE ? row->mirror : row->id;
}

static const struct filter_operand *operand_of(const struct filter_tree_node *node, enum filter_attribute_id id,
					       bool mirrored)
{
	for (size_t i = 0; i < node->n; i++)
		if (match_effective(node->operands[i].row, mirrored) == id)
			return &node->operands[i];
	return NULL;
}

bool match_of(const struct filter_tree_node *node, const struct filter_operand *operand, bool mirrored,
	      struct match *ret)
{
	enum filter_attribute_id id = match_effective(operand->row, mirrored);

	for (size_t i = 0; i < ELEMENTS(rows); i++) {
		const struct match_row *row = &rows[i];

		if (row->first != id)
			continue;
		*ret = (struct match){ .row = row, .first = operand, .field = row->ipv4, .negated = node->negated };
		if (row->second != FILTER_ATTRIBUTE_NONE)
			ret->second = operand_of(node, row->second, mirrored);
		if (node->protocol->family == FILTER_FAMILY_IPV6 && row->ipv6)
			ret->field = row->ipv6;
		if (node->protocol->id == FILTER_PROTOCOL_RARP && row->rarp)
			ret->field = row->rarp;
		return true;
	}
	return false;
}

/* --- values --- */

static int field_bits(const struct match *match)
{
	return starts_with(match->field, "ip6 ") && match->row->bits == 32 ? 128 : match->row->bits;
}

void match_ones(const struct match *match, uint8_t ret[16])
{
	memset(ret, 0, 16);
	for (int i = 0; i < field_bits(match); i++)
		ret[15 - i / 8] |= (uint8_t)(1 << i % 8);
}

void match_number(const struct filter_value *value, enum filter_kind kind, int bits, uint8_t ret[16])
{
	bool mac = kind == FILTER_KIND_MAC || kind == FILTER_KIND_MAC_MASK;
	size_t size = mac ? 6 : (size_t)bits / 8;

	memset(ret, 0, 16);
	if (kind == FILTER_KIND_NUMBER || kind == FILTER_KIND_BOOLEAN || kind == FILTER_KIND_TCP_FLAGS) {
		for (int i = 0; i < 8; i++)
			ret[15 - i] = (uint8_t)(value->number >> (8 * i));
		return;
	}
	memcpy(ret + 16 - size, value->bytes, size);
}

static void number_bytes(const struct match *match, const struct filter_value *value, enum filter_kind kind,
			 uint8_t ret[16])
{
	match_number(value, kind, field_bits(match), ret);
}

static const struct filter_value *value_at(const struct filter_operand *operand, const size_t *positions)
{
	return &operand->values[operand->group == FILTER_NO_GROUP ? 0 : positions[operand->group]];
}

static void apply_mask(const struct match *match, const struct filter_value *value, struct match_value *ret)
{
	uint8_t field[16];

	number_bytes(match, value, match->second->row->kind, ret->mask);
	match_ones(match, field);
	for (size_t i = 0; i < 16; i++) {
		ret->low[i] &= ret->mask[i];
		ret->high[i] = ret->low[i] | (field[i] & (uint8_t)~ret->mask[i]);
	}
	ret->prefix = value->prefix;
	ret->masked = value->prefix < 0;
}

bool match_value(const struct match *match, const size_t *positions, const char *place, struct match_value *ret,
		 struct problems *problems)
{
	const struct filter_value *first = value_at(match->first, positions);

	*ret = (struct match_value){ .prefix = -1 };
	number_bytes(match, first, match->first->row->kind, ret->low);
	memcpy(ret->high, ret->low, sizeof(ret->high));
	if (!match->second)
		return true;

	const struct filter_value *second = value_at(match->second, positions);
	if (match->row->role == MATCH_MASK) {
		apply_mask(match, second, ret);
		return true;
	}
	number_bytes(match, second, match->second->row->kind, ret->high);
	if (memcmp(ret->low, ret->high, sizeof(ret->low)) <= 0)
		return true;
	problems_add(problems, place, "the range %s=\"%s\" to %s=\"%s\" ends before it begins", match->first->row->name,
		     first->text, match->second->row->name, second->text);
	return false;
}

/* --- ranges --- */

static int compare_values(const void *a, const void *b)
{
	const struct match_value *x = a, *y = b;
	int order = memcmp(x->low, y->low, sizeof(x->low));

	return order ? order : memcmp(x->high, y->high, sizeof(x->high));
}

/* Whether b begins at the latest right behind a. */
static bool touches(const struct match_value *a, const struct match_value *b)
{
	uint8_t next[16];
	int i = 15;

	memcpy(next, a->high, sizeof(next));
	while (i >= 0 && ++next[i] == 0)
		i--;
	return i < 0 || memcmp(b->low, next, sizeof(next)) <= 0;
}

static bool same(const struct match_value *a, const struct match_value *b)
{
	return compare_values(a, b) == 0;
}

size_t match_merge(struct match_value *values, size_t n)
{
	size_t kept = 0;
	bool ranges = false;

	if (n == 0)
		return 0;
	for (size_t i = 0; i < n; i++)
		ranges |= memcmp(values[i].low, values[i].high, sizeof(values[i].low)) != 0;
	qsort(values, n, sizeof(*values), compare_values);
	for (size_t i = 1; i < n; i++) {
		struct match_value *last = &values[kept];

		/* Values alone stay so: sets without ranges are quicker. */
		if (ranges ? !touches(last, &values[i]) : !same(last, &values[i])) {
			values[++kept] = values[i];
			continue;
		}
		last->prefix = -1;
		if (memcmp(values[i].high, last->high, sizeof(last->high)) > 0)
			memcpy(last->high, values[i].high, sizeof(last->high));
	}
	return kept + 1;
}

bool match_is_everything(const struct match *match, const struct match_value *values, size_t n)
{
	uint8_t most[16], least[16] = { 0 };

	match_ones(match, most);
	return n == 1 && !values->masked && memcmp(values->low, least, 16) == 0 && memcmp(values->high, most, 16) == 0;
}
