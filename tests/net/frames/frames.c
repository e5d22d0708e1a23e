/* frames SHIPPED TABLE...: puts each table's frames into a bridge from a guest's side and from the other, and looks what comes out.
 *
 * Run in a network namespace of its own that has the bridge br0 with the TAPs tap0 (the guest's) and tap1 (the LAN's); see
 * tests/net/frames-verdicts. A table is a case of filter_case.h whose other lines are
 *
 *   out|in pass|drop|reject FRAME...     from the guest to the LAN; from the LAN to the guest
 *   up|down pass|drop udp ...            from the guest to the host; from the host, by a socket of it, to the guest
 *   flush                                the rules anew, and no connections
 *   churn FILTER FILTER                  these two take turns as the NIC's filter while frames go on that both let through, or neither
 *   member GROUP [-]ADDRESS...           who is, and no longer is, a member of a security group
 *   pause                                for a tenth of a second: the kernel forgets connections that were dropped as they began
 *
 * frames --explain SHIPPED TABLE...: what `filter explain` says of the frames instead. frames --send "out udp dport=53"...: only sends.
 * frames --churn COMMAND COMMAND: `churn` with two shell lines in place of filters.
 *
 * with FRAME as in frames.h; a value may be a list of alternatives a|b|c or a range 1..9 or 1..99/7: all combinations are sent. A write
 * to a TAP has done all its work when it returns, so what has not arrived then is dropped: nothing here waits. */
#include <fcntl.h>
#include <linux/if_tun.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <net/if.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>

#include "frames.h"
#include "host/nft.h"
#include "host/nft_element.h"
#include "vm/filter_kernel.h"
#include "vm/secgroup_members.h"

#define WORDS_MAX 64
#define CHURN_TIMES 100

struct ring {
	int guest, lan;
	size_t frames, wrong, not_said;
	bool explain; /* instead of the kernel */
	struct explainer *explainer;
};

static void command(const char *text)
{
	if (system(text) != 0)
		case_die(text, "failed", NULL);
}

static void drain(int fd)
{
	uint8_t data[4096];

	while (read(fd, data, sizeof(data)) > 0)
		;
}

/* Whether the frame arrived; *ret_error: an ICMP error came back. Padding may be gone. */
static bool travels(int from, int to, const struct frame *frame, bool *ret_error)
{
	uint8_t data[4096];
	bool arrived = false;
	ssize_t n;

	drain(from);
	drain(to);
	if (write(from, frame->data, frame->n) < 0)
		return false;
	while ((n = read(to, data, sizeof(data))) > 0)
		if ((size_t)n <= frame->n && n > 14 && memcmp(data, frame->data, (size_t)n) == 0)
			arrived = true;
	*ret_error = false;
	while ((n = read(from, data, sizeof(data))) > 0)
		if ((n > 34 && data[12] == 8 && data[13] == 0 && data[23] == 1 && data[34] == 3) ||
		    (n > 54 && data[12] == 0x86 && data[13] == 0xdd && data[20] == 58 && data[54] == 1))
			*ret_error = true;
	return arrived;
}

static void one_explained(struct ring *ring, const struct filter_case *c, const char *line, char *const *words)
{
	_cleanup_free_ char *text = NULL;
	const char *verdict = explain_frame(ring->explainer, words, &text);

	ring->frames++;
	ring->not_said += !verdict;
	if (!verdict || streq(verdict, words[1]))
		return;
	ring->wrong++;
	printf("%s:%.*s: %s, not %s: %s\n", c->path, (int)strcspn(line, " "), line, verdict, words[1], text);
}

static void one_frame(struct ring *ring, const struct filter_case *c, const char *line, char *const *words)
{
	bool host = streq(words[0], "up") || streq(words[0], "down");
	bool from_guest = streq(words[0], "out") || streq(words[0], "up"), error = false, arrived;
	int from = from_guest ? ring->guest : ring->lan, to = from_guest ? ring->lan : ring->guest;
	struct frame frame;

	ring->frames++;
	if (host && from_guest) {
		_cleanup_strv_ char **more = strv_copy(words + 2);

		strv_add(&more, "edst=" HOST_MAC);
		strv_add(&more, "dst=" HOST_IP);
		frame_build(more, true, &frame);
		arrived = host_gets(ring->guest, words, &frame);
	} else if (host) {
		drain(ring->guest);
		arrived = host_sends(ring->guest, words);
	} else {
		frame_build(words + 2, from_guest, &frame);
		arrived = travels(from, to, &frame, &error);
	}

	const char *verdict = arrived ? "pass" : error ? "reject" : "drop";

	if (streq(verdict, words[1]))
		return;
	ring->wrong++;

	_cleanup_free_ char *text = strv_join(words, " ");
	printf("%s:%.*s: %s, not %s: %s\n", c->path, (int)strcspn(line, " "), line, verdict, words[1], text);
}

