/* Values for the variables of a binding.
 *
 * The tree is built twice where something has to be found: without IP and IPV6 to see whether it refers to them, then with them. */
#include "vm/filter_parameters.h"

#include <arpa/inet.h>

#include "base/parse.h"
#include "base/strv.h"
#include "base/text.h"
#include "vm/filter_before.h"
#include "vm/value.h"

/* What IP has while the filter is only checked: nobody's. */
#define NO_ADDRESS "0.0.0.0"

void filter_parameters_clear(struct filter_parameters *parameters)
{
	filter_parameters_free(parameters->list, parameters->n);
	filter_free(parameters->before);
	*parameters = (struct filter_parameters){ 0 };
}

/* The seventh bit of the first octet is turned round: RFC 4291, appendix A. */
char *filter_link_local(const char *mac)
{
	uint8_t octets[6] = { 0 };
	char text[INET6_ADDRSTRLEN] = "";
	unsigned char bytes[16] = { 0xfe, 0x80 };

	parse_mac_octets(mac, octets); /* what is no MAC address is not bound */
	octets[0] ^= 2;
	memcpy(bytes + 8, octets, 3);
	bytes[11] = 0xff;
	bytes[12] = 0xfe;
	memcpy(bytes + 13, octets + 3, 3);
	inet_ntop(AF_INET6, bytes, text, sizeof(text));
	return xstrdup(text);
}

static const struct filter_parameter *given(const struct filter_binding *binding, const char *name)
{
	for (size_t i = 0; i < binding->n_parameters; i++)
		if (streq(binding->parameters[i].name, name))
			return &binding->parameters[i];
	return NULL;
}

int filter_parameters_learning(const struct filter_binding *binding, enum filter_learning *ret,
			       struct problems *problems)
{
	const struct filter_parameter *parameter = given(binding, "CTRL_IP_LEARNING");
	const char *word = parameter ? parameter->values[0] : "any";

	for (int i = 0; i < FILTER_LEARNING_MAX; i++)
		if (streq(word, filter_learning_to_string((enum filter_learning)i)) &&
		    (!parameter || !parameter->values[1])) {
			*ret = (enum filter_learning)i;
			return 0;
		}
	problems_add(problems, "CTRL_IP_LEARNING", "\"%s\" is not any, dhcp or none%s", word,
		     parameter && parameter->values[1] ? ", just one of them" : "");
	return -1;
}

bool filter_parameters_may_learn(const struct filter_binding *binding, int version)
{
	if (!*binding->filter || given(binding, version == 4 ? "IP" : "IPV6"))
		return false;
	return version == 4 || !given(binding, "IP") || given(binding, "CTRL_IP_LEARNING");
}

void filter_parameters_add_link_local(struct filter_reference *given)
{
	char **mac = filter_reference_parameter(given, "MAC")->values;
	uint8_t octets[6];

	if (!mac || !parse_mac_octets(*mac, octets) || filter_reference_parameter(given, "IPV6")->values)
		return;

	_cleanup_free_ char *address = filter_link_local(*mac);
	strv_add(&filter_reference_parameter(given, "IPV6")->values, address);
}

/* --- the values --- */

static void add_value(struct filter_parameters *parameters, const char *name, const char *value)
{
	char ***values = &filter_parameters_get(&parameters->list, &parameters->n, name)->values;

	if (!strv_contains(*values, value))
		strv_add(values, value);
}

static bool add_learned(struct filter_parameters *parameters, const char *name, int version,
			const struct filter_binding *binding)
{
	bool any = false;

	for (char *const *address = binding->learned; address && *address; address++)
		if (text_ip_version(*address) == version) {
			add_value(parameters, name, *address);
			any = true;
		}
	return any;
}

static void add_given(struct filter_parameters *parameters, const struct filter_binding *binding)
{
	for (size_t i = 0; i < binding->n_parameters; i++)
		filter_parameters_get(&parameters->list, &parameters->n, binding->parameters[i].name)->values =
			strv_copy(binding->parameters[i].values);
	/* Over what was given: whose MAC address it is is no matter of taste. */
	strv_free(filter_parameters_get(&parameters->list, &parameters->n, "MAC")->values);
	filter_parameters_get(&parameters->list, &parameters->n, "MAC")->values = NULL;
	add_value(parameters, "MAC", binding->mac);
}

static void find_ipv4(struct filter_parameters *parameters, const struct filter_binding *binding,
		      struct problems *problems)
{
	parameters->learns_ipv4 = parameters->learning != FILTER_LEARNING_NONE;
	if (!parameters->learns_ipv4)
		problems_add(
			problems, "IP",
			"the filter needs it, and CTRL_IP_LEARNING is none: give the addresses that the guest has");
	parameters->waiting = !add_learned(parameters, "IP", 4, binding);
	if (parameters->waiting)
		add_value(parameters, "IP", NO_ADDRESS);
}

