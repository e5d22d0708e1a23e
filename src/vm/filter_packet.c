/* Reading a packet in words: a protocol, from where to where, and what else is said. See vm/filter_packet.h; what was not said is filled
 * in by filter_packet_fill.c. */
#include "vm/filter_packet.h"

#include "base/parse.h"
#include "base/strv.h"
#include "base/text.h"
#include "vm/filter_match.h"
#include "vm/filter_packet_internal.h"

#define ID(name) FILTER_ATTRIBUTE_##name

struct reading {
	char **tokens, **said;
	size_t at;
	struct filter_packet *packet;
	struct error *err;
};

/* The words for protocols, and what they are in each family: FILTER_PROTOCOL_MAX, they are not in it. */
static const struct kind {
	const char *name;
	enum filter_protocol ipv4, ipv6;
} kinds[] = {
	{ "tcp", FILTER_PROTOCOL_TCP, FILTER_PROTOCOL_TCP6 },
	{ "udp", FILTER_PROTOCOL_UDP, FILTER_PROTOCOL_UDP6 },
	{ "sctp", FILTER_PROTOCOL_SCTP, FILTER_PROTOCOL_SCTP6 },
	{ "udplite", FILTER_PROTOCOL_UDPLITE, FILTER_PROTOCOL_UDPLITE6 },
	{ "icmp", FILTER_PROTOCOL_ICMP, FILTER_PROTOCOL_MAX },
	{ "icmpv6", FILTER_PROTOCOL_MAX, FILTER_PROTOCOL_ICMPV6 },
	{ "igmp", FILTER_PROTOCOL_IGMP, FILTER_PROTOCOL_MAX },
	{ "esp", FILTER_PROTOCOL_ESP, FILTER_PROTOCOL_ESP6 },
	{ "ah", FILTER_PROTOCOL_AH, FILTER_PROTOCOL_AH6 },
	{ "ip", FILTER_PROTOCOL_IP, FILTER_PROTOCOL_MAX },
	{ "ipv6", FILTER_PROTOCOL_MAX, FILTER_PROTOCOL_IPV6 },
	{ "arp", FILTER_PROTOCOL_ARP, FILTER_PROTOCOL_MAX },
	{ "rarp", FILTER_PROTOCOL_RARP, FILTER_PROTOCOL_MAX },
	{ "stp", FILTER_PROTOCOL_STP, FILTER_PROTOCOL_MAX },
	{ "ether", FILTER_PROTOCOL_MAC, FILTER_PROTOCOL_MAX },
};

const char *packet_kind_name(enum filter_protocol protocol)
{
	for (size_t i = 0; i < ELEMENTS(kinds); i++)
		if (kinds[i].ipv4 == protocol || kinds[i].ipv6 == protocol)
			return kinds[i].name;
	return "ether";
}

static int complain(struct reading *r, const char *format, ...) __attribute__((format(printf, 2, 3)));
static int complain(struct reading *r, const char *format, ...)
{
	_cleanup_free_ char *text = NULL;
	va_list args;

	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		abort();
	va_end(args);
	error_set(r->err, ERROR_USAGE, "the packet: %s", text);
	return error_hint(r->err, "as in \"tcp 10.0.0.5:1024 > 10.0.0.9:80\"; kvmctl-filters(7) has all words");
}

/* --- tokens --- */

/* Between blanks; a '>' is one by itself. */
static char **split(const char *text)
{
	char **tokens = NULL;

	while (*text) {
		size_t n = strcspn(text, " \t\n>");

		if (n > 0)
			strv_take(&tokens, xstrndup(text, n));
		text += n;
		if (*text == '>')
			strv_add(&tokens, ">");
		if (*text)
			text++;
	}
	return tokens;
}

static const char *peek(const struct reading *r, size_t ahead)
{
	for (size_t i = 0; i < ahead; i++)
		if (!r->tokens[r->at + i])
			return "";
	return r->tokens[r->at + ahead] ? r->tokens[r->at + ahead] : "";
}

/* What stands behind the word; NULL: nothing, and that is said. */
static const char *value(struct reading *r, const char *word)
{
	if (!r->tokens[r->at])
		complain(r, "something has to stand behind \"%s\"", word);
	return r->tokens[r->at] ? r->tokens[r->at++] : NULL;
}