/* --- combinations --- */

static void expand(struct ring *ring, const struct filter_case *c, const char *line, char **words, size_t at);

static void with_value(struct ring *ring, const struct filter_case *c, const char *line, char **words, size_t at,
		       const char *key, const char *value)
{
	char *word = words[at];

	words[at] = xprintf("%s%s", key, value);
	expand(ring, c, line, words, at); /* an alternative may be a range */
	free(words[at]);
	words[at] = word;
}

static void expand(struct ring *ring, const struct filter_case *c, const char *line, char **words, size_t at)
{
	if (!words[at]) {
		if (ring->explainer)
			one_explained(ring, c, line, words);
		else
			one_frame(ring, c, line, words);
		return;
	}

	const char *equals = strchr(words[at], '=');
	long first, last, step = 1;
	const char *alternatives = equals ? equals + 1 : words[at];
	_cleanup_free_ char *key = xstrndup(words[at], (size_t)(alternatives - words[at]));

	if (strchr(alternatives, '|')) {
		_cleanup_strv_ char **values = strv_split(alternatives, '|');
		for (size_t i = 0; values[i]; i++)
			with_value(ring, c, line, words, at, key, values[i]);
	} else if (equals && sscanf(alternatives, "%li..%li/%li", &first, &last, &step) >= 2) {
		for (long i = first; i <= last; i += step) {
			_cleanup_free_ char *value = xprintf("%ld", i);
			with_value(ring, c, line, words, at, key, value);
		}
	} else {
		expand(ring, c, line, words, at + 1);
	}
}

/* --- a table --- */

/* All connections are forgotten: those of other tables too. */
static void forget_connections(void)
{
	struct {
		struct nlmsghdr header;
		struct nfgenmsg family;
	} request = { .header = { .nlmsg_len = sizeof(request),
				  .nlmsg_type = NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_DELETE,
				  .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK } };
	struct {
		struct nlmsghdr header;
		struct nlmsgerr error;
		char rest[256];
	} answer;
	_cleanup_close_ int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);

	if (fd < 0 || send(fd, &request, sizeof(request), 0) < 0 || recv(fd, &answer, sizeof(answer), 0) < 0 ||
	    answer.error.error != 0)
		case_die("conntrack", "its table cannot be flushed", NULL);
}

static struct filter_kernel real_kernel(void)
{
	struct filter_kernel kernel;
	struct error err = ERROR_INIT;

	if (filter_kernel_probe(FILTER_MARK_MASK, &kernel, &err) < 0)
		case_die("kernel", "cannot filter", &err);
	return kernel;
}

/* Puts the case's filter in, in place of what is there. Returns whether it looks at connections. */
static bool put(struct filter_case *c, const struct filter_kernel *kernel)
{
	struct filter_nic nic = { "tap0", 2 };
	struct error err = ERROR_INIT;
	_cleanup_filter_listing_ struct filter_listing *listing = NULL;
	_cleanup_filter_existing_ struct filter_existing existing = { 0 };
	_cleanup_filter_program_ struct filter_program program = { 0 };
	_cleanup_free_ char *failure = NULL;
	_cleanup_filter_transaction_ struct filter_transaction *t = filter_transaction_new(kernel);

	if (case_compile(c, kernel, &nic, &program, &failure) < 0)
		case_die(c->path, failure, NULL);
	if (filter_kernel_list(&listing, &err) < 0)
		case_die(c->path, "list", &err);
	filter_listing_of(listing, nic.interface, &existing);
	filter_transaction_put(t, &nic, "br0", &program, &existing);
	if (nft_load(filter_transaction_text(t), NULL, &err) < 0)
		case_die(c->path, "rules", &err);
	return program.connections;
}

