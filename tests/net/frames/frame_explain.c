/* The frames of the tables in the words of `filter explain`, and what it says of them: the same as the kernel. Connections are
 * remembered here, as the kernel would. */
#include <arpa/inet.h>
#include <stdio.h>

#include "base/text.h"
#include "frames.h"
#include "vm/filter_explain.h"
#include "vm/filter_sides.h"

struct connection {
	char *key; /* of the direction in which it began */
	bool answered;
};

struct explainer {
	struct filter_tree tree;
	bool follows; /* the rules look at connections: fragments are put together */
	bool counts;  /* connlimit-above: how many there are is the kernel's to know */
	struct connection *connections;
	size_t n;
	char **members; /* "GROUP ADDRESS" */
	int family;     /* of the packet that is asked about */
};

void explainer_member(struct explainer *e, const char *member, bool remove)
{
	char **left = NULL;

	for (char **old = e->members; old && *old; old++)
		if (!streq(*old, member))
			strv_add(&left, *old);
	if (!remove)
		strv_add(&left, member);
	strv_free(e->members);
	e->members = left;
}

static bool is_member(void *arg, const char *group, const uint8_t *address)
{
	struct explainer *e = arg;
	char text[INET6_ADDRSTRLEN];
	_cleanup_free_ char *member = xprintf("%s %s", group, inet_ntop(e->family, address, text, sizeof(text)));

	return strv_contains(e->members, member);
}

struct explainer *explainer_new(struct filter_case *c, const struct filter_kernel *kernel)
{
	struct explainer *e = xcalloc(1, sizeof(*e));
	struct filter_source source = { case_find, c };
	_cleanup_problems_ struct problems problems = { 0 };
	_cleanup_filter_program_ struct filter_program program = { 0 };
	struct filter_nic nic = { "tap0", 2 };

	if (filter_tree_build(&source, c->top, c->parameters.parameters, c->parameters.n_parameters, &e->tree, NULL,
			      &problems) < 0 ||
	    filter_compile(&e->tree, &nic, kernel, &program, &problems) < 0)
		case_die(c->path, "does not compile", NULL);
	e->follows = program.connections;
	for (size_t i = 0; i < e->tree.n; i++) {
		struct filter_standing standing;

		if (filter_rule_stands(&e->tree.rules[i], SIDE_FROM_GUEST, &standing))
			e->counts |= standing.limit != NULL;
	}
	return e;
}

void explainer_flush(struct explainer *e)
{
	for (size_t i = 0; i < e->n; i++)
		free(e->connections[i].key);
	e->n = 0;
}

void explainer_free(struct explainer *e)
{
	if (!e)
		return;
	explainer_flush(e);
	free(e->connections);
	strv_free(e->members);
	filter_tree_clear(&e->tree);
	free(e);
}

/* --- words --- */

static const char *get(char *const *words, const char *key, const char *fallback)
{
	size_t length = strlen(key);

	for (; *words; words++)
		if (starts_with(*words, key) && (*words)[length] == '=')
			return *words + length + 1;
	return fallback;
}

static unsigned long number(char *const *words, const char *key, unsigned long fallback)
{
	const char *s = get(words, key, NULL);

	return s ? strtoul(s, NULL, 0) : fallback;
}

static void put_rest(FILE *out, char *const *words, const char *const (*names)[2])
{
	for (size_t i = 0; names[i][0]; i++)
		if (get(words, names[i][0], NULL))
			fprintf(out, " %s %s", names[i][1], get(words, names[i][0], NULL));
}

static void put_numbers(FILE *out, char *const *words, const char *const (*names)[2])
{
	for (size_t i = 0; names[i][0]; i++)
		if (get(words, names[i][0], NULL))
			fprintf(out, " %s %lu", names[i][1], number(words, names[i][0], 0));
}

static void put_arp(FILE *out, char *const *words, bool from_guest)
{
	static const char *const numbers[][2] = { { "op", "opcode" }, { "hw", "hwtype" }, { "proto", "protocoltype" },
						  { "hlen", "hlen" }, { "plen", "plen" }, { NULL, NULL } };

	fprintf(out, " sender-mac %s target-mac %s tell %s who %s", get(words, "sha", from_guest ? GUEST_MAC : LAN_MAC),
		get(words, "tha", "00:00:00:00:00:00"), get(words, "spa", from_guest ? GUEST_IP : LAN_IP),
		get(words, "tpa", from_guest ? LAN_IP : GUEST_IP));
	put_numbers(out, words, numbers);
}

