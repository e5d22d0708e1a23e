/* What is said of a packet besides where it goes: words in any order, those of filters among them, and the fields that they set. */
#include <stdarg.h>
#include <stdio.h>

#include "base/parse.h"
#include "base/strv.h"
#include "base/text.h"
#include "vm/filter_match.h"
#include "vm/filter_packet_internal.h"

#define ID(name) FILTER_ATTRIBUTE_##name

int packet_complain(struct packet_reading *r, const char *format, ...)
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

const char *packet_peek(const struct packet_reading *r, size_t ahead)
{
	for (size_t i = 0; i < ahead; i++)
		if (!r->tokens[r->at + i])
			return "";
	return r->tokens[r->at + ahead] ? r->tokens[r->at + ahead] : "";
}

/* What stands behind the word; NULL: nothing, and that is said. */
const char *packet_value(struct packet_reading *r, const char *word)
{
	if (!r->tokens[r->at])
		packet_complain(r, "something has to stand behind \"%s\"", word);
	return r->tokens[r->at] ? r->tokens[r->at++] : NULL;
}

/* Another room's words on a value. */
static int not_read(struct packet_reading *r, const char *word, const char *text)
{
	_cleanup_free_ char *why = xstrdup(r->err->message ? r->err->message : "");

	error_clear(r->err);
	return packet_complain(r, "%s \"%s\": %s", word, text, why);
}

/* --- fields --- */

/* The protocol by which the packet has this attribute: its own, or one that every packet of its family is of. NULL: none. */
static const struct filter_protocol_row *protocol_with(const struct packet_reading *r,
						       const struct filter_attribute_row *row)
{
	bool ipv6 = r->packet->family == FILTER_FAMILY_IPV6;
	const enum filter_protocol its[] = { r->packet->protocol, ipv6 ? FILTER_PROTOCOL_IPV6 : FILTER_PROTOCOL_IP,
					     ipv6 ? FILTER_PROTOCOL_ALL6 : FILTER_PROTOCOL_ALL };

	for (size_t i = 0; i < (r->packet->family ? ELEMENTS(its) : 1); i++)
		if (filter_protocol_has(&filter_protocols[its[i]], row->id))
			return &filter_protocols[its[i]];
	return NULL;
}

int packet_set_as(struct packet_reading *r, enum filter_attribute_id id, const struct filter_protocol_row *protocol,
		  const char *text)
{
	const struct filter_attribute_row *row = &filter_attributes[id];
	struct packet_field *field = &r->packet->fields[id];
	struct filter_value read = { 0 };

	if (field->has == PACKET_KNOWN)
		return packet_complain(r, "\"%s\" is said twice", row->name);
	if (filter_value_parse_constant(row, protocol, text, &read, r->err) < 0)
		return not_read(r, row->name, text);
	field->has = PACKET_KNOWN;
	match_number(&read, row->kind, protocol->family == FILTER_FAMILY_IPV6 ? 128 : 32, field->value);
	filter_value_free(&read);
	return 0;
}

int packet_set(struct packet_reading *r, enum filter_attribute_id id, const char *text)
{
	const struct filter_protocol_row *protocol = protocol_with(r, &filter_attributes[id]);

	if (!protocol)
		return packet_complain(r, "%s has no \"%s\"", packet_kind_name(r->packet->protocol),
				       filter_attributes[id].name);
	return packet_set_as(r, id, protocol, text);
}

static int set_pair(struct packet_reading *r, enum filter_attribute_id source, enum filter_attribute_id destination,
		    enum filter_protocol protocol)
{
	const char *from = packet_value(r, filter_attributes[source].name);

	if (!from)
		return -1;
	if (!streq(packet_peek(r, 0), ">") || !*packet_peek(r, 1))
		return packet_complain(r, "\"%s\" is from where; \"> DESTINATION\" has to stand behind it", from);
	r->at++;
	if (packet_set_as(r, source, &filter_protocols[protocol], from) < 0)
		return -1;
	return packet_set_as(r, destination, &filter_protocols[protocol], r->tokens[r->at++]);
}

/* --- words --- */

static int read_number(struct packet_reading *r, const char *word, int64_t max, int64_t *ret)
{
	const char *text = packet_value(r, word);

	if (!text)
		return -1;
	return parse_int(text, word, 0, max, ret, r->err) < 0 ? not_read(r, word, text) : 0;
}

static int read_vlan(struct packet_reading *r, const char *word)
{
	const char *text = packet_value(r, word);

	r->packet->tagged = true;
	return text ? packet_set_as(r, ID(VLANID), &filter_protocols[FILTER_PROTOCOL_VLAN], text) : -1;
}

