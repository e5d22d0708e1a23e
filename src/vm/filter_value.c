/* What stands in an attribute of a filter: variables, and constants of the simple kinds. Each has one form in
 * which it is written; how a number was written (decimal, hex, as a word) stays. */
#include "vm/filter_model.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <strings.h>

#include "base/parse.h"
#include "base/text.h"
#include "filter_value_lists.h"

#define ELEMENT_MAX 1000000
#define VARIABLE_NAME_MAX 64

static bool has_only(const char *s, const char *characters, size_t max)
{
	size_t n = strspn(s, characters);

	return n > 0 && n <= max && !s[n];
}

#define LETTERS_DIGITS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_"

bool filter_variable_name_is_valid(const char *name)
{
	return has_only(name, LETTERS_DIGITS, VARIABLE_NAME_MAX);
}

bool filter_variable_value_is_valid(const char *value)
{
	return has_only(value, LETTERS_DIGITS ".:", 256);
}

/* What stands in the brackets: "2", "@1", with blanks around. */
static int read_access(const char *text, size_t length, struct filter_variable *variable, struct error *err)
{
	_cleanup_free_ char *raw = xstrndup(text, length);
	_cleanup_free_ char *inside = text_trim(raw);
	bool iterator = *inside == '@';
	int64_t number;

	if (parse_int(inside + iterator, iterator ? "iterator" : "element", 0,
		      iterator ? FILTER_ITERATOR_MAX : ELEMENT_MAX, &number, err) < 0)
		return -1;
	variable->element = !iterator;
	variable->number = (unsigned)number;
	return 0;
}

static int read_variable(const char *text, struct filter_value *value, struct error *err)
{
	const char *name = text + 1;
	size_t n = strspn(name, LETTERS_DIGITS);
	const char *rest = name + n;
	size_t left = strlen(rest);

	if (n == 0 || n > VARIABLE_NAME_MAX || (left && (*rest != '[' || left < 3 || rest[left - 1] != ']'))) {
		error_set(err, ERROR_SPEC, "\"%s\" is no variable", text);
		return error_hint(err, "$NAME, $NAME[ELEMENT] or $NAME[@ITERATOR], of letters, digits and '_'");
	}
	if (left && read_access(rest + 1, left - 2, &value->variable, err) < 0)
		return error_prefix(err, "\"%s\"", text);
	value->variable.name = xstrndup(name, n);
	if (value->variable.element)
		value->text = xprintf("$%s[%u]", value->variable.name, value->variable.number);
	else if (value->variable.number > 0)
		value->text = xprintf("$%s[@%u]", value->variable.name, value->variable.number);
	else
		value->text = xprintf("$%s", value->variable.name);
	return 0;
}

static const struct filter_word *find_word(const struct filter_word *words, const char *text)
{
	for (; words->name; words++)
		if (strcasecmp(words->name, text) == 0)
			return words;
	return NULL;
}

/* Decimal if it can be, else hex, with 0x or without, as libvirt reads them. */
static bool read_digits(const char *text, uint64_t *ret, bool *ret_hex)
{
	bool hex = text[strspn(text, "0123456789")] != '\0';
	const char *digits = hex && text[0] == '0' && (text[1] | 0x20) == 'x' ? text + 2 : text;
	uint64_t number = 0;

	if (!has_only(digits, hex ? "0123456789abcdefABCDEF" : "0123456789", 64))
		return false;
	for (const char *p = digits; *p; p++) {
		unsigned digit = *p <= '9' ? (unsigned)(*p - '0') : (unsigned)((*p | 0x20) - 'a' + 10);

		if (number > UINT32_MAX) /* more than any attribute takes, whatever follows */
			continue;
		number = number * (hex ? 16 : 10) + digit;
	}
	*ret = number;
	*ret_hex = hex;
	return true;
}

static int read_number(const struct filter_attribute_row *row, const char *text, struct filter_value *value,
		       struct error *err)
{
	const struct filter_word *word = find_word(row->words, text);
	bool hex;

	if (word) {
		value->number = word->number;
		value->text = xstrdup(word->name);
		return 0;
	}
	if (!read_digits(text, &value->number, &hex))
		return error_set(err, ERROR_SPEC, "\"%s\" is no number%s", text,
				 row->words->name ? " and no word that it takes" : "");
	if (value->number < (uint64_t)row->min || value->number > (uint64_t)row->max)
		return error_set(err, ERROR_SPEC, "\"%s\" is not between %" PRId64 " and %" PRId64, text, row->min,
				 row->max);
	value->text = xprintf(hex ? "0x%" PRIx64 : "%" PRIu64, value->number);
	return 0;
}

static int read_boolean(const char *text, struct filter_value *value, struct error *err)
{
	bool flag = streq(text, "true") || streq(text, "yes") || streq(text, "1");

	if (!flag && !streq(text, "false") && !streq(text, "no") && !streq(text, "0"))
		return error_set(err, ERROR_SPEC, "\"%s\" is not true, yes, 1, false, no or 0", text);
	value->number = flag;
	value->text = xstrdup(flag ? "true" : "false");
	return 0;
}