static void put_bpdu(FILE *out, char *const *words)
{
	static const char *const numbers[][2] = { { "btype", "type" }, { "bflags", "flags" }, { NULL, NULL } };

	put_numbers(out, words, numbers);
	fprintf(out, " root-priority %lu root-address %s root-cost %lu sender-priority %lu sender-address %s port %lu",
		number(words, "rprio", 0x8000), get(words, "raddr", "52:54:00:00:0a:0a"), number(words, "rcost", 100),
		number(words, "sprio", 0x8000), get(words, "saddr", "52:54:00:00:0b:0b"),
		number(words, "port", 0x8001));
	fprintf(out, " age %lu max-age %lu hello-time %lu forward-delay %lu", number(words, "age", 256),
		number(words, "maxage", 5120), number(words, "hello", 512), number(words, "delay", 3840));
}

static const char *address(char *const *words, bool source, bool from_guest, bool ipv6)
{
	bool guest = source == from_guest, host = streq(words[0], "up") || streq(words[0], "down");

	return get(words, source ? "src" : "dst",
		   host && !guest ? HOST_IP
		   : guest        ? (ipv6 ? GUEST_IPV6 : GUEST_IP)
				  : (ipv6 ? LAN_IPV6 : LAN_IP));
}

static bool has_ports(const char *kind)
{
	return starts_with(kind, "tcp") || starts_with(kind, "udp") || starts_with(kind, "sctp");
}

static void put_ip(FILE *out, char *const *words, bool from_guest)
{
	static const char *const numbers[][2] = {
		{ "dscp", "dscp" }, { "type", "type" }, { "code", "code" }, { "opt", "option" }, { NULL, NULL }
	};
	static const char *const rest[][2] = { { "target", "ndtargetaddr" }, { NULL, NULL } };
	const char *kind = words[2], *frag = get(words, "frag", NULL);
	bool ipv6 = ends_with(kind, "6"), later = frag && number(words, "frag", 0) > 0,
	     ports = has_ports(kind) && !later;
	const char *from = ports && ipv6 ? "[" : "", *to = ports && ipv6 ? "]" : "";

	fprintf(out, " %s%s%s", from, address(words, true, from_guest, ipv6), to);
	if (ports)
		fprintf(out, ":%lu", number(words, "sport", from_guest ? 40000 : 50000));
	fprintf(out, " > %s%s%s", from, address(words, false, from_guest, ipv6), to);
	if (ports)
		fprintf(out, ":%lu", number(words, "dport", 80));
	if (frag)
		fprintf(out, " fragment %s", later ? "later" : "first");
	if (streq(kind, "ip") || streq(kind, "ip6"))
		fprintf(out, " protocol %lu", number(words, "proto", 253));
	if (starts_with(kind, "tcp") && !later)
		fprintf(out, " flags %s", get(words, "flags", "syn"));
	if (!later) {
		put_numbers(out, words, numbers);
		put_rest(out, words, rest);
	} else if (get(words, "dscp", NULL)) {
		fprintf(out, " dscp %lu", number(words, "dscp", 0));
	}
}

static void put_frame(FILE *out, char *const *words, bool from_guest)
{
	const char *kind = words[2], *host = streq(words[0], "up") || streq(words[0], "down") ? HOST_MAC : LAN_MAC;
	const char *to = streq(kind, "stp")    ? "01:80:c2:00:00:00"
			 : strstr(kind, "arp") ? "ff:ff:ff:ff:ff:ff"
			 : from_guest          ? host
					       : GUEST_MAC;

	fprintf(out, " mac %s > %s %s", get(words, "esrc", from_guest ? GUEST_MAC : host), get(words, "edst", to),
		from_guest ? "out" : "in");
	if (get(words, "vlan", NULL))
		fprintf(out, " vlan %lu tag-type %s", number(words, "vlan", 0) & 0xfff, get(words, "outer", "0x8100"));
}

/* --- connections --- */

static char *key_of(char *const *words, bool from_guest, bool reverse)
{
	const char *kind = words[2];
	bool ipv6 = ends_with(kind, "6");
	const char *from = address(words, !reverse, from_guest, ipv6), *to = address(words, reverse, from_guest, ipv6);
	unsigned long source = number(words, "sport", from_guest ? 40000 : 50000),
		      destination = number(words, "dport", 80);
	unsigned long type = number(words, "type", ipv6 ? 128 : 8);

	if (starts_with(kind, "icmp")) {
		/* Questions are even in ICMP, odd from 13 on; each answer stands beside its question. */
		unsigned long question = ipv6 ? type & ~1ul : type == 0 || type == 8 ? 8 : (type - 1) | 1ul;

		return xprintf("%s %s %s %lu %lu", kind, from, to, number(words, "id", 1), question);
	}
	if (!has_ports(kind))
		return xprintf("%s %s %s %lu", kind, from, to, number(words, "proto", 253));
	return xprintf("%s %s %lu %s %lu", kind, from, reverse ? destination : source, to,
		       reverse ? source : destination);
}

static bool flag(char *const *words, const char *name)
{
	return strstr(get(words, "flags", "syn"), name);
}

