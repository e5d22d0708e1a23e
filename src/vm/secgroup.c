/* Security groups: read, checked, written. */
#include "vm/secgroup.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <inttypes.h>

#include "base/parse.h"
#include "base/strv.h"
#include "base/text.h"
#include "vm/keys.h"

#define MAX_DEPTH 4

static const char *const protocols[SECGROUP_PROTOCOL_MAX] = {
	[SECGROUP_ALL] = "all",       [SECGROUP_TCP] = "tcp",         [SECGROUP_UDP] = "udp",
	[SECGROUP_SCTP] = "sctp",     [SECGROUP_UDPLITE] = "udplite", [SECGROUP_ICMP] = "icmp",
	[SECGROUP_ICMPV6] = "icmpv6", [SECGROUP_IGMP] = "igmp",       [SECGROUP_ESP] = "esp",
	[SECGROUP_AH] = "ah",
};

const char *secgroup_protocol_to_string(enum secgroup_protocol protocol)
{
	return protocols[protocol];
}

void secgroup_free(struct secgroup *group)
{
	if (!group)
		return;
	for (size_t i = 0; i < group->n_rules; i++)
		keys_free(&secgroup_rule_keys, &group->rules[i]);
	free(group->rules);
	free(group->name);
	free(group->description);
	free(group);
}

void secgroup_free_ptr(struct secgroup **group)
{
	secgroup_free(*group);
}

bool secgroup_name_is_valid(const char *name, struct error *err)
{
	size_t n = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-");

	if (n > 0 && n <= SECGROUP_NAME_MAX && !name[n] && isalnum((unsigned char)*name))
		return true;
	_cleanup_free_ char *printable = text_printable(name, strlen(name), 80);
	error_set(err, ERROR_SPEC, "\"%s\" is no name of a security group", printable);
	error_hint(err, "1 to %d letters, digits and . _ -, the first a letter or a digit", SECGROUP_NAME_MAX);
	return false;
}

/* --- reading a rule --- */

struct reading {
	struct secgroup_rule *rule;
	const char *path;
	struct problems *problems;
};

static void complain(const struct reading *r, const char *key, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
static void complain(const struct reading *r, const char *key, const char *format, ...)
{
	_cleanup_free_ char *at = keys_path(r->path, key);
	va_list ap;

	va_start(ap, format);
	_cleanup_free_ char *message = xvprintf(format, ap);
	va_end(ap);
	problems_add(r->problems, at, "%s", message);
}

static bool is_icmp(const struct secgroup_rule *rule)
{
	return rule->protocol == SECGROUP_ICMP || rule->protocol == SECGROUP_ICMPV6;
}

static bool has_ports(const struct secgroup_rule *rule)
{
	return rule->protocol == SECGROUP_TCP || rule->protocol == SECGROUP_UDP || rule->protocol == SECGROUP_SCTP;
}

/* 80, "80", "8000-8080". */
static void read_ports(const struct reading *r, const struct json *ports)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	_cleanup_free_ char *number = xprintf("%" PRId64, json_int(ports, -1));
	const char *text = json_type_of(ports) == JSON_INT ? number : json_string(ports, NULL);
	const char *dash = text ? strchr(text, '-') : NULL;

	if (!text || (dash == text)) {
		complain(r, "ports", "must be a port or a range: 80, \"8000-8080\"");
		return;
	}
	_cleanup_free_ char *first = xstrndup(text, strcspn(text, "-"));
	if (parse_int(first, "the port", 0, 65535, &r->rule->from_port, &err) < 0 ||
	    parse_int(dash ? dash + 1 : first, "the port", 0, 65535, &r->rule->to_port, &err) < 0)
		problems_add_error(r->problems, r->path, &err);
}