static void load(struct ring *ring, struct filter_case *c, const struct filter_kernel *kernel)
{
	if (ring->explainer) {
		explainer_flush(ring->explainer);
		return;
	}
	command("nft flush ruleset");
	forget_connections();
	command(put(c, kernel) ? "ip link set br0 type bridge nf_call_iptables 1 nf_call_ip6tables 1"
			       : "ip link set br0 type bridge nf_call_iptables 0 nf_call_ip6tables 0");
}

/* --- changing under traffic --- */

struct churn {
	struct filter_case *c;
	const struct filter_kernel *kernel; /* NULL: commands make the changes */
	char *const *filters;               /* or the commands, two of either */
	atomic_bool done;
};

static void *churn_thread(void *arg)
{
	struct churn *churn = arg;

	for (int i = 0; i < CHURN_TIMES; i++) {
		if (!churn->kernel) {
			command(churn->filters[i % 2]);
			continue;
		}
		text_replace(&churn->c->top, churn->filters[i % 2]);
		put(churn->c, churn->kernel);
	}
	churn->done = true;
	return NULL;
}

/* Two filters take turns while frames go on: what both say holds at every moment. */
static void churn(struct ring *ring, struct filter_case *c, const struct filter_kernel *kernel, char *const *filters)
{
	static const char *const lines[] = { "out pass udp dport=53", "in pass udp sport=53 dport=40000",
					     "out drop udp src=10.0.0.9", "in drop tcp dport=25",
					     "out drop arp spa=10.0.0.9" };
	struct churn churn = { .c = c, .kernel = kernel, .filters = filters };
	char **words[ELEMENTS(lines)];
	pthread_t thread;

	for (size_t i = 0; i < ELEMENTS(lines); i++)
		words[i] = strv_split(lines[i], ' ');
	/* The connection is there before the first change. */
	one_frame(ring, c, "churn ", words[0]);
	if (pthread_create(&thread, NULL, churn_thread, &churn) != 0)
		case_die(c->path, "no thread", NULL);
	while (!churn.done)
		for (size_t i = 0; i < ELEMENTS(lines); i++)
			one_frame(ring, c, "churn ", words[i]);
	pthread_join(thread, NULL);
	for (size_t i = 0; i < ELEMENTS(lines); i++)
		strv_free(words[i]);
}

static void members(const struct ring *ring, const struct filter_case *c, char *const *words)
{
	for (char *const *word = words + 2; *word; word++) {
		bool remove = **word == '-';
		struct error err = ERROR_INIT;
		struct secgroup_member member;
		struct nft_element element = { .remove = remove };

		if (!secgroup_address_parse(*word + remove, &member))
			case_die(c->path, *word, NULL);
		if (ring->explainer) {
			_cleanup_free_ char *text = xprintf("%s %s", words[1], member.address);
			explainer_member(ring->explainer, text, remove);
			continue;
		}
		_cleanup_free_ char *set =
			filter_group_set(words[1], member.ipv6 ? FILTER_FAMILY_IPV6 : FILTER_FAMILY_IPV4);
		element.set = set;
		element.length = member.ipv6 ? 16 : 4;
		memcpy(element.key, member.bytes, sizeof(element.key));
		if (nft_change_elements(&element, 1, &err) < 0)
			case_die(c->path, "member", &err);
	}
}

static void table(struct ring *ring, const char *shipped, const char *path, const struct filter_kernel *kernel)
{
	char *const directions[] = { (char *)"out", (char *)"in", (char *)"up", (char *)"down", NULL };
	struct filter_case c;

	case_read(path, shipped, &c);
	if (ring->explain)
		ring->explainer = explainer_new(&c, kernel);
	load(ring, &c, kernel);
	for (size_t i = 0; c.rest && c.rest[i]; i++) {
		_cleanup_strv_ char **words = NULL;
		char *copy = xstrdup(strchr(c.rest[i], ' ') + 1), *save = NULL;

		for (char *word = strtok_r(copy, " \t", &save); word && strv_length(words) < WORDS_MAX - 1;
		     word = strtok_r(NULL, " \t", &save))
			strv_add(&words, word);
		free(copy);
		if (words && streq(words[0], "flush"))
			load(ring, &c, kernel);
		else if (strv_length(words) == 3 && streq(words[0], "churn")) {
			if (!ring->explain)
				churn(ring, &c, kernel, words + 1);
		} else if (strv_length(words) > 2 && streq(words[0], "member"))
			members(ring, &c, words);
		else if (words && streq(words[0], "pause"))
			nanosleep(&(struct timespec){ .tv_nsec = 100000000 }, NULL);
		else if (strv_length(words) < 3 || !strv_contains(directions, words[0]))
			case_die(path, c.rest[i], NULL);
		else
			expand(ring, &c, c.rest[i], words, 2);
	}
	case_free(&c);
	explainer_free(ring->explainer);
	ring->explainer = NULL;
}

