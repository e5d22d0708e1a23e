/* One rule and one packet: the protocol, the connection, and each field that is asked for, for all that its variables stand for. */
#include "vm/filter_explain_rule.h"

#include "base/text.h"
#include "vm/filter_match.h"

#define ID(name) FILTER_ATTRIBUTE_##name

static const uint8_t stp_address[6] = { 0x01, 0x80, 0xc2, 0, 0, 0 };

static bool goes_to_bridges(const struct filter_packet *packet)
{
	return memcmp(packet->fields[ID(DSTMACADDR)].value + 10, stp_address, 6) == 0;
}

bool explain_is_priority_tagged(const struct filter_packet *packet)
{
	const uint8_t *vlan = packet->fields[ID(VLANID)].value;

	return packet->tagged && packet->tag_type == 0x8100 && vlan[14] == 0 && vlan[15] == 0;
}

bool explain_enters_chain(const char *chain, const struct filter_packet *packet)
{
	const char *prefix = filter_chain_prefix(chain);

	for (size_t i = 0; i < FILTER_PROTOCOL_MAX; i++) {
		const struct filter_protocol_row *row = &filter_protocols[i];

		if (!streq(row->chain, prefix))
			continue;
		if (row->id == FILTER_PROTOCOL_STP)
			return goes_to_bridges(packet);
		return row->number == 0 || (unsigned)row->number == filter_packet_outer_type(packet);
	}
	return true;
}

/* --- the protocol --- */

static bool arp_is_ordinary(const struct filter_packet *packet)
{
	const uint8_t *hardware = packet->fields[ID(HWTYPE)].value, *protocol = packet->fields[ID(PROTOCOLTYPE)].value;

	return hardware[14] == 0 && hardware[15] == 1 && protocol[14] == 0x08 && protocol[15] == 0 &&
	       packet->hlen == 6 && packet->plen == 4;
}

static bool link_protocol_is(const struct filter_tree_rule *rule, const struct filter_protocol_row *row,
			     const struct filter_packet *packet)
{
	if (row->id == FILTER_PROTOCOL_STP)
		return packet->protocol == FILTER_PROTOCOL_STP && !packet->tagged && goes_to_bridges(packet);
	if (row->number > 0 && (unsigned)row->number != filter_packet_outer_type(packet))
		return false;
	if (row->id == FILTER_PROTOCOL_IP && packet->later_fragment && filter_rule_asks_transport(rule))
		return false;
	return (row->id != FILTER_PROTOCOL_ARP && row->id != FILTER_PROTOCOL_RARP) ||
	       !filter_rule_asks_arp_addresses(rule) || arp_is_ordinary(packet);
}

static bool network_protocol_is(const struct filter_tree_rule *rule, const struct filter_protocol_row *row,
				const struct filter_packet *packet)
{
	enum filter_attribute_id protocol = row->family == FILTER_FAMILY_IPV4 ? ID(IP_PROTOCOL) : ID(IPV6_PROTOCOL);

	if (row->family == FILTER_FAMILY_IPV4 && packet->later_fragment && filter_rule_asks_transport(rule))
		return false;
	return row->number < 0 || packet->fields[protocol].value[15] == (uint8_t)row->number;
}

static bool protocol_is(const struct filter_tree_rule *rule, const struct filter_packet *packet)
{
	const struct filter_protocol_row *row = filter_rule_protocol(rule->rule);

	if (!row)
		return true;
	return row->layer == FILTER_LAYER_LINK ? link_protocol_is(rule, row, packet)
					       : network_protocol_is(rule, row, packet);
}

/* --- the connection --- */

static bool connection_is(const struct filter_standing *standing, const struct filter_packet *packet)
{
	if (standing->limit) {
		bool over = packet->connections > (int64_t)standing->limit->values[0].number;

		return over != standing->limit_negated;
	}
	if (standing->states == 0)
		return true;
	if (!(standing->states & packet->state))
		return false;
	return standing->direction == DIRECTION_ANY || (standing->direction == DIRECTION_REPLY) == packet->answer;
}

static bool gratuitous_is(const struct filter_tree_rule *rule, const struct filter_packet *packet)
{
	bool negated,
		same = memcmp(packet->fields[ID(ARPSRCIPADDR)].value, packet->fields[ID(ARPDSTIPADDR)].value, 16) == 0;

	return !filter_rule_asks_gratuitous(rule, &negated) || same != negated;
}

/* --- fields --- */

static bool in_range(const struct match_value *asked, const uint8_t field[16])
{
	uint8_t masked[16];

	if (!asked->masked)
		return memcmp(asked->low, field, 16) <= 0 && memcmp(field, asked->high, 16) <= 0;
	for (size_t i = 0; i < 16; i++)
		masked[i] = field[i] & asked->mask[i];
	return memcmp(masked, asked->low, 16) == 0;
}