/* nova's words: from_port and to_port of ICMP are type and code. */
static void settle_ports(const struct reading *r, const struct json *document)
{
	struct secgroup_rule *rule = r->rule;
	const struct json *ports = json_get(document, "ports");
	bool from_to = json_get(document, "from_port") || json_get(document, "to_port");

	if (is_icmp(rule) && from_to) {
		if (json_get(document, "type") || json_get(document, "code"))
			complain(r, "from_port", "is the type of ICMP: one of both");
		rule->type = rule->from_port;
		rule->code = rule->to_port;
		rule->from_port = rule->to_port = SECGROUP_ANY;
		if (rule->type > 255 || rule->code > 255)
			complain(r, "from_port", "type and code of ICMP are 255 at most");
	}
	if (ports && from_to)
		complain(r, "ports", "says the same as from_port and to_port: one of both");
	else if (ports)
		read_ports(r, ports);
	if (rule->to_port == SECGROUP_ANY)
		rule->to_port = rule->from_port;
	if (rule->from_port == SECGROUP_ANY && rule->to_port != SECGROUP_ANY)
		complain(r, "to_port", "needs from_port");
	else if (rule->from_port > rule->to_port)
		complain(r, ports ? "ports" : "to_port", "the range ends before it begins");
	if (rule->from_port != SECGROUP_ANY && !has_ports(rule))
		complain(r, ports ? "ports" : "from_port", "%s has no ports", protocols[rule->protocol]);
}

static void clear_host_bits(uint8_t *bytes, int64_t prefix, int bits)
{
	for (int i = (int)prefix; i < bits; i++)
		bytes[i / 8] &= (uint8_t) ~(0x80 >> i % 8);
}

static void settle_cidr(const struct reading *r)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	struct secgroup_rule *rule = r->rule;
	const char *slash = strchr(rule->cidr, '/');
	_cleanup_free_ char *address = xstrndup(rule->cidr, strcspn(rule->cidr, "/"));
	bool ipv6 = strchr(address, ':');
	int bits = ipv6 ? 128 : 32, family = ipv6 ? AF_INET6 : AF_INET;
	int64_t prefix = bits;
	uint8_t bytes[16];
	char text[INET6_ADDRSTRLEN];

	if (inet_pton(family, address, bytes) != 1) {
		complain(r, "cidr", "\"%s\" is no ADDRESS/LENGTH", rule->cidr);
		return;
	}
	if (slash && parse_int(slash + 1, "the length", 0, bits, &prefix, &err) < 0) {
		complain(r, "cidr", "%s", err.message);
		return;
	}
	clear_host_bits(bytes, prefix, bits);
	free(rule->cidr);
	rule->cidr = xprintf("%s/%d", inet_ntop(family, bytes, text, sizeof(text)), (int)prefix);
	rule->family = ipv6 ? FILTER_FAMILY_IPV6 : FILTER_FAMILY_IPV4;
}

static void settle_peer(const struct reading *r)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	struct secgroup_rule *rule = r->rule;

	if (!*rule->cidr && !*rule->group) {
		problems_add(r->problems, r->path,
			     "needs cidr or group: 0.0.0.0/0 and ::/0 are everywhere, but have to be written");
	} else if (*rule->cidr && *rule->group) {
		complain(r, "group", "cidr is there already: a rule has one of both");
	} else if (*rule->cidr) {
		settle_cidr(r);
	} else if (!secgroup_name_is_valid(rule->group, &err)) {
		complain(r, "group", "%s", err.message);
	}
}

static void settle_protocol(const struct reading *r)
{
	struct secgroup_rule *rule = r->rule;

	if (rule->protocol == SECGROUP_ICMP && rule->family == FILTER_FAMILY_IPV6)
		rule->protocol = SECGROUP_ICMPV6;
	if (rule->protocol == SECGROUP_ICMPV6 && rule->family == FILTER_FAMILY_IPV4)
		complain(r, "protocol", "icmpv6 does not come from an IPv4 address: icmp, or another cidr");
	if (rule->protocol == SECGROUP_IGMP && rule->family == FILTER_FAMILY_IPV6)
		complain(r, "protocol", "igmp is of IPv4");
	if ((rule->type != SECGROUP_ANY || rule->code != SECGROUP_ANY) && !is_icmp(rule))
		complain(r, "type", "%s has no types and codes", protocols[rule->protocol]);
	if (rule->code != SECGROUP_ANY && rule->type == SECGROUP_ANY)
		complain(r, "code", "needs type");
}

