/* The command line, as ops/act_learner.c makes it. */
#include <getopt.h>

#include "base/deadline.h"
#include "base/parse.h"
#include "base/text.h"
#include "learner/learner.h"

enum { INTERFACE = 1, MAC, RUN_DIR, KVMCTL, CONFIG, READY_FD, ANY, IPV4, IPV6, SERVER, OWN, KNOWN };

static const struct option rows[] = {
	{ "interface", required_argument, NULL, INTERFACE },
	{ "mac", required_argument, NULL, MAC },
	{ "run-dir", required_argument, NULL, RUN_DIR },
	{ "kvmctl", required_argument, NULL, KVMCTL },
	{ "config", required_argument, NULL, CONFIG },
	{ "ready-fd", required_argument, NULL, READY_FD },
	{ "any", no_argument, NULL, ANY },
	{ "ipv4", no_argument, NULL, IPV4 },
	{ "ipv6", no_argument, NULL, IPV6 },
	{ "server", required_argument, NULL, SERVER },
	{ "own", required_argument, NULL, OWN },
	{ "known", required_argument, NULL, KNOWN },
	{ NULL, 0, NULL, 0 },
};

static int read_mac(const char *text, uint8_t ret[6], struct error *err)
{
	char mac[18];

	if (parse_mac(text, "--mac", mac, err) < 0)
		return -1;
	parse_mac_octets(mac, ret);
	return 0;
}

static int read_address(const char *option, const char *text, struct learn_address *ret, struct error *err)
{
	return learn_address_read(text, ret) ? 0
					     : error_set(err, ERROR_USAGE, "%s: \"%s\" is no address", option, text);
}

static int add_server(const char *text, struct learn *learn, struct error *err)
{
	if (learn->n_servers == LEARN_SERVERS_MAX)
		return error_set(err, ERROR_USAGE, "more than %d servers", LEARN_SERVERS_MAX);
	return read_address("--server", text, &learn->servers[learn->n_servers++], err);
}

/* "ADDRESS/SOURCE/UNTIL" */
static int add_known(const char *text, struct learn *learn, struct error *err)
{
	_cleanup_free_ char *address = xstrndup(text, strcspn(text, "/"));
	const char *rest = text + strlen(address) + (text[strlen(address)] == '/');
	_cleanup_free_ char *word = xstrndup(rest, strcspn(rest, "/"));
	const char *time = rest + strlen(word) + (rest[strlen(word)] == '/');
	int source = learn_source_from_string(word);
	struct learn_address known;
	int64_t until, now = clock_boottime_ms();

	if (source < 0)
		return error_set(err, ERROR_USAGE, "--known: \"%s\" is no ADDRESS/SOURCE/UNTIL", text);
	if (read_address("--known", address, &known, err) < 0 ||
	    parse_int(time, "--known", 0, INT64_MAX / 2, &until, err) < 0)
		return -1;
	learn_know(learn, &known, (enum learn_source)source, until ? until - clock_realtime_ms() + now : LEARN_NEVER,
		   now);
	return 0;
}

static int take(int row, const char *value, struct options *options, struct error *err)
{
	int64_t number;

	switch (row) {
	case INTERFACE:
		options->interface = value;
		return 0;
	case MAC:
		return read_mac(value, options->mac, err);
	case RUN_DIR:
		options->run_dir = value;
		return 0;
	case KVMCTL:
		options->kvmctl = value;
		return 0;
	case CONFIG:
		options->config = value;
		return 0;
	case READY_FD:
		if (parse_int(value, "--ready-fd", 3, INT32_MAX, &number, err) < 0)
			return -1;
		options->ready_fd = (int)number;
		return 0;
	case ANY:
		options->learn.any = true;
		return 0;
	case IPV4:
		options->learn.ipv4 = true;
		return 0;
	case IPV6:
		options->learn.ipv6 = true;
		return 0;
	case SERVER:
		return add_server(value, &options->learn, err);
	case OWN:
		return read_address("--own", value, &options->learn.own, err);
	case KNOWN:
		return add_known(value, &options->learn, err);
	}
	return error_set(err, ERROR_USAGE, "an option that kvmctl-learner does not have, or without its value");
}

int options_parse(int argc, char **argv, struct options *ret, struct error *err)
{
	int row;

	*ret = (struct options){ .ready_fd = -1 };
	opterr = 0;
	while ((row = getopt_long(argc, argv, "", rows, NULL)) != -1)
		if (take(row, optarg, ret, err) < 0) {
			err->kind = ERROR_USAGE;
			return -1;
		}
	if (optind < argc)
		return error_set(err, ERROR_USAGE, "\"%s\" is no option of kvmctl-learner", argv[optind]);
	if (!ret->interface || is_empty(ret->run_dir) || is_empty(ret->kvmctl) || ret->run_dir[0] != '/' ||
	    ret->kvmctl[0] != '/')
		return error_set(err, ERROR_USAGE,
				 "it is called by kvmctl, and wants --interface, --mac, --run-dir, --kvmctl");
	return 0;
}