/* The bridge's ports take a moment until they forward. */
static void wait_for_bridge(struct ring *ring)
{
	char *const words[] = { (char *)"eth", NULL };
	struct frame frame;
	bool error;

	frame_build(words, true, &frame);
	for (int i = 0; i < 1000; i++) {
		if (travels(ring->guest, ring->lan, &frame, &error))
			return;
		nanosleep(&(struct timespec){ .tv_nsec = 10000000 }, NULL);
	}
	case_die("br0", "does not forward", NULL);
}

/* Without a frame, so that nothing is counted. A link that runs is forwarded to as soon as who has told so has let go of its lock. */
static void wait_for_port(const char *name)
{
	_cleanup_close_ int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq request = { 0 };

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
	for (int i = 0; i < 1000; i++) {
		if (ioctl(fd, SIOCGIFFLAGS, &request) == 0 && request.ifr_flags & IFF_RUNNING &&
		    ioctl(fd, SIOCSIFFLAGS, &request) == 0)
			return;
		nanosleep(&(struct timespec){ .tv_nsec = 10000000 }, NULL);
	}
	case_die(name, "does not run", NULL);
}

/* Puts frames in, whatever becomes of them: "out udp dport=53" ... */
static int send_frames(int argc, char **argv)
{
	struct ring ring = { .guest = frame_open_tap("tap0"), .lan = frame_open_tap("tap1") };

	wait_for_port("tap0");
	wait_for_port("tap1");
	for (int i = 2; i < argc; i++) {
		_cleanup_strv_ char **words = strv_split(argv[i], ' ');
		bool from_guest = streq(words[0], "out");
		struct frame frame;

		frame_build(words + 1, from_guest, &frame);
		if (write(from_guest ? ring.guest : ring.lan, frame.data, frame.n) < 0)
			case_die(argv[i], strerror(errno), NULL);
	}
	return 0;
}

/* Two commands take turns in changing what tap0 has; the frames are those of `churn`. */
static int churn_by_commands(char *const *commands)
{
	struct ring ring = { .guest = frame_open_tap("tap0"), .lan = frame_open_tap("tap1") };
	struct filter_case c = { .path = "commands" };

	wait_for_port("tap0");
	wait_for_port("tap1");
	churn(&ring, &c, NULL, commands);
	printf("%zu frames, %zu wrong\n", ring.frames, ring.wrong);
	return ring.wrong ? 1 : 0;
}

static int explain(int argc, char **argv)
{
	struct filter_kernel kernel = { .bridge = true,
					.bridge_netfilter = true,
					.inet_ct = true,
					.inet_reject = true,
					.connlimit = true,
					.mark_mask = FILTER_MARK_MASK };
	struct ring ring = { .explain = true };

	for (int i = 3; i < argc; i++)
		table(&ring, argv[2], argv[i], &kernel);
	printf("%zu frames, %zu of them not in words, %zu wrong\n", ring.frames, ring.not_said, ring.wrong);
	return ring.wrong ? 1 : 0;
}

int main(int argc, char **argv)
{
	if (argc > 2 && streq(argv[1], "--explain"))
		return explain(argc, argv);
	if (argc > 2 && streq(argv[1], "--send"))
		return send_frames(argc, argv);
	if (argc == 4 && streq(argv[1], "--churn"))
		return churn_by_commands(argv + 2);

	struct ring ring = { .guest = frame_open_tap("tap0"), .lan = frame_open_tap("tap1") };
	struct filter_kernel kernel = real_kernel();

	wait_for_bridge(&ring);
	for (int i = 2; i < argc; i++)
		table(&ring, argv[1], argv[i], &kernel);
	printf("%zu frames, %zu wrong\n", ring.frames, ring.wrong);
	return ring.wrong ? 1 : 0;
}