static void read_rule(const struct json *document, const char *path, struct secgroup_rule *rule,
		      struct problems *problems)
{
	struct reading r = { rule, path, problems };
	size_t before = problems->n;

	keys_read(&secgroup_rule_keys, document, rule, path, problems);
	/* What follows would only say again, in other words, what is wrong. */
	if (problems->n > before)
		return;
	settle_ports(&r, document);
	settle_peer(&r);
	settle_protocol(&r);
}

/* --- reading a group --- */

static void read_rules(const struct json *list, struct secgroup *group, struct problems *problems)
{
	size_t n = json_length(list);

	if (!list || !keys_expect(list, JSON_ARRAY, "rules", problems))
		return;
	if (n > SECGROUP_RULES_MAX) {
		problems_add(problems, "rules", "%zu rules, %d at most", n, SECGROUP_RULES_MAX);
		return;
	}
	group->rules = xcalloc(n ? n : 1, sizeof(*group->rules));
	for (size_t i = 0; i < n; i++) {
		_cleanup_free_ char *path = xprintf("rules[%zu]", i);

		keys_init(&secgroup_rule_keys, &group->rules[group->n_rules++]);
		read_rule(json_at(list, i), path, &group->rules[i], problems);
	}
}

int secgroup_parse(const char *text, size_t length, const char *what, struct secgroup **ret, struct error *err)
{
	_cleanup_problems_ struct problems problems = { 0 };
	_cleanup_error_ struct error name = ERROR_INIT;
	_cleanup_json_ struct json *document = NULL;
	_cleanup_secgroup_ struct secgroup *group = xcalloc(1, sizeof(*group));

	keys_init(&secgroup_keys, group);
	if (json_parse(text, length, SECGROUP_MAX_BYTES, MAX_DEPTH, what, &document, err) < 0)
		return -1;
	keys_read(&secgroup_keys, document, group, "", &problems);
	if (*group->name && !secgroup_name_is_valid(group->name, &name))
		problems_add_error(&problems, "name", &name);
	read_rules(json_get(document, "rules"), group, &problems);
	if (problems_to_error(&problems, ERROR_SPEC, what, err) < 0)
		return -1;
	*ret = take_ptr(group);
	return 0;
}

/* --- writing --- */

static struct json *rule_to_json(const struct secgroup_rule *rule)
{
	struct json *json = json_new_object();

	json_put_string(json, "direction", rule->outgoing ? "out" : "in");
	json_put_string(json, "protocol", protocols[rule->protocol]);
	if (rule->from_port != SECGROUP_ANY && rule->from_port == rule->to_port)
		json_put_int(json, "ports", rule->from_port);
	else if (rule->from_port != SECGROUP_ANY)
		json_put_stringf(json, "ports", "%" PRId64 "-%" PRId64, rule->from_port, rule->to_port);
	if (rule->type != SECGROUP_ANY)
		json_put_int(json, "type", rule->type);
	if (rule->code != SECGROUP_ANY)
		json_put_int(json, "code", rule->code);
	if (*rule->cidr)
		json_put_string(json, "cidr", rule->cidr);
	else
		json_put_string(json, "group", rule->group);
	if (*rule->description)
		json_put_string(json, "description", rule->description);
	return json;
}

struct json *secgroup_to_json(const struct secgroup *group)
{
	struct json *json = json_new_object(), *rules = json_new_array();

	json_put_string(json, "name", group->name);
	if (*group->description)
		json_put_string(json, "description", group->description);
	for (size_t i = 0; i < group->n_rules; i++)
		json_append(rules, rule_to_json(&group->rules[i]));
	json_put(json, "rules", rules);
	return json;
}

bool secgroup_has_outgoing(const struct secgroup *group)
{
	for (size_t i = 0; i < group->n_rules; i++)
		if (group->rules[i].outgoing)
			return true;
	return false;
}

char **secgroup_references(const struct secgroup *group)
{
	char **names = NULL;

	for (size_t i = 0; i < group->n_rules; i++)
		if (*group->rules[i].group && !strv_contains(names, group->rules[i].group))
			strv_add(&names, group->rules[i].group);
	return names;
}
