/* Transactions: the tables with what is not of one NIC, and putting NICs in and taking them out. */
#include "base/strv.h"
#include "base/text.h"
#include "vm/filter_compile.h"
#include "vm/filter_compile_internal.h"

struct filter_transaction {
	const struct filter_kernel *kernel;
	bool marks, refuses; /* the table inet kvmctl: writes states; answers what is rejected */
	FILE *out;
	char *text;
	size_t size;
};

/* --- the tables --- */

struct mark_words {
	unsigned keep, field, low, bridged, refused, done, shift;
};

static struct mark_words mark_words(const struct filter_kernel *kernel)
{
	uint32_t mask = kernel->mark_mask;
	unsigned shift = mark_shift(mask);

	return (struct mark_words){ .keep = ~mask,
				    .field = mask,
				    .low = 0xfu << shift,
				    .shift = shift,
				    .bridged = (unsigned)MARK_BRIDGED << shift,
				    .refused = (unsigned)MARK_REFUSED << shift,
				    .done = (unsigned)MARK_DONE << shift };
}

static void bridge_table(const struct filter_transaction *t)
{
	fputs("table bridge kvmctl {\n"
	      "\tmap o2 { type ifname : verdict; }\n\tmap o3 { type ifname : verdict; }\n"
	      "\tmap i3 { type ifname : verdict; }\n\tmap i2 { type ifname : verdict; }\n"
	      "\tmap limited { type ifname : verdict; }\n"
	      "\tchain begin { type filter hook prerouting priority -310; policy accept; }\n"
	      "\tchain from_guest_link { type filter hook prerouting priority -300; policy accept; }\n"
	      "\tchain from_guest_network { type filter hook prerouting priority 10; policy accept; }\n"
	      "\tchain to_guest_network { type filter hook forward priority -10; policy accept; }\n"
	      "\tchain from_host_network { type filter hook output priority -10; policy accept; }\n"
	      "\tchain to_guest_link { type filter hook postrouting priority 300; policy accept; }\n"
	      "\tchain to_host { type filter hook input priority 300; policy accept; }\n"
	      "\tchain end { type filter hook postrouting priority 310; policy accept; }\n"
	      "\tchain refuse { }\n"
	      "}\n",
	      t->out);
	for (const char *const *chain =
		     (const char *const[]){ "begin", "from_guest_link", "from_guest_network", "to_guest_network",
					    "from_host_network", "to_guest_link", "to_host", "end", "refuse", NULL };
	     *chain; chain++)
		fprintf(t->out, "flush chain bridge kvmctl %s\n", *chain);
}

static void bridge_rules(const struct filter_transaction *t)
{
	struct mark_words m = mark_words(t->kernel);

	fputs("table bridge kvmctl {\n", t->out);
	fputs("\tchain begin {\n", t->out);
	if (t->marks)
		fprintf(t->out, "\t\tmeta mark set meta mark & 0x%08x | 0x%08x\n\t\tiifname vmap @limited\n", m.keep,
			m.bridged);
	else if (t->refuses)
		fprintf(t->out, "\t\tmeta mark set meta mark & 0x%08x\n", m.keep);
	fputs("\t}\n\tchain from_guest_link {\n\t\tiifname vmap @o2\n\t}\n", t->out);
	fputs("\tchain from_guest_network {\n\t\tiifname vmap @o3\n\t}\n\tchain to_guest_network {\n", t->out);
	if (t->refuses)
		fprintf(t->out, "\t\tmeta mark & 0x%08x == 0x%08x accept\n", m.low, m.refused);
	fputs("\t\toifname vmap @i3\n\t}\n\tchain from_host_network {\n\t\toifname vmap @i3\n\t}\n\tchain "
	      "to_guest_link {\n",
	      t->out);
	/* What should have been refused and was not goes no further. */
	if (t->refuses)
		fprintf(t->out, "\t\tmeta mark & 0x%08x == 0x%08x drop\n", m.low, m.refused);
	fputs("\t\toifname vmap @i2\n\t}\n", t->out);
	if (t->refuses)
		fprintf(t->out,
			"\tchain refuse {\n\t\tmeta mark set meta mark & 0x%08x | 0x%08x accept\n\t}\n"
			"\tchain to_host {\n\t\tmeta mark & 0x%08x != 0x%08x meta mark set meta mark & 0x%08x\n\t}\n",
			m.keep, m.refused, m.low, m.refused, m.keep);
	/* The inet postrouting hook comes behind this one for the same frame: it must not take it for one of the host's. */
	if (t->marks)
		fprintf(t->out, "\tchain end {\n\t\tmeta mark set meta mark & 0x%08x | 0x%08x\n\t}\n", m.keep, m.done);
	fputs("}\n", t->out);
}