/* Another room's words on a value. */
static int not_read(struct reading *r, const char *word, const char *text)
{
	_cleanup_free_ char *why = xstrdup(r->err->message ? r->err->message : "");

	error_clear(r->err);
	return complain(r, "%s \"%s\": %s", word, text, why);
}

/* --- fields --- */

static const struct filter_protocol_row *protocol_with(const struct reading *r, const struct filter_attribute_row *row)
{
	enum filter_protocol mine = r->packet->protocol;

	if (filter_protocol_has(&filter_protocols[mine], row->id))
		return &filter_protocols[mine];
	if (r->packet->family == FILTER_FAMILY_IPV4 &&
	    filter_protocol_has(&filter_protocols[FILTER_PROTOCOL_IP], row->id))
		return &filter_protocols[FILTER_PROTOCOL_IP];
	if (r->packet->family == FILTER_FAMILY_IPV6 &&
	    filter_protocol_has(&filter_protocols[FILTER_PROTOCOL_IPV6], row->id))
		return &filter_protocols[FILTER_PROTOCOL_IPV6];
	return NULL;
}

static int set_as(struct reading *r, enum filter_attribute_id id, const struct filter_protocol_row *protocol,
		  const char *text)
{
	const struct filter_attribute_row *row = &filter_attributes[id];
	struct packet_field *field = &r->packet->fields[id];
	struct filter_value read = { 0 };

	if (field->has == PACKET_KNOWN)
		return complain(r, "\"%s\" is said twice", row->name);
	if (filter_value_parse_constant(row, protocol, text, &read, r->err) < 0)
		return not_read(r, row->name, text);
	field->has = PACKET_KNOWN;
	match_number(&read, row->kind, protocol->family == FILTER_FAMILY_IPV6 ? 128 : 32, field->value);
	filter_value_free(&read);
	return 0;
}

static int set(struct reading *r, enum filter_attribute_id id, const char *text)
{
	const struct filter_protocol_row *protocol = protocol_with(r, &filter_attributes[id]);

	if (!protocol)
		return complain(r, "%s has no \"%s\"", packet_kind_name(r->packet->protocol),
				filter_attributes[id].name);
	return set_as(r, id, protocol, text);
}

static int set_pair(struct reading *r, enum filter_attribute_id source, enum filter_attribute_id destination,
		    enum filter_protocol protocol)
{
	const char *from = value(r, filter_attributes[source].name);

	if (!from)
		return -1;
	if (!streq(peek(r, 0), ">") || !*peek(r, 1))
		return complain(r, "\"%s\" is from where; \"> DESTINATION\" has to stand behind it", from);
	r->at++;
	if (set_as(r, source, &filter_protocols[protocol], from) < 0)
		return -1;
	return set_as(r, destination, &filter_protocols[protocol], r->tokens[r->at++]);
}

/* --- words --- */

static int read_number(struct reading *r, const char *word, int64_t max, int64_t *ret)
{
	const char *text = value(r, word);

	if (!text)
		return -1;
	return parse_int(text, word, 0, max, ret, r->err) < 0 ? not_read(r, word, text) : 0;
}

static int read_vlan(struct reading *r, const char *word)
{
	const char *text = value(r, word);

	r->packet->tagged = true;
	return text ? set_as(r, ID(VLANID), &filter_protocols[FILTER_PROTOCOL_VLAN], text) : -1;
}

static int read_tag(struct reading *r, const char *word)
{
	const char *text = value(r, word);
	struct filter_value type = { 0 };

	if (!text)
		return -1;
	if (filter_value_parse_constant(&filter_attributes[ID(PROTOCOLID)], &filter_protocols[FILTER_PROTOCOL_MAC],
					text, &type, r->err) < 0)
		return not_read(r, word, text);
	r->packet->tag_type = (unsigned)type.number;
	filter_value_free(&type);
	return 0;
}

static int read_mac(struct reading *r, const char *word)
{
	(void)word;
	return set_pair(r, ID(SRCMACADDR), ID(DSTMACADDR), FILTER_PROTOCOL_MAC);
}