static int read_tag(struct packet_reading *r, const char *word)
{
	const char *text = packet_value(r, word);
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

static int read_mac(struct packet_reading *r, const char *word)
{
	(void)word;
	return set_pair(r, ID(SRCMACADDR), ID(DSTMACADDR), FILTER_PROTOCOL_MAC);
}

static int read_fragment(struct packet_reading *r, const char *word)
{
	const char *text = packet_value(r, word);

	if (!text)
		return -1;
	if (!r->packet->family)
		return packet_complain(r, "only IP packets have fragments");
	r->packet->later_fragment = streq(text, "later");
	return r->packet->later_fragment || streq(text, "first")
		       ? 0
		       : packet_complain(r, "\"fragment %s\": first or later", text);
}

static int read_state(struct packet_reading *r, const char *word)
{
	static const struct filter_word states[] = { { "new", FILTER_STATE_NEW },
						     { "established", FILTER_STATE_ESTABLISHED },
						     { "related", FILTER_STATE_RELATED },
						     { "invalid", FILTER_STATE_INVALID },
						     { "untracked", 0 } };
	const char *text = packet_value(r, word);

	for (size_t i = 0; text && i < ELEMENTS(states); i++) {
		if (!streq(states[i].name, text))
			continue;
		r->packet->state = states[i].number;
		return 0;
	}
	return text ? packet_complain(r, "\"state %s\": new, established, related, invalid or untracked", text) : -1;
}

static int read_answer(struct packet_reading *r, const char *word)
{
	(void)word;
	r->packet->answer = true;
	return 0;
}

static int read_connections(struct packet_reading *r, const char *word)
{
	return read_number(r, word, INT32_MAX, &r->packet->connections);
}

static int read_side(struct packet_reading *r, const char *word)
{
	r->packet->direction = streq(word, "in") ? FILTER_IN : FILTER_OUT;
	if (strv_contains(r->said, "in") && strv_contains(r->said, "out"))
		return packet_complain(r, "it is either \"in\" or \"out\"");
	return 0;
}

static int read_flags(struct packet_reading *r, const char *word)
{
	const char *text = packet_value(r, word);
	_cleanup_free_ char *all = xprintf("ALL/%s", text ? text : "");

	return text ? packet_set(r, ID(FLAGS), all) : -1;
}

/* --- words of ARP --- */

bool packet_is_arp(const struct packet_reading *r)
{
	return r->packet->protocol == FILTER_PROTOCOL_ARP || r->packet->protocol == FILTER_PROTOCOL_RARP;
}

static int read_arp(struct packet_reading *r, const char *word)
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
		const char *text = words[i].value ? words[i].value : packet_value(r, word);
		return text ? packet_set(r, words[i].id, text) : -1;
	}
	return read_number(r, word, 255, streq(word, "hlen") ? &r->packet->hlen : &r->packet->plen);
}

static const struct {
	const char *name;
	int (*read)(struct packet_reading *r, const char *word);
	bool (*has)(const struct packet_reading *r);
} words[] = {
	{ "in", read_side, NULL },
	{ "out", read_side, NULL },
	{ "mac", read_mac, NULL },
	{ "vlan", read_vlan, NULL },
	{ "tag-type", read_tag, NULL },
	{ "fragment", read_fragment, NULL },
	{ "state", read_state, NULL },
	{ "answer", read_answer, NULL },
	{ "connections", read_connections, NULL },
	{ "request", read_arp, packet_is_arp },
	{ "reply", read_arp, packet_is_arp },
	{ "who", read_arp, packet_is_arp },
	{ "tell", read_arp, packet_is_arp },
	{ "sender-mac", read_arp, packet_is_arp },
	{ "target-mac", read_arp, packet_is_arp },
	{ "hlen", read_arp, packet_is_arp },
	{ "plen", read_arp, packet_is_arp },
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
static int read_attribute(struct packet_reading *r, const char *word)
{
	for (size_t i = 0; i < FILTER_ATTRIBUTE_MAX; i++) {
		const struct filter_attribute_row *row = &filter_attributes[i];

		if (!streq(row->name, word) || !packet_attribute_is_word(row) || !protocol_with(r, row))
			continue;
		if (row->id == ID(FLAGS))
			return read_flags(r, word);

		const char *text = packet_value(r, word);
		return text ? packet_set(r, row->id, text) : -1;
	}
	return packet_complain(r, "\"%s\" is no word for a packet of %s", word, packet_kind_name(r->packet->protocol));
}

int packet_read_word(struct packet_reading *r)
{
	const char *word = r->tokens[r->at++];

	if (strv_contains(r->said, word))
		return packet_complain(r, "\"%s\" is said twice", word);
	strv_add(&r->said, word);
	for (size_t i = 0; i < ELEMENTS(words); i++)
		if (streq(words[i].name, word) && (!words[i].has || words[i].has(r)))
			return words[i].read(r, word);
	return read_attribute(r, word);
}