static const char *const inet_chains[] = { "from_bridge", "to_bridge",  "forward",     "input",
					   "bridged",     "state",      "is_new",      "is_established",
					   "is_related",  "is_invalid", "is_untracked" };

static void inet_table(const struct filter_transaction *t)
{
	fputs("table inet kvmctl {\n"
	      "\tset hosts { type ifname; }\n"
	      "\tmap limited { type mark : verdict; }\n"
	      "\tchain from_bridge { type filter hook prerouting priority -140; policy accept; }\n"
	      "\tchain to_bridge { type filter hook postrouting priority 300; policy accept; }\n"
	      "\tchain forward { type filter hook forward priority -140; policy accept; }\n"
	      "\tchain input { type filter hook input priority -140; policy accept; }\n",
	      t->out);
	for (size_t i = 4; i < ELEMENTS(inet_chains); i++)
		fprintf(t->out, "\tchain %s { }\n", inet_chains[i]);
	fputs("}\n", t->out);
	for (size_t i = 0; i < ELEMENTS(inet_chains); i++)
		fprintf(t->out, "flush chain inet kvmctl %s\n", inet_chains[i]);
}

static void state_chain(const struct filter_transaction *t, const char *name, enum mark_state original,
			enum mark_state reply)
{
	unsigned shift = mark_shift(t->kernel->mark_mask);

	fprintf(t->out, "\tchain %s {\n", name);
	if (reply != original)
		fprintf(t->out, "\t\tct direction reply meta mark set meta mark | 0x%08x accept\n",
			(unsigned)reply << shift);
	fprintf(t->out, "\t\tmeta mark set meta mark | 0x%08x accept\n\t}\n", (unsigned)original << shift);
}

static void inet_states(const struct filter_transaction *t)
{
	struct mark_words m = mark_words(t->kernel);

	state_chain(t, "is_new", MARK_NEW, MARK_NEW);
	state_chain(t, "is_established", MARK_ESTABLISHED, MARK_ANSWER);
	state_chain(t, "is_related", MARK_RELATED, MARK_RELATED_ANSWER);
	state_chain(t, "is_invalid", MARK_INVALID, MARK_INVALID);
	state_chain(t, "is_untracked", MARK_UNTRACKED, MARK_UNTRACKED);
	/* No map: what a nameless one says is out of force a moment before the rule that asks it. */
	fputs("\tchain state {\n\t\tct state established goto is_established\n\t\tct state new goto is_new\n"
	      "\t\tct state related goto is_related\n\t\tct state invalid goto is_invalid\n"
	      "\t\tct state untracked goto is_untracked\n\t}\n",
	      t->out);
	fprintf(t->out, "\tchain bridged {\n\t\tmeta mark set meta mark & 0x%08x\n\t\tgoto state\n\t}\n", m.keep);
	fprintf(t->out,
		"\tchain from_bridge {\n\t\tmeta mark & 0x%08x == 0 accept\n\t\tmeta mark & 0x%08x == 0x%08x goto "
		"bridged\n"
		"\t\tmeta mark & 0x%08x vmap @limited\n\t\tgoto state\n\t}\n",
		m.field, m.field, m.bridged, m.field);
	/* What the host itself sends to guests, or routes to them. */
	fprintf(t->out,
		"\tchain to_bridge {\n\t\tmeta mark & 0x%08x == 0x%08x meta mark set meta mark & 0x%08x accept\n"
		"\t\toifname @hosts goto bridged\n\t}\n",
		m.field, m.done, m.keep);
}