static int read_fragment(struct reading *r, const char *word)
{
	const char *text = value(r, word);

	if (!text)
		return -1;
	if (!r->packet->family)
		return complain(r, "only IP packets have fragments");
	r->packet->later_fragment = streq(text, "later");
	return r->packet->later_fragment || streq(text, "first") ? 0
								 : complain(r, "\"fragment %s\": first or later", text);
}

static int read_state(struct reading *r, const char *word)
{
	static const struct filter_word states[] = { { "new", FILTER_STATE_NEW },
						     { "established", FILTER_STATE_ESTABLISHED },
						     { "related", FILTER_STATE_RELATED },
						     { "invalid", FILTER_STATE_INVALID },
						     { "untracked", 0 } };
	const char *text = value(r, word);

	for (size_t i = 0; text && i < ELEMENTS(states); i++) {
		if (!streq(states[i].name, text))
			continue;
		r->packet->state = states[i].number;
		return 0;
	}
	return text ? complain(r, "\"state %s\": new, established, related, invalid or untracked", text) : -1;
}

static int read_answer(struct reading *r, const char *word)
{
	(void)word;
	r->packet->answer = true;
	return 0;
}

static int read_connections(struct reading *r, const char *word)
{
	return read_number(r, word, INT32_MAX, &r->packet->connections);
}

static int read_side(struct reading *r, const char *word)
{
	r->packet->direction = streq(word, "in") ? FILTER_IN : FILTER_OUT;
	if (strv_contains(r->said, "in") && strv_contains(r->said, "out"))
		return complain(r, "it is either \"in\" or \"out\"");
	return 0;
}

static int read_flags(struct reading *r, const char *word)
{
	const char *text = value(r, word);
	_cleanup_free_ char *all = xprintf("ALL/%s", text ? text : "");

	return text ? set(r, ID(FLAGS), all) : -1;
}

/* --- words of ARP --- */

static bool is_arp(const struct reading *r)
{
	return r->packet->protocol == FILTER_PROTOCOL_ARP || r->packet->protocol == FILTER_PROTOCOL_RARP;
}

static int read_arp(struct reading *r, const char *word)
{
	static const struct {
		const char *word, *value; /* NULL: it stands behind the word */
		enum filter_attribute_id id;
	} words[] = {
		{ "request", "1", ID(OPCODE) },
		{ "reply", "2", ID(OPCODE) },
		{ "who", NULL, ID(ARPDSTIPADDR) },
		{ "tell", NULL, ID(ARPSRCIPADDR) },
		{ "sender-mac", NULL, ID(ARPSRCMACADDR) },
		{ "target-mac", NULL, ID(ARPDSTMACADDR) },
	};

	for (size_t i = 0; i < ELEMENTS(words); i++) {
		if (!streq(words[i].word, word))
			continue;
		const char *text = words[i].value ? words[i].value : value(r, word);
		return text ? set(r, words[i].id, text) : -1;
	}
	return read_number(r, word, 255, streq(word, "hlen") ? &r->packet->hlen : &r->packet->plen);
}

static const struct {
	const char *name;
	int (*read)(struct reading *r, const char *word);
	bool (*has)(const struct reading *r);
} words[] = {
	{ "in", read_side, NULL },       { "out", read_side, NULL },         { "mac", read_mac, NULL },
	{ "vlan", read_vlan, NULL },     { "tag-type", read_tag, NULL },     { "fragment", read_fragment, NULL },
	{ "state", read_state, NULL },   { "answer", read_answer, NULL },    { "connections", read_connections, NULL },
	{ "request", read_arp, is_arp }, { "reply", read_arp, is_arp },      { "who", read_arp, is_arp },
	{ "tell", read_arp, is_arp },    { "sender-mac", read_arp, is_arp }, { "target-mac", read_arp, is_arp },
	{ "hlen", read_arp, is_arp },    { "plen", read_arp, is_arp },
};

bool packet_attribute_is_word(const struct filter_attribute_row *row)
{
	switch ((int)row->id) {
	case ID(SRCIPFROM): /* another name of an address that is said already */
	case ID(DSTIPFROM):
	case ID(CONNLIMIT_ABOVE):
	case ID(VLANID):
	case ID(ENCAP_PROTOCOL):
	case ID(PROTOCOLID):
		return false;
	case ID(TYPE):
	case ID(NDTARGETADDR):
	case ID(FLAGS):
		return true;
	default:
		return row->needs == FILTER_ATTRIBUTE_NONE &&
		       (row->kind == FILTER_KIND_NUMBER || row->kind == FILTER_KIND_MAC ||
			row->kind == FILTER_KIND_ADDRESS);
	}
}

