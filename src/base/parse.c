/* Numbers and words from text: the whole string, in a range, with the key in the error. */
#include "base/parse.h"

#include <ctype.h>
#include <inttypes.h>
#include <strings.h>

#include "base/text.h"

/* "WHAT: "TEXT" COMPLAINT": the text as it may stand in an error: it may be long, and from anywhere. Made
 * only when there is one. */
static int refuse(struct error *err, const char *what, const char *s, const char *complaint)
{
	_cleanup_free_ char *shown = text_printable(s, strlen(s), 60);

	return error_set(err, ERROR_SPEC, "%s: \"%s\" %s", what, shown, complaint);
}

static int refuse_range(struct error *err, const char *what, const char *s, int64_t min, int64_t max)
{
	_cleanup_free_ char *shown = text_printable(s, strlen(s), 60);

	return error_set(err, ERROR_SPEC, "%s: %s is out of range (%" PRId64 " to %" PRId64 ")", what, shown, min, max);
}

int parse_int(const char *s, const char *what, int64_t min, int64_t max, int64_t *ret, struct error *err)
{
	const char *digits = s + (*s == '-');
	size_t n = strspn(digits, "0123456789");
	bool fits = true;
	int64_t value = 0;

	if (!n || digits[n])
		return refuse(err, what, s, "is not a whole number");
	for (size_t i = 0; i < n && fits; i++) {
		int digit = digits[i] - '0';

		fits = !__builtin_mul_overflow(value, 10, &value) &&
		       !__builtin_add_overflow(value, *s == '-' ? -digit : digit, &value);
	}
	if (!fits || value < min || value > max)
		return refuse_range(err, what, s, min, max);
	*ret = value;
	return 0;
}

int parse_bool(const char *s, const char *what, bool *ret, struct error *err)
{
	static const struct {
		const char *word;
		bool value;
	} words[] = { { "true", true }, { "false", false }, { "yes", true }, { "no", false },
		      { "on", true },   { "off", false },   { "1", true },   { "0", false } };

	for (size_t i = 0; i < ELEMENTS(words); i++) {
		if (strcasecmp(s, words[i].word) == 0) {
			*ret = words[i].value;
			return 0;
		}
	}
	return refuse(err, what, s, "is neither true nor false");
}

#define SECONDS_MAX (10LL * 365 * 24 * 3600) /* ten years: longer is a slip of the hand */

int parse_seconds(const char *s, const char *what, int64_t *ret_ms, struct error *err)
{
	size_t n = strspn(s, "0123456789"), fraction = 0;
	int64_t ms = 0, unit = 1, scale = 100;
	const char *p = s + n;

	if (*p == '.') {
		fraction = strspn(p + 1, "0123456789");
		p += 1 + fraction;
	}
	if (*p == 's' || *p == 'm' || *p == 'h')
		unit = *p == 's' ? 1 : *p == 'm' ? 60 : 3600, p++;
	if (!n || *p || (s[n] == '.' && !fraction))
		return refuse(err, what, s, "is not a time (seconds such as 12 or 1.5, or with s, m, h)");
	for (size_t i = 0; i < n && ms <= SECONDS_MAX; i++)
		ms = ms * 10 + (s[i] - '0');
	if (ms > SECONDS_MAX / unit)
		return refuse(err, what, s, "is over ten years");
	ms *= 1000;
	for (size_t i = 0; i < fraction && scale; i++, scale /= 10)
		ms += (s[n + 1 + i] - '0') * scale;
	*ret_ms = ms * unit;
	return 0;
}

/* True when s has the shape of `pattern`, in which x is a hex digit and all else itself; *ret gets it in lower case. */
static bool has_shape(const char *s, const char *pattern, char *ret)
{
	size_t i;

	for (i = 0; pattern[i]; i++) {
		if (pattern[i] == 'x' ? !isxdigit((unsigned char)s[i]) : s[i] != pattern[i])
			return false;
		ret[i] = (char)tolower((unsigned char)s[i]);
	}
	ret[i] = '\0';
	return s[i] == '\0';
}

int parse_uuid(const char *s, const char *what, char ret[37], struct error *err)
{
	char lower[37];

	if (!has_shape(s, "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx", lower))
		return refuse(err, what, s, "is not a UUID (such as 0f1b9cf2-8f2d-4a50-9a5e-0d0a6f7f9b11)");
	memcpy(ret, lower, sizeof(lower));
	return 0;
}

int parse_mac(const char *s, const char *what, char ret[18], struct error *err)
{
	char lower[18];

	if (!has_shape(s, "xx:xx:xx:xx:xx:xx", lower))
		return refuse(err, what, s, "is not a MAC address (such as aa:00:00:35:ac:23)");
	if (strchr("13579bdf", lower[1]))
		return refuse(err, what, s, "is a multicast address, no interface can have it");
	if (streq(lower, "00:00:00:00:00:00"))
		return error_set(err, ERROR_SPEC, "%s: the MAC address is all zero", what);
	memcpy(ret, lower, sizeof(lower));
	return 0;
}

static unsigned hex_digit(char c)
{
	return (unsigned)(isdigit((unsigned char)c) ? c - '0' : tolower((unsigned char)c) - 'a' + 10);
}

bool parse_mac_octets(const char *s, uint8_t ret[6])
{
	uint8_t octets[6];

	for (int i = 0; i < 6; i++) {
		unsigned octet = 0;
		size_t n = 0;

		for (; n < 2 && isxdigit((unsigned char)s[n]); n++)
			octet = octet * 16 + hex_digit(s[n]);
		if (!n || s[n] != (i < 5 ? ':' : '\0'))
			return false;
		octets[i] = (uint8_t)octet;
		s += n + 1;
	}
	memcpy(ret, octets, sizeof(octets));
	return true;
}