static void inet_rules(const struct filter_transaction *t)
{
	struct mark_words m = mark_words(t->kernel);

	fputs("table inet kvmctl {\n", t->out);
	if (t->marks)
		inet_states(t);
	if (t->refuses)
		for (const char *const *chain = (const char *const[]){ "forward", "input", NULL }; *chain; chain++)
			fprintf(t->out, "\tchain %s {\n\t\tmeta mark & 0x%08x == 0x%08x reject\n\t}\n", *chain, m.low,
				m.refused);
	fputs("}\n", t->out);
}

struct filter_transaction *filter_transaction_new(const struct filter_kernel *kernel)
{
	struct filter_transaction *t = xcalloc(1, sizeof(*t));

	t->kernel = kernel;
	t->marks = !kernel->bridge_ct && kernel->bridge_netfilter && kernel->inet_ct;
	t->refuses = kernel->bridge_netfilter && kernel->inet_reject;
	t->out = open_memstream(&t->text, &t->size);
	if (!t->out)
		abort();
	bridge_table(t);
	bridge_rules(t);
	if (t->marks || t->refuses) {
		inet_table(t);
		inet_rules(t);
	}
	return t;
}

void filter_transaction_free(struct filter_transaction **transaction)
{
	struct filter_transaction *t = *transaction;

	if (!t)
		return;
	fclose(t->out);
	free(t->text);
	free(t);
	*transaction = NULL;
}

const char *filter_transaction_text(struct filter_transaction *t)
{
	fflush(t->out);
	return t->text;
}

void filter_transaction_add(struct filter_transaction *t, const char *text)
{
	fputs(text, t->out);
}

/* --- a NIC --- */

static const char *const entries[] = { "o2", "o3", "i3", "i2" };

static void each(FILE *out, const char *command, const char *table, char *const *names, char *const *except)
{
	for (; names && *names; names++)
		if (!strv_contains(except, *names))
			fprintf(out, "%s %s kvmctl %s\n", command, table, *names);
}

static unsigned limit_key(const struct filter_transaction *t, const struct filter_nic *nic)
{
	return nic->number << (mark_shift(t->kernel->mark_mask) + MARK_STATE_BITS);
}

/* The NIC has what the maps name, the lists of the program (NULL: none), and nothing else. */
static void empty(const struct filter_transaction *t, const struct filter_nic *nic,
		  const struct filter_existing *existing, const struct filter_program *program)
{
	_cleanup_strv_ char **kept = NULL;
	char *const *lists = program ? program->lists : NULL;
	for (size_t i = 0; i < ELEMENTS(entries); i++)
		strv_take(&kept, compile_name(entries[i], nic->interface, NULL));
	each(t->out, "add chain", "bridge", kept, NULL);
	each(t->out, "flush chain", "bridge", kept, NULL);
	if (existing->inet_chains) {
		_cleanup_free_ char *number = compile_name("m", nic->interface, NULL);
		_cleanup_free_ char *counts = compile_name("c", nic->interface, NULL);

		fprintf(t->out, "add element bridge kvmctl limited { \"%s\" : goto %s }\n", nic->interface, number);
		fprintf(t->out, "delete element bridge kvmctl limited { \"%s\" }\n", nic->interface);
		unsigned key = existing->limit_key ? existing->limit_key : limit_key(t, nic);

		fprintf(t->out, "add element inet kvmctl limited { 0x%08x : jump %s }\n", key, counts);
		fprintf(t->out, "delete element inet kvmctl limited { 0x%08x }\n", key);
	}
	each(t->out, "flush chain", "bridge", existing->chains, kept);
	each(t->out, "flush chain", "inet", existing->inet_chains, NULL);
	each(t->out, "delete chain", "bridge", existing->chains, kept);
	each(t->out, "delete chain", "inet", existing->inet_chains, NULL);
	each(t->out, "delete set", "bridge", existing->sets, lists);
	each(t->out, "delete set", "inet", existing->inet_sets, NULL);
}

