/* What no node can say: refused when a definition is read. */
#include "filter_read.h"

#include <string.h>

/* Ends of ranges need their beginning, and are of the same kind. */
static bool is_range_end(const struct filter_attribute_row *row)
{
	return row->needs != FILTER_ATTRIBUTE_NONE && row->kind == filter_attributes[row->needs].kind &&
	       (row->kind == FILTER_KIND_NUMBER || row->kind == FILTER_KIND_ADDRESS);
}

static bool is_before(const struct filter_attribute_row *row, const struct filter_value *a,
		      const struct filter_value *b)
{
	if (row->kind == FILTER_KIND_ADDRESS)
		return memcmp(a->bytes, b->bytes, sizeof(a->bytes)) < 0;
	return a->number < b->number;
}

static void check_needs(struct filter_reading *reading, const struct filter_node *node)
{
	for (size_t i = 0; i < node->n_attributes; i++) {
		const struct filter_attribute_row *row = node->attributes[i].row;
		const struct filter_value *end = &node->attributes[i].value, *begin;

		if (row->needs == FILTER_ATTRIBUTE_NONE)
			continue;
		begin = filter_node_value(node, row->needs);
		if (!begin)
			filter_complain(reading, "\"%s\" needs \"%s\" beside it", row->name,
					filter_attributes[row->needs].name);
		else if (is_range_end(row) && !filter_value_is_variable(begin) && !filter_value_is_variable(end) &&
			 is_before(row, end, begin))
			filter_complain(reading, "the range from %s to %s (\"%s\") is empty", begin->text, end->text,
					row->name);
	}
}

/* Ports and ICMPv6 types of LINK rules are those of a protocol that has them. */
static void check_carried(struct filter_reading *reading, const struct filter_node *node)
{
	static const struct {
		enum filter_attribute_id id;
		bool is_port;
	} carried[] = { { FILTER_ATTRIBUTE_SRCPORTSTART, true },
			{ FILTER_ATTRIBUTE_DSTPORTSTART, true },
			{ FILTER_ATTRIBUTE_TYPE, false },
			{ FILTER_ATTRIBUTE_CODE, false } };
	const struct filter_value *protocol =
		filter_node_value(node, node->protocol->id == FILTER_PROTOCOL_IP ? FILTER_ATTRIBUTE_IP_PROTOCOL
										 : FILTER_ATTRIBUTE_IPV6_PROTOCOL);

	for (size_t i = 0; i < sizeof(carried) / sizeof(carried[0]); i++) {
		const char *name = filter_attributes[carried[i].id].name;
		uint64_t number = protocol ? protocol->number : 0;
		bool has_ports = number == 6 || number == 17 || number == 33 || number == 132 || number == 136;

		if (!filter_node_value(node, carried[i].id) || (protocol && filter_value_is_variable(protocol)))
			continue;
		if (carried[i].is_port && !has_ports)
			filter_complain(reading, "\"%s\" needs \"protocol\" beside it, of tcp, udp, sctp or udplite",
					name);
		if (!carried[i].is_port && number != 58)
			filter_complain(reading, "\"%s\" needs protocol icmpv6 beside it", name);
	}
}

/* Elsewhere in ICMPv6 there is no target. */
static void check_target(struct filter_reading *reading, const struct filter_node *node)
{
	const struct filter_value *type = filter_node_value(node, FILTER_ATTRIBUTE_TYPE);

	if (!filter_node_value(node, FILTER_ATTRIBUTE_NDTARGETADDR) || !type)
		return;
	if (filter_value_is_variable(type) || (type->number != 135 && type->number != 136) ||
	    filter_node_value(node, FILTER_ATTRIBUTE_TYPEEND))
		filter_complain(reading, "\"ndtargetaddr\" needs type 135 or 136 beside it");
}

void filter_read_node_end(struct filter_reading *reading, const struct filter_node *node)
{
	check_needs(reading, node);
	if (node->protocol->id == FILTER_PROTOCOL_IP || node->protocol->id == FILTER_PROTOCOL_IPV6)
		check_carried(reading, node);
	check_target(reading, node);
}
