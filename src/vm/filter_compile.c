/* The chains of a NIC: which there are, and in what order they are entered. See vm/filter_compile.h for all of it. */
#include "vm/filter_compile.h"

#include "base/strv.h"
#include "base/text.h"
#include "vm/filter_compile_internal.h"

void filter_program_clear(struct filter_program *program)
{
	free(program->text);
	strv_free(program->chains);
	strv_free(program->sets);
	strv_free(program->groups);
	strv_free(program->lists);
	strv_free(program->list_texts);
	strv_free(program->inet_chains);
	strv_free(program->inet_sets);
	strv_free(program->warnings);
	*program = (struct filter_program){ 0 };
}

uint64_t filter_program_digest(const struct filter_program *program)
{
	_cleanup_free_ char *text = filter_program_text(program);

	return text_hash(text, strlen(text));
}

char *filter_program_text(const struct filter_program *program)
{
	_cleanup_free_ char *lists = strv_join(program->list_texts, "");
	_cleanup_strv_ char **groups = NULL;

	for (char **set = program->groups; set && *set; set++)
		strv_addf(&groups, "\tset %s {\n\t\ttype %s;\n\t}\n", *set, filter_group_type(*set));

	_cleanup_free_ char *shared = strv_join(groups, "");
	return *lists || *shared ? xprintf("table bridge kvmctl {\n%s%s}\n%s", shared, lists, program->text)
				 : xstrdup(program->text);
}

const char *compile_verdict(enum filter_action action)
{
	switch (action) {
	case FILTER_ACCEPT:
		return "accept";
	case FILTER_RETURN:
		return "return";
	case FILTER_CONTINUE:
		return "";
	case FILTER_REJECT:
		return NULL;
	case FILTER_DROP:
	case FILTER_ACTION_MAX:
		break;
	}
	return "drop";
}

/* --- layer LINK --- */

static bool link_side(const struct filter_tree_rule *rule, enum filter_side side)
{
	struct filter_standing standing;

	return filter_rule_layer(rule->rule) == FILTER_LAYER_LINK && filter_rule_stands(rule, side, &standing);
}

/* Ports can be looked at only where the protocol that has them is named. */
static bool check_ports(struct compile *c, const struct filter_tree_rule *rule)
{
	bool ports = false, protocol = false;

	for (size_t i = 0; i < rule->n_nodes; i++) {
		for (size_t j = 0; j < rule->nodes[i].n; j++) {
			enum filter_attribute_id id = rule->nodes[i].operands[j].row->id;

			ports |= id == FILTER_ATTRIBUTE_SRCPORTSTART || id == FILTER_ATTRIBUTE_DSTPORTSTART;
			protocol |= id == FILTER_ATTRIBUTE_IP_PROTOCOL || id == FILTER_ATTRIBUTE_IPV6_PROTOCOL;
		}
	}
	if (!ports || protocol)
		return true;

	_cleanup_free_ char *entry = filter_entry_place(rule->filter, rule->entry);
	_cleanup_free_ char *place = xprintf("filter \"%s\", %s", rule->filter->name, entry);
	problems_add(c->problems, place, "ports need a protocol that has them, as protocol='tcp'");
	return false;
}

static void link_rule(struct compile *c, const struct filter_tree_rule *rule, enum filter_side side)
{
	struct filter_standing standing;
	const char *verdict = compile_verdict(rule->rule->action);
	size_t before = c->problems->n;

	if (compile_refused(c, rule) || !filter_rule_stands(rule, side, &standing))
		return;
	if (!verdict) /* libvirt's way: frames are not answered on this layer */
		verdict = "drop";
	if (check_ports(c, rule))
		compile_rule(c, &(struct emission){ .rule = rule,
						    .side = side,
						    .mirrored = standing.mirrored,
						    .guards = true,
						    .condition = "",
						    .verdict = verdict,
						    .out = c->chains });
	compile_refuse(c, rule, before);
}

void compile_open_chain(struct compile *c, const char *name)
{
	strv_add(&c->program->chains, name);
	fprintf(c->chains, "\tchain %s {\n", name);
}