/* --- groups --- */

void filter_transaction_group(struct filter_transaction *t, const char *set)
{
	fprintf(t->out, "add set bridge kvmctl %s { type %s; }\n", set, filter_group_type(set));
}

static void group_elements(struct filter_transaction *t, const char *command, const char *set, char *const *addresses)
{
	_cleanup_free_ char *list = strv_join(addresses, ", ");

	if (*list)
		fprintf(t->out, "%s element bridge kvmctl %s { %s }\n", command, set, list);
}

void filter_transaction_group_add(struct filter_transaction *t, const char *set, char *const *addresses)
{
	group_elements(t, "add", set, addresses);
}

void filter_transaction_group_delete(struct filter_transaction *t, const char *set, char *const *addresses)
{
	/* Deleting an element that is not there would fail. */
	group_elements(t, "add", set, addresses);
	group_elements(t, "delete", set, addresses);
}

void filter_transaction_group_flush(struct filter_transaction *t, const char *set)
{
	fprintf(t->out, "flush set bridge kvmctl %s\n", set);
}

void filter_transaction_put(struct filter_transaction *t, const struct filter_nic *nic, const char *bridge,
			    const struct filter_program *program, const struct filter_existing *existing)
{
	_cleanup_free_ char *digest = compile_name_digest(nic->interface, program);

	empty(t, nic, existing, program);
	/* A list that is there already is the same: it is not touched, and nothing is missed in it meanwhile. */
	for (size_t i = 0; program->lists && program->lists[i]; i++)
		if (!strv_contains(existing->sets, program->lists[i]))
			fprintf(t->out, "table bridge kvmctl {\n%s}\n", program->list_texts[i]);
	for (size_t i = 0; program->groups && program->groups[i]; i++)
		filter_transaction_group(t, program->groups[i]);
	fputs(program->text, t->out);
	fprintf(t->out, "add chain bridge kvmctl %s\n", digest);
	for (size_t i = 0; i < ELEMENTS(entries); i++)
		fprintf(t->out, "add element bridge kvmctl %s { \"%s\" : goto %s }\n", entries[i], nic->interface,
			program->chains[i]);
	if (bridge && t->marks)
		fprintf(t->out, "add element inet kvmctl hosts { \"%s\" }\n", bridge);
	if (program->inet_chains) {
		_cleanup_free_ char *number = compile_name("m", nic->interface, NULL);

		fprintf(t->out, "add element bridge kvmctl limited { \"%s\" : goto %s }\n", nic->interface, number);
		fprintf(t->out, "add element inet kvmctl limited { 0x%08x : jump %s }\n", limit_key(t, nic),
			program->inet_chains[0]);
	}
}

void filter_transaction_remove(struct filter_transaction *t, const struct filter_nic *nic,
			       const struct filter_existing *existing)
{
	empty(t, nic, existing, NULL);
	for (size_t i = 0; i < ELEMENTS(entries); i++) {
		_cleanup_free_ char *chain = compile_name(entries[i], nic->interface, NULL);

		/* Deleting an element that is not there would fail. */
		fprintf(t->out, "add element bridge kvmctl %s { \"%s\" : goto %s }\n", entries[i], nic->interface,
			chain);
		fprintf(t->out, "delete element bridge kvmctl %s { \"%s\" }\n", entries[i], nic->interface);
		fprintf(t->out, "delete chain bridge kvmctl %s\n", chain);
	}
}