/* Whether a connection can begin so; -1: it is not looked at. */
static int can_begin(char *const *words)
{
	const char *kind = words[2];
	unsigned long type = number(words, "type", ends_with(kind, "6") ? 128 : 8);

	if (starts_with(kind, "tcp"))
		return !flag(words, "rst") && !flag(words, "fin") && flag(words, "syn") != flag(words, "ack");
	if (streq(kind, "icmp"))
		return type == 8 || type == 13 || type == 15 || type == 17;
	if (streq(kind, "icmp6"))
		return (type >= 130 && type <= 136) || type == 143 ? -1 : type == 128 || type == 139;
	return 1;
}

static struct connection *find(struct explainer *e, const char *key)
{
	for (size_t i = 0; i < e->n; i++)
		if (streq(e->connections[i].key, key))
			return &e->connections[i];
	return NULL;
}

static bool is_error(char *const *words)
{
	unsigned long type = number(words, "type", 8);

	return streq(words[2], "icmp") ? type == 3 || type == 4 || type == 5 || type == 11 || type == 12
				       : streq(words[2], "icmp6") && number(words, "type", 128) < 128;
}

static const char *state_of(struct explainer *e, char *const *words, bool from_guest)
{
	_cleanup_free_ char *key = key_of(words, from_guest, false), *reverse = key_of(words, from_guest, true);
	struct connection *original = find(e, key), *answered = find(e, reverse);
	int begins = can_begin(words);

	if (begins < 0)
		return "untracked";
	if (is_error(words))
		return "invalid";
	if (starts_with(words[2], "icmp") && (begins ? !original : !answered))
		return begins ? "new" : "invalid";
	if (answered && !original) {
		answered->answered = true;
		return "established answer";
	}
	if (original)
		return original->answered ? "established" : "new";
	return begins ? "new" : "invalid";
}

static void remember(struct explainer *e, char *const *words, bool from_guest)
{
	char *key = key_of(words, from_guest, false);

	if (find(e, key)) {
		free(key);
		return;
	}
	grow_array(e->connections, e->n);
	e->connections[e->n++] = (struct connection){ .key = key };
}

/* --- a frame --- */

static char *packet_text(struct explainer *e, char *const *words, const char **ret_state)
{
	const char *kind = words[2];
	bool from_guest = streq(words[0], "out") || streq(words[0], "up");
	bool ether = streq(kind, "eth"), arp = streq(kind, "arp") || streq(kind, "rarp"), bpdu = streq(kind, "stp");
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (ether)
		fprintf(out, "ether %s", get(words, "type", "0x88b5"));
	else if (starts_with(kind, "icmp6"))
		fputs("icmpv6", out);
	else if (streq(kind, "ip6"))
		fputs("ipv6", out);
	else
		fprintf(out, "%.*s", (int)(strlen(kind) - ends_with(kind, "6")), kind);
	*ret_state = NULL;
	if (arp) {
		put_arp(out, words, from_guest);
	} else if (bpdu) {
		put_bpdu(out, words);
	} else if (!ether) {
		put_ip(out, words, from_guest);
		if (!get(words, "vlan", NULL))
			fprintf(out, " state %s", *ret_state = state_of(e, words, from_guest));
	}
	put_frame(out, words, from_guest);
	fclose(out);
	return text;
}

/* Whether it can be said of this frame at all; the kernel knows what the words do not. */
static bool is_comparable(const struct explainer *e, char *const *words)
{
	if (e->counts && (starts_with(words[2], "tcp") || starts_with(words[2], "udp")))
		return false;
	return !e->follows || !get(words, "frag", NULL);
}

const char *explain_frame(struct explainer *e, char *const *words, char **ret_text)
{
	_cleanup_filter_explanation_ struct filter_explanation explanation = { 0 };
	_cleanup_problems_ struct problems problems = { 0 };
	struct filter_packet_defaults defaults = { GUEST_MAC };
	struct filter_packet packet;
	struct error err = ERROR_INIT;
	const char *state;

	if (!is_comparable(e, words))
		return NULL;
	*ret_text = packet_text(e, words, &state);
	if (filter_packet_parse(*ret_text, &defaults, &packet, &err) < 0)
		case_die(*ret_text, "is not understood", &err);
	e->family = packet.family == FILTER_FAMILY_IPV6 ? AF_INET6 : AF_INET;
	packet.is_member = is_member;
	packet.is_member_arg = e;
	if (filter_explain(&e->tree, &packet, &explanation, &problems) < 0)
		case_die(*ret_text, problems.list[0].message, NULL);
	if (explanation.verdict == FILTER_ACCEPT && state && !streq(state, "invalid") && !streq(state, "untracked") &&
	    !strstr(state, "answer"))
		remember(e, words, streq(words[0], "out") || streq(words[0], "up"));
	return explanation.verdict == FILTER_ACCEPT ? "pass" : explanation.verdict == FILTER_REJECT ? "reject" : "drop";
}