/* What a frame must be to enter a chain of that name. */
static const char *chain_guard(const char *chain)
{
	static const struct {
		const char *prefix, *guard;
	} guards[] = {
		{ "vlan", "ether type 0x8100 " }, { "stp", "ether daddr 01:80:c2:00:00:00 " },
		{ "arp", "ether type 0x0806 " },  { "rarp", "ether type 0x8035 " },
		{ "ipv4", "ether type 0x0800 " }, { "ipv6", "ether type 0x86dd " },
	};
	const char *prefix = filter_chain_prefix(chain);

	for (size_t i = 0; i < ELEMENTS(guards); i++)
		if (streq(guards[i].prefix, prefix))
			return guards[i].guard;
	return "";
}

static void sub_chain(struct compile *c, const char *chain, const char *prefix, enum filter_side side)
{
	_cleanup_free_ char *name = compile_name(prefix, c->nic->interface, chain);

	compile_open_chain(c, name);
	for (size_t i = 0; i < c->tree->n; i++)
		if (link_side(&c->tree->rules[i], side) && streq(c->tree->rules[i].chain, chain))
			link_rule(c, &c->tree->rules[i], side);
	/* What runs off the end is accepted, whatever root says: libvirt's chains have that policy. */
	fputs("\t\taccept\n\t}\n", c->chains);
}

static void link_root(struct compile *c, const char *prefix, enum filter_side side,
		      const struct filter_sub_chain *chains, size_t n)
{
	size_t next = 0;

	for (size_t i = 0; i <= c->tree->n; i++) {
		const struct filter_tree_rule *rule = i < c->tree->n ? &c->tree->rules[i] : NULL;

		if (rule && (!link_side(rule, side) || !streq(rule->chain, "root")))
			continue;
		for (; next < n && (!rule || chains[next].priority <= rule->priority); next++) {
			_cleanup_free_ char *name = compile_name(prefix, c->nic->interface, chains[next].name);
			fprintf(c->chains, "\t\t%sjump %s\n", chain_guard(chains[next].name), name);
		}
		if (rule)
			link_rule(c, rule, side);
	}
}

static void link_layer(struct compile *c, const char *prefix, enum filter_side side)
{
	_cleanup_free_ char *root = compile_name(prefix, c->nic->interface, NULL);
	size_t n;
	_cleanup_free_ struct filter_sub_chain *chains = filter_tree_chains(c->tree, side, &n);

	for (size_t i = 0; i < n; i++)
		sub_chain(c, chains[i].name, prefix, side);
	compile_open_chain(c, root);
	link_root(c, prefix, side, chains, n);
	fputs("\t}\n", c->chains);
}

/* --- layer NETWORK --- */

/* The rules of one family in a chain of their own; its name, or NULL when there are none. */
static char *family_chain(struct compile *c, const char *prefix, enum filter_side side, enum filter_family family)
{
	_cleanup_free_ char *name =
		compile_name(prefix, c->nic->interface, family == FILTER_FAMILY_IPV4 ? "ipv4" : "ipv6");
	_cleanup_free_ char *rules = NULL;
	size_t size;
	FILE *out = open_memstream(&rules, &size);

	if (!out)
		abort();
	compile_network(c, side, family, out);
	fclose(out);
	if (size == 0)
		return NULL;
	_cleanup_free_ char *grouped = compile_runs(c, name, rules);
	compile_open_chain(c, name);
	fprintf(c->chains, "%s\t}\n", grouped);
	return take_ptr(name);
}

static void network_layer(struct compile *c, const char *prefix, enum filter_side side)
{
	_cleanup_free_ char *root = compile_name(prefix, c->nic->interface, NULL);
	_cleanup_free_ char *ipv4 = family_chain(c, prefix, side, FILTER_FAMILY_IPV4);
	_cleanup_free_ char *ipv6 = family_chain(c, prefix, side, FILTER_FAMILY_IPV6);

	compile_open_chain(c, root);
	/* A priority tag is taken off on the way: what is behind it would come past these rules. */
	if (ipv4)
		fprintf(c->chains,
			"\t\tether type 0x0800 goto %s\n"
			"\t\tether type 0x8100 vlan id 0 vlan type 0x0800 counter drop comment \"priority-tagged "
			"IPv4\"\n",
			ipv4);
	if (ipv6)
		fprintf(c->chains,
			"\t\tether type 0x86dd goto %s\n"
			"\t\tether type 0x8100 vlan id 0 vlan type 0x86dd counter drop comment \"priority-tagged "
			"IPv6\"\n",
			ipv6);
	fputs("\t}\n", c->chains);
}