static int read_mac(const char *text, struct filter_value *value, struct error *err)
{
	const uint8_t *b = value->bytes;

	if (!parse_mac_octets(text, value->bytes))
		return error_set(err, ERROR_SPEC, "\"%s\" is no MAC address (00:11:22:33:44:55)", text);
	value->text = xprintf("%02x:%02x:%02x:%02x:%02x:%02x", b[0], b[1], b[2], b[3], b[4], b[5]);
	return 0;
}

static size_t address_length(const struct filter_protocol_row *protocol)
{
	return protocol->family == FILTER_FAMILY_IPV6 ? 16 : 4;
}

static int read_address(const struct filter_protocol_row *protocol, const char *text, struct filter_value *value,
			struct error *err)
{
	bool ipv6 = protocol->family == FILTER_FAMILY_IPV6;
	char printed[INET6_ADDRSTRLEN];

	if (inet_pton(ipv6 ? AF_INET6 : AF_INET, text, value->bytes) != 1)
		return error_set(err, ERROR_SPEC, "\"%s\" is no %s address", text, ipv6 ? "IPv6" : "IPv4");
	value->text = xstrdup(inet_ntop(ipv6 ? AF_INET6 : AF_INET, value->bytes, printed, sizeof(printed)));
	return 0;
}

/* Leading ones; -1 when others follow a zero. */
static int count_ones(const uint8_t *bytes, size_t length)
{
	int ones = 0;

	while (ones < (int)length * 8 && (bytes[ones / 8] & (0x80 >> ones % 8)))
		ones++;
	for (int i = ones; i < (int)length * 8; i++)
		if (bytes[i / 8] & (0x80 >> i % 8))
			return -1;
	return ones;
}

static int read_address_mask(const struct filter_protocol_row *protocol, const char *text, struct filter_value *value,
			     struct error *err)
{
	int bits = (int)address_length(protocol) * 8;
	int64_t prefix;

	if (text[strspn(text, "0123456789")]) {
		if (read_address(protocol, text, value, err) < 0)
			return error_set(err, ERROR_SPEC, "\"%s\" is no mask: 0 to %d, or written as an address", text,
					 bits);
		value->prefix = count_ones(value->bytes, address_length(protocol));
		return 0;
	}
	if (parse_int(text, "mask", 0, bits, &prefix, err) < 0)
		return -1;
	value->prefix = (int)prefix;
	for (int i = 0; i < value->prefix; i++)
		value->bytes[i / 8] |= (uint8_t)(0x80 >> i % 8);
	value->text = xprintf("%d", value->prefix);
	return 0;
}

static int read_kind(const struct filter_attribute_row *row, const struct filter_protocol_row *protocol,
		     const char *text, struct filter_value *value, struct error *err)
{
	switch (row->kind) {
	case FILTER_KIND_NUMBER:
		return read_number(row, text, value, err);
	case FILTER_KIND_BOOLEAN:
		return read_boolean(text, value, err);
	case FILTER_KIND_MAC:
		return read_mac(text, value, err);
	case FILTER_KIND_MAC_MASK:
		if (read_mac(text, value, err) < 0)
			return -1;
		value->prefix = count_ones(value->bytes, 6);
		return 0;
	case FILTER_KIND_ADDRESS:
		return read_address(protocol, text, value, err);
	case FILTER_KIND_ADDRESS_MASK:
		return read_address_mask(protocol, text, value, err);
	case FILTER_KIND_TCP_FLAGS:
		return filter_read_tcp_flags(text, value, err);
	case FILTER_KIND_STATES:
		return filter_read_states(text, value, err);
	case FILTER_KIND_SET_NAME:
		return filter_read_set_name(text, row->max, value, err);
	case FILTER_KIND_SET_FLAGS:
		return filter_read_set_flags(text, value, err);
	case FILTER_KIND_COMMENT:
		return filter_read_comment(text, value, err);
	case FILTER_KIND_MAX:
		break;
	}
	abort();
}

int filter_value_parse_constant(const struct filter_attribute_row *row, const struct filter_protocol_row *protocol,
				const char *text, struct filter_value *ret, struct error *err)
{
	struct filter_value value = { 0 };

	if (read_kind(row, protocol, text, &value, err) < 0) {
		filter_value_free(&value);
		return -1;
	}
	*ret = value;
	return 0;
}

int filter_value_parse(const struct filter_attribute_row *row, const struct filter_protocol_row *protocol,
		       const char *text, struct filter_value *ret, struct error *err)
{
	struct filter_value value = { 0 };

	if (*text != '$' || row->kind == FILTER_KIND_COMMENT)
		return filter_value_parse_constant(row, protocol, text, ret, err);
	if (read_variable(text, &value, err) < 0)
		return -1;
	*ret = value;
	return 0;
}

void filter_value_free(struct filter_value *value)
{
	free(value->text);
	free(value->variable.name);
	*value = (struct filter_value){ 0 };
}