/* A word that filters have. */
static int read_attribute(struct reading *r, const char *word)
{
	for (size_t i = 0; i < FILTER_ATTRIBUTE_MAX; i++) {
		const struct filter_attribute_row *row = &filter_attributes[i];

		if (!streq(row->name, word) || !packet_attribute_is_word(row) || !protocol_with(r, row))
			continue;
		if (row->id == ID(FLAGS))
			return read_flags(r, word);

		const char *text = value(r, word);
		return text ? set(r, row->id, text) : -1;
	}
	return complain(r, "\"%s\" is no word for a packet of %s", word, packet_kind_name(r->packet->protocol));
}

static int read_word(struct reading *r)
{
	const char *word = r->tokens[r->at++];

	if (strv_contains(r->said, word))
		return complain(r, "\"%s\" is said twice", word);
	strv_add(&r->said, word);
	for (size_t i = 0; i < ELEMENTS(words); i++)
		if (streq(words[i].name, word) && (!words[i].has || words[i].has(r)))
			return words[i].read(r, word);
	return read_attribute(r, word);
}

/* --- from where to where --- */

/* "10.0.0.5:80", "[fd00::1]:80", or without a port. */
static void divide(const char *text, char **ret_address, char **ret_port)
{
	const char *colon = strrchr(text, ':');
	const char *bracket = strchr(text, ']');

	*ret_port = NULL;
	if (*text == '[' && bracket) {
		*ret_address = xstrndup(text + 1, (size_t)(bracket - text - 1));
		if (bracket[1] == ':')
			*ret_port = xstrdup(bracket + 2);
		else if (bracket[1])
			*ret_port = xstrdup(bracket + 1);
	} else if (colon && colon == strchr(text, ':')) {
		*ret_address = xstrndup(text, (size_t)(colon - text));
		*ret_port = xstrdup(colon + 1);
	} else {
		*ret_address = xstrdup(text);
	}
}

static int read_end(struct reading *r, const char *text, enum filter_attribute_id address_id,
		    enum filter_attribute_id port_id)
{
	_cleanup_free_ char *address = NULL, *port = NULL;
	bool ports = packet_protocol_has_ports(r->packet->protocol);

	divide(text, &address, &port);
	if (set(r, address_id, address) < 0)
		return -1;
	if (port && !ports)
		return complain(r, "%s has no ports: \"%s\"", packet_kind_name(r->packet->protocol), text);
	if (!port)
		return 0;
	return set_as(r, port_id, &filter_protocols[FILTER_PROTOCOL_TCP], port);
}

static int read_ends(struct reading *r, const struct kind *kind)
{
	struct filter_packet *packet = r->packet;
	const char *from = peek(r, 0), *to = peek(r, 2);
	_cleanup_free_ char *address = NULL, *port = NULL;

	if (!*from || !streq(peek(r, 1), ">") || !*to)
		return complain(r, "%s needs from where to where it goes: %s SOURCE > DESTINATION", kind->name,
				kind->name);
	divide(from, &address, &port);
	packet->family = strchr(address, ':') ? FILTER_FAMILY_IPV6 : FILTER_FAMILY_IPV4;
	packet->protocol = packet->family == FILTER_FAMILY_IPV6 ? kind->ipv6 : kind->ipv4;
	if (packet->protocol == FILTER_PROTOCOL_MAX)
		return complain(r, "\"%s\" is no address of %s", from, kind->name);
	r->at += 3;
	if (read_end(r, from, ID(SRCIPADDR), ID(SRCPORTSTART)) < 0)
		return -1;
	return read_end(r, to, ID(DSTIPADDR), ID(DSTPORTSTART));
}

static int read_ether(struct reading *r)
{
	const char *type = value(r, "ether");

	if (!type || set_as(r, ID(PROTOCOLID), &filter_protocols[FILTER_PROTOCOL_MAC], type) < 0)
		return -1;
	/* The type is asked for by what stands behind the addresses, which may be a tag. */
	r->packet->ether_type = packet_number(r->packet, ID(PROTOCOLID));
	return 0;
}