/* --- all of it --- */

/* The four that the maps name stand first. */
static void sort_out_entries(struct compile *c)
{
	static const char *const prefixes[] = { "o2", "o3", "i3", "i2" };
	char **sorted = NULL;

	for (size_t i = 0; i < ELEMENTS(prefixes); i++)
		strv_take(&sorted, compile_name(prefixes[i], c->nic->interface, NULL));
	for (size_t i = 0; c->program->chains && c->program->chains[i]; i++)
		if (!strv_contains(sorted, c->program->chains[i]))
			strv_add(&sorted, c->program->chains[i]);
	strv_free(c->program->chains);
	c->program->chains = sorted;
}

static char *all_text(struct compile *c, const char *sets, const char *chains, const char *inet)
{
	if (!*inet)
		return xprintf("table bridge kvmctl {\n%s%s}\n", sets, chains);

	/* The mark has told whose frame it is; from here on its field has the answers. */
	_cleanup_free_ char *name = compile_name("c", c->nic->interface, NULL);
	_cleanup_free_ char *declared = NULL;

	strv_add(&c->program->inet_chains, name);
	for (size_t i = 0; c->program->inet_sets[i]; i++) {
		const char *set = c->program->inet_sets[i];
		const char *type = strstr(set, "/four") ? "ipv4_addr" : "ipv6_addr";
		_cleanup_free_ char *before = take_ptr(declared);

		declared = xprintf("%s\tset %s {\n\t\ttype %s; size 4096; flags dynamic;\n\t}\n", before ? before : "",
				   set, type);
	}

	_cleanup_free_ char *number = compile_name("m", c->nic->interface, NULL);
	uint32_t keep = ~c->kernel->mark_mask;
	unsigned shift = mark_shift(c->kernel->mark_mask) + MARK_STATE_BITS;

	strv_add(&c->program->chains, number);
	return xprintf(
		"table inet kvmctl {\n%s\tchain %s {\n\t\tmeta mark set meta mark & 0x%08x\n%s\t}\n}\n"
		"table bridge kvmctl {\n%s\tchain %s {\n\t\tmeta mark set meta mark & 0x%08x | 0x%08x\n\t}\n%s}\n",
		declared, name, keep, inet, sets, number, keep, c->nic->number << shift, chains);
}

int filter_compile(const struct filter_tree *tree, const struct filter_nic *nic, const struct filter_kernel *kernel,
		   struct filter_program *ret, struct problems *problems)
{
	_cleanup_filter_program_ struct filter_program program = { 0 };
	_cleanup_free_ char *sets = NULL, *chains = NULL, *inet = NULL;
	_cleanup_free_ bool *refused = xcalloc(tree->n + 1, sizeof(*refused));
	size_t sizes[3], before = problems->n;
	struct compile c = { .tree = tree,
			     .nic = nic,
			     .kernel = kernel,
			     .program = &program,
			     .problems = problems,
			     .refused = refused };

	c.sets = open_memstream(&sets, &sizes[0]);
	c.chains = open_memstream(&chains, &sizes[1]);
	c.inet = open_memstream(&inet, &sizes[2]);
	if (!c.sets || !c.chains || !c.inet)
		abort();
	link_layer(&c, "o2", SIDE_FROM_GUEST);
	network_layer(&c, "o3", SIDE_FROM_GUEST);
	network_layer(&c, "i3", SIDE_TO_GUEST);
	link_layer(&c, "i2", SIDE_TO_GUEST);
	fclose(c.sets);
	fclose(c.chains);
	fclose(c.inet);
	for (size_t i = 0; i < c.n_known; i++) {
		free(c.known[i].key);
		free(c.known[i].name);
	}
	free(c.known);
	if (problems->n > before)
		return -1;
	sort_out_entries(&c);
	program.text = all_text(&c, sets, chains, inet);
	*ret = program;
	program = (struct filter_program){ 0 };
	return 0;
}
