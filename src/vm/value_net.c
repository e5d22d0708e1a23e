/* Reading values that name something of a network or of people's order: UUIDs, MACs, addresses, subnets,
 * lists of words. */
#include "vm/value_read.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <net/if.h>
#include <string.h>

#include "base/parse.h"
#include "base/strv.h"
#include "base/text.h"

#define WORD_MAX 128
#define WORDS_MAX 1024

int text_ip_version(const char *s)
{
	struct in6_addr address;
	if (inet_pton(AF_INET, s, &address) == 1)
		return 4;
	return inet_pton(AF_INET6, s, &address) == 1 ? 6 : 0;
}

/* The kernel's rule (dev_valid_name): no '/', no ':', no blanks; we take printable ASCII only. */
bool text_is_interface(const char *s)
{
	if (!*s || strlen(s) >= IFNAMSIZ || streq(s, ".") || streq(s, ".."))
		return false;
	for (; *s; s++)
		if (!isgraph((unsigned char)*s) || *s == '/' || *s == ':')
			return false;
	return true;
}

bool text_is_url(const char *s)
{
	static const char *const schemes[] = { "http://", "https://", "ftp://" };
	for (size_t i = 0; i < ELEMENTS(schemes); i++)
		if (starts_with(s, schemes[i]) && s[strlen(schemes[i])])
			return true;
	return false;
}

bool value_read_uuid(const struct value_rule *rule, const struct json *j, void *target, const char *path,
		     struct problems *problems)
{
	(void)rule;
	_cleanup_error_ struct error err = ERROR_INIT;
	const char *s = json_string(j, NULL);
	char uuid[37] = "";
	if (!s)
		return value_refuse_type(j, "text", path, problems);
	if (*s && parse_uuid(s, "value", uuid, &err) < 0)
		return value_refuse(problems, path, s, "is no UUID (8-4-4-4-12 hexadecimal digits)");
	return value_set_text(target, uuid);
}

bool value_read_mac(const struct value_rule *rule, const struct json *j, void *target, const char *path,
		    struct problems *problems)
{
	(void)rule;
	_cleanup_error_ struct error err = ERROR_INIT;
	const char *s = json_string(j, NULL);
	char mac[18] = "";
	if (!s)
		return value_refuse_type(j, "text", path, problems);
	if (*s && parse_mac(s, "value", mac, &err) < 0)
		return value_refuse(problems, path, s, "is no MAC address of one device (aa:00:00:35:ac:23)");
	return value_set_text(target, mac);
}

bool value_read_mac_prefix(const struct value_rule *rule, const struct json *j, void *target, const char *path,
			   struct problems *problems)
{
	(void)rule;
	_cleanup_error_ struct error err = ERROR_INIT;
	const char *s = json_string(j, NULL);
	if (!s)
		return value_refuse_type(j, "text", path, problems);
	if (!*s)
		return value_set_text(target, "");
	/* an address with this prefix must be one of a single device, so its first octet says all */
	_cleanup_free_ char *whole = xprintf("%s:00:00:01", s);
	char mac[18];
	if (strlen(s) != 8 || parse_mac(whole, "value", mac, &err) < 0)
		return value_refuse(problems, path, s, "is no prefix of three octets of a MAC address (aa:00:00)");
	mac[8] = '\0';
	return value_set_text(target, mac);
}

/* s as inet_ntop(3) writes it, or NULL when it is no address of the family. */
static char *canonical(const char *s, int family)
{
	struct in6_addr address;
	char text[INET6_ADDRSTRLEN];
	if (inet_pton(family, s, &address) != 1 || !inet_ntop(family, &address, text, sizeof(text)))
		return NULL;
	return xstrdup(text);
}

bool value_read_address(const struct value_rule *rule, const struct json *j, void *target, const char *path,
			struct problems *problems)
{
	bool six = rule->kind == VALUE_IP6;
	const char *s = json_string(j, NULL);
	if (!s)
		return value_refuse_type(j, "text", path, problems);
	_cleanup_free_ char *address = *s ? canonical(s, six ? AF_INET6 : AF_INET) : xstrdup("");
	if (!address && strchr(s, '/'))
		return value_refuse(problems, path, s, "must be an address without a prefix length");
	if (!address)
		return value_refuse(problems, path, s, six ? "is no IPv6 address" : "is no IPv4 address");
	return value_set_text(target, address);
}

bool value_read_subnet(const struct value_rule *rule, const struct json *j, void *target, const char *path,
		       struct problems *problems)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	bool six = rule->kind == VALUE_SUBNET6;
	const char *s = json_string(j, NULL);
	if (!s)
		return value_refuse_type(j, "text", path, problems);
	if (!*s)
		return value_set_text(target, "");

	const char *slash = strchr(s, '/');
	_cleanup_free_ char *head = slash ? xstrndup(s, (size_t)(slash - s)) : NULL;
	_cleanup_free_ char *address = head ? canonical(head, six ? AF_INET6 : AF_INET) : NULL;
	int64_t length;
	if (!address || parse_int(slash + 1, "value", 0, six ? 128 : 32, &length, &err) < 0)
		return value_refuse(problems, path, s,
				    six ? "is no IPv6 subnet (2001:db8::/64)" : "is no IPv4 subnet (198.51.100.0/24)");
	_cleanup_free_ char *subnet = xprintf("%s/%d", address, (int)length);
	return value_set_text(target, subnet);
}

/* Ganeti's rule for tags. */
static bool is_word(const char *s)
{
	if (!*s || strlen(s) > WORD_MAX)
		return false;
	for (; *s; s++)
		if (!isalnum((unsigned char)*s) && !strchr("_.+*/:@-", *s))
			return false;
	return true;
}

/* An array of words (or, where `text` is taken, words in one text) as a vector; false and a problem when it is none. */
static bool words_of(const struct json *j, bool text, char ***ret, const char *path, struct problems *problems)
{
	_cleanup_strv_ char **words = NULL;
	if (json_type_of(j) == JSON_STRING && text) {
		_cleanup_strv_ char **parts = strv_split(json_string(j, ""), ' ');
		for (size_t i = 0; parts && parts[i]; i++)
			if (*parts[i])
				strv_add(&words, parts[i]);
	} else if (json_type_of(j) == JSON_ARRAY) {
		words = json_strings(j);
	} else {
		return value_refuse_type(j, "an array of words", path, problems);
	}
	if (strv_length(words) > WORDS_MAX) {
		problems_add(problems, path, "has %zu words; at most %d are allowed", strv_length(words), WORDS_MAX);
		return false;
	}
	for (size_t i = 0; words && words[i]; i++)
		if (!is_word(words[i]))
			return value_refuse(problems, path, words[i],
					    "is no word of letters, digits and _.+*/:@- of at most 128 bytes");
	*ret = take_ptr(words);
	return true;
}

bool value_read_words(const struct value_rule *rule, const struct json *j, void *target, const char *path,
		      struct problems *problems)
{
	(void)rule;
	_cleanup_strv_ char **words = NULL;
	if (!words_of(j, true, &words, path, problems))
		return false;
	_cleanup_free_ char *text = words ? strv_join(words, " ") : xstrdup("");
	return value_set_text(target, text);
}

bool value_read_tags(const struct value_rule *rule, const struct json *j, void *target, const char *path,
		     struct problems *problems)
{
	(void)rule;
	char **words = NULL;
	if (!words_of(j, false, &words, path, problems))
		return false;
	strv_free(*(char ***)target);
	*(char ***)target = words;
	return true;
}