static bool match_holds(const struct match *match, const struct match_value *asked, const struct filter_packet *packet)
{
	const struct packet_field *field = &packet->fields[match->row->first];

	/* What every value is true of is not asked at all. */
	if (match_is_everything(match, asked, 1))
		return !match->negated;
	switch (field->has) {
	case PACKET_ABSENT:
		return false;
	case PACKET_ANY:
		return match->negated;
	case PACKET_KNOWN:
		break;
	}
	return in_range(asked, field->value) != match->negated;
}

static const struct filter_value *value_at(const struct filter_operand *operand, const size_t *positions)
{
	return &operand->values[operand->group == FILTER_NO_GROUP ? 0 : positions[operand->group]];
}

static bool is_member(const struct filter_packet *packet, const char *group, bool source)
{
	const struct packet_field *field = &packet->fields[source ? ID(SRCIPADDR) : ID(DSTIPADDR)];
	size_t size = packet->family == FILTER_FAMILY_IPV6 ? 16 : 4;

	return packet->is_member && field->has == PACKET_KNOWN &&
	       packet->is_member(packet->is_member_arg, group, field->value + 16 - size);
}

/* What is no field by itself. */
static bool special_holds(const struct filter_tree_node *node, const struct filter_operand *operand, bool mirrored,
			  const size_t *positions, const struct filter_packet *packet)
{
	const struct filter_value *value = value_at(operand, positions);
	const struct packet_field *flags = &packet->fields[ID(FLAGS)], *option = &packet->fields[ID(OPTION)];
	bool holds;

	if (operand->row->id == ID(SRCMEMBERS) || operand->row->id == ID(DSTMEMBERS))
		return is_member(packet, value->text, (operand->row->id == ID(SRCMEMBERS)) != mirrored);
	if (operand->row->id == ID(FLAGS))
		holds = (flags->value[15] & value->mask) == value->number;
	else if (operand->row->id == ID(OPTION))
		holds = option->has == PACKET_KNOWN && option->value[15] == value->number;
	else
		return true;
	return flags->has == PACKET_KNOWN && holds != node->negated;
}

static bool node_holds(const struct filter_tree_node *node, const struct filter_standing *standing,
		       const size_t *positions, const struct filter_packet *packet, struct problems *problems)
{
	for (size_t i = 0; i < node->n; i++) {
		const struct filter_operand *operand = &node->operands[i];
		struct match_value asked;
		struct match match;

		if (standing->without_mac && operand->row->id == ID(SRCMACADDR))
			continue;
		if (!match_of(node, operand, standing->mirrored, &match)) {
			if (!special_holds(node, operand, standing->mirrored, positions, packet))
				return false;
			continue;
		}
		if (!match_value(&match, positions, "", &asked, problems) || !match_holds(&match, &asked, packet))
			return false;
	}
	return true;
}

static bool next_combination(const struct filter_tree_rule *rule, size_t *positions)
{
	for (size_t i = 0; i < rule->n_groups; i++) {
		if (++positions[i] < rule->groups[i])
			return true;
		positions[i] = 0;
	}
	return false;
}

/* Nobody can tell: such a rule is in force nowhere. */
static bool asks_set(const struct filter_tree_rule *rule, struct problems *problems)
{
	for (size_t i = 0; i < rule->n_nodes; i++)
		for (size_t k = 0; k < rule->nodes[i].n; k++) {
			const struct filter_operand *operand = &rule->nodes[i].operands[k];

			if (operand->row->id != ID(IPSET))
				continue;
			_cleanup_free_ char *at = filter_entry_place(rule->filter, rule->entry);
			_cleanup_free_ char *place = xprintf("filter \"%s\", %s", rule->filter->name, at);

			problems_add(problems, place,
				     "there is no set \"%s\": sets of ipset cannot be used from nftables",
				     operand->values[0].text);
			return true;
		}
	return false;
}

bool explain_rule_applies(const struct filter_tree_rule *rule, const struct filter_standing *standing,
			  const struct filter_packet *packet, struct problems *problems)
{
	_cleanup_free_ size_t *positions = xcalloc(rule->n_groups + 1, sizeof(*positions));

	if (!protocol_is(rule, packet) || !connection_is(standing, packet) || !gratuitous_is(rule, packet) ||
	    asks_set(rule, problems))
		return false;
	do {
		bool holds = true;

		for (size_t i = 0; holds && i < rule->n_nodes; i++)
			holds = node_holds(&rule->nodes[i], standing, positions, packet, problems);
		if (holds)
			return true;
	} while (next_combination(rule, positions));
	return false;
}