static void find_ipv6(struct filter_parameters *parameters, const struct filter_binding *binding)
{
	_cleanup_free_ char *link_local = filter_link_local(binding->mac);

	parameters->learns_ipv6 = parameters->learning != FILTER_LEARNING_NONE &&
				  (parameters->learns_ipv4 || given(binding, "CTRL_IP_LEARNING"));
	add_value(parameters, "IPV6", link_local);
	if (parameters->learns_ipv6)
		add_learned(parameters, "IPV6", 6, binding);
}

/* --- the tree --- */

struct before_source {
	const struct filter *before;
};

static const struct filter *find_before(void *arg, const char *name, struct error *err)
{
	const struct before_source *source = arg;

	(void)name;
	(void)err;
	return source->before;
}

/* In place of the filter's rules; the names of its filters stay. */
static int wait_for_address(struct filter_parameters *parameters, bool ipv6, struct filter_tree *tree,
			    struct problems *problems)
{
	struct filter_before before = { .learning = parameters->learning, .ipv6 = ipv6 };
	struct filter_tree waiting = { 0 };
	struct before_source arg;
	struct filter_source source = { find_before, &arg };

	for (size_t i = 0; i < parameters->n; i++) {
		before.servers |= streq(parameters->list[i].name, "DHCPSERVER");
		before.servers_v6 |= streq(parameters->list[i].name, "DHCPSERVERV6");
	}
	parameters->before = filter_before_make(&before);
	arg.before = parameters->before;
	if (filter_tree_build(&source, FILTER_BEFORE_NAME, parameters->list, parameters->n, &waiting, NULL, problems) <
	    0)
		return -1;
	strv_free(waiting.filters);
	waiting.filters = take_ptr(tree->filters);
	filter_tree_clear(tree);
	*tree = waiting;
	return 0;
}

/* What it refers to and nobody has given. */
static char **find_unset(const struct filter_source *source, const char *name,
			 const struct filter_parameters *parameters, struct filter_tree *ret_tree)
{
	_cleanup_problems_ struct problems ignored = { 0 };
	char **unset = NULL;

	if (filter_tree_build(source, name, parameters->list, parameters->n, ret_tree, &unset, &ignored) < 0)
		return unset;
	strv_free(unset);
	return NULL;
}

int filter_parameters_build(const struct filter_source *source, const char *name, const struct filter_binding *binding,
			    struct filter_parameters *ret, struct filter_tree *ret_tree, struct problems *problems)
{
	_cleanup_filter_parameters_ struct filter_parameters parameters = { 0 };
	_cleanup_filter_tree_ struct filter_tree tree = { 0 };
	_cleanup_strv_ char **unset = NULL;
	size_t before = problems->n;
	bool ipv6;

	(void)filter_parameters_learning(binding, &parameters.learning, problems);
	add_given(&parameters, binding);
	unset = find_unset(source, name, &parameters, &tree);
	ipv6 = strv_contains(unset, "IPV6");
	if (strv_contains(unset, "IP"))
		find_ipv4(&parameters, binding, problems);
	if (ipv6)
		find_ipv6(&parameters, binding);
	if (!tree.filters && filter_tree_build(source, name, parameters.list, parameters.n, &tree, NULL, problems) < 0)
		return -1;
	if (problems->n > before || (parameters.waiting && wait_for_address(&parameters, ipv6, &tree, problems) < 0))
		return -1;
	*ret = parameters;
	*ret_tree = tree;
	parameters = (struct filter_parameters){ 0 };
	tree = (struct filter_tree){ 0 };
	return 0;
}

char **filter_parameters_unused(const struct filter_source *source, const char *name,
				const struct filter_binding *binding)
{
	static const char *const known[] = { "IP", "IPV6", "CTRL_IP_LEARNING", "DHCPSERVER", "DHCPSERVERV6" };
	struct filter_parameters none = { 0 };
	_cleanup_filter_tree_ struct filter_tree tree = { 0 };
	_cleanup_strv_ char **asked = find_unset(source, name, &none, &tree);
	char **unused = NULL;

	for (size_t i = 0; i < binding->n_parameters; i++) {
		const char *one = binding->parameters[i].name;
		bool used = strv_contains(asked, one);

		for (size_t k = 0; k < ELEMENTS(known); k++)
			used |= streq(one, known[k]);
		if (!used)
			strv_add(&unused, one);
	}
	return unused;
}