static int read_kind(struct reading *r)
{
	const char *word = r->tokens && *r->tokens ? r->tokens[r->at++] : "";
	const struct kind *kind = kinds;

	while (kind < kinds + ELEMENTS(kinds) && !streq(kind->name, word))
		kind++;
	if (kind == kinds + ELEMENTS(kinds))
		return complain(r,
				"\"%s\" is no protocol: tcp, udp, sctp, udplite, icmp, icmpv6, igmp, esp, ah, ip, "
				"ipv6, arp, rarp, stp or ether",
				word);
	r->packet->protocol = kind->ipv4 != FILTER_PROTOCOL_MAX ? kind->ipv4 : kind->ipv6;
	if (r->packet->protocol == FILTER_PROTOCOL_MAC)
		return read_ether(r);
	if (is_arp(r) || r->packet->protocol == FILTER_PROTOCOL_STP)
		return 0;
	return read_ends(r, kind);
}

/* The word for what is in the packet; NULL: it has none. */
static const char *better_word(const struct filter_packet *packet)
{
	bool ip = packet->protocol == FILTER_PROTOCOL_IP || packet->protocol == FILTER_PROTOCOL_IPV6;
	uint32_t number =
		ip ? packet_number(packet, packet->family == FILTER_FAMILY_IPV4 ? ID(IP_PROTOCOL) : ID(IPV6_PROTOCOL))
		   : packet->ether_type;
	enum filter_layer layer = ip ? FILTER_LAYER_NETWORK : FILTER_LAYER_LINK;

	if (!ip && packet->protocol != FILTER_PROTOCOL_MAC)
		return NULL;
	for (size_t i = 0; i < FILTER_PROTOCOL_MAX; i++) {
		const struct filter_protocol_row *row = &filter_protocols[i];

		if (row->layer == layer && row->number > 0 && (uint32_t)row->number == number &&
		    (!ip || row->family == packet->family))
			return row->id == FILTER_PROTOCOL_VLAN ? row->name : packet_kind_name(row->id);
	}
	return NULL;
}

static const char *missing(const struct filter_packet *packet)
{
	switch ((int)packet->protocol) {
	case FILTER_PROTOCOL_IP:
		return packet->fields[ID(IP_PROTOCOL)].has ? NULL : "protocol NUMBER";
	case FILTER_PROTOCOL_IPV6:
		return packet->fields[ID(IPV6_PROTOCOL)].has ? NULL : "protocol NUMBER";
	case FILTER_PROTOCOL_ARP:
		return !packet->fields[ID(ARPDSTIPADDR)].has   ? "who ADDRESS"
		       : !packet->fields[ID(ARPSRCIPADDR)].has ? "tell ADDRESS"
							       : NULL;
	default:
		break;
	}
	if (!packet_protocol_has_ports(packet->protocol) || packet->later_fragment)
		return NULL;
	return !packet->fields[ID(SRCPORTSTART)].has   ? "a source port, behind the address and a colon"
	       : !packet->fields[ID(DSTPORTSTART)].has ? "a destination port, behind the address and a colon"
						       : NULL;
}

int filter_packet_parse(const char *text, const struct filter_packet_defaults *defaults, struct filter_packet *ret,
			struct error *err)
{
	_cleanup_strv_ char **tokens = NULL, **said = NULL;
	struct filter_packet packet = {
		.direction = FILTER_OUT, .tag_type = 0x8100, .hlen = 6, .plen = 4, .state = FILTER_STATE_NEW
	};
	struct reading r = { .packet = &packet, .err = err };
	int status = -1;

	if (strlen(text) > FILTER_PACKET_MAX)
		return complain(&r, "%zu characters, %d at most", strlen(text), FILTER_PACKET_MAX);
	r.tokens = tokens = split(text);
	status = read_kind(&r);
	while (status == 0 && r.tokens[r.at])
		status = read_word(&r);
	said = r.said;
	if (status < 0)
		return -1;
	if (missing(&packet))
		return complain(&r, "%s needs %s", packet_kind_name(packet.protocol), missing(&packet));
	if (better_word(&packet))
		return complain(&r, "what \"%s\" says is written with the word \"%s\"", text, better_word(&packet));
	packet_fill(&packet, defaults);
	*ret = packet;
	return 0;
}
