/* Whether everything that is recorded is in force as it should be. */
#include "ops/act_filters_parts.h"

#include "base/strv.h"
#include "base/text.h"
#include "host/link.h"
#include "vm/filter_kernel.h"

void filters_findings_free(struct filters_findings *findings)
{
	for (size_t i = 0; i < findings->n; i++) {
		free(findings->list[i].interface);
		free(findings->list[i].things);
		strv_free(findings->list[i].what);
	}
	free(findings->list);
	*findings = (struct filters_findings){ 0 };
}

struct filters_finding *filters_finding_of(struct filters_findings *findings, const char *interface)
{
	for (size_t i = 0; i < findings->n; i++)
		if (streq(findings->list[i].interface, interface))
			return &findings->list[i];
	grow_array(findings->list, findings->n);
	findings->list[findings->n] = (struct filters_finding){ .interface = xstrdup(interface) };
	return &findings->list[findings->n++];
}

static void say(struct filters_findings *findings, const char *interface, bool wrong_rules, const char *what)
{
	struct filters_finding *finding = filters_finding_of(findings, interface);

	finding->wrong_rules |= wrong_rules;
	strv_add(&finding->what, what);
}

/* Moved to a bridge that nobody has told to: what looks at connections is dropped there, which only who moved it can mend. */
static bool look_at_other_bridge(const struct filters_change *change, struct filters_findings *findings)
{
	_cleanup_error_ struct error ignored = ERROR_INIT;
	const char *recorded = change->binding->bridge;
	_cleanup_free_ char *bridge = NULL;
	bool on = true;

	if (link_bridge_of(change->interface, &bridge, &ignored) < 0 || !*bridge || streq(bridge, recorded))
		return false;
	if (link_bridge_netfilter(bridge, &on, &ignored) < 0 || on)
		return true;

	_cleanup_free_ char *text = xprintf(
		"it is a port of \"%s\" now, not of \"%s\", and that does not let its frames pass the hooks of IP "
		"(nf_call_iptables, nf_call_ip6tables): put it back, or bind it again",
		bridge, recorded);
	say(findings, change->interface, false, text);
	return true;
}

/* Its bridge must call br_netfilter where the filter looks at connections. */
static void look_at_bridge(const struct filters *filters, const struct filters_change *change,
			   struct filters_findings *findings)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	_cleanup_free_ char *text = NULL;
	bool on = true;

	if (!change->program.connections || filters->kernel.bridge_ct || look_at_other_bridge(change, findings))
		return;
	if (link_bridge_netfilter(change->binding->bridge, &on, &err) < 0)
		text = xstrdup(err.message);
	else if (!on)
		text = xprintf("its bridge \"%s\" does not let its frames pass the hooks of IP (nf_call_iptables, "
			       "nf_call_ip6tables)",
			       change->binding->bridge);
	if (text)
		say(findings, change->interface, true, text);
}

/* A record each, read one by one: the others are looked at all the same. */
static int compile_all(struct filters *filters, struct filters_findings *findings, struct error *err)
{
	_cleanup_strv_ char **names = NULL;

	if (filter_binding_list(&filters->context->rundir, &names, err) < 0)
		return -1;
	findings->bindings = strv_length(names);
	for (char *const *name = names; name && *name; name++) {
		_cleanup_filter_binding_ struct filter_binding *binding = NULL;
		_cleanup_error_ struct error damage = ERROR_INIT;
		_cleanup_problems_ struct problems problems = { 0 };
		int read = filter_binding_read(&filters->context->rundir, *name, &binding, &damage);

		if (read > 0 && filter_binding_check_place(&filters->context->rundir, binding, &damage) < 0)
			read = -1;
		if (read < 0)
			say(findings, *name, false, damage.message);
		if (read > 0)
			filters_put(filters, binding, &problems);
		for (size_t i = 0; i < problems.n; i++) {
			_cleanup_free_ char *what =
				xprintf("%s%s%s", problems.list[i].path, *problems.list[i].path ? ": " : "",
					problems.list[i].message);

			say(findings, *name, false, what);
		}
	}
	return 0;
}

static void look_at_names(struct filters *filters, struct filter_listing *listing, struct filters_findings *findings)
{
	for (size_t i = 0; i < filters->n_changes; i++) {
		const struct filters_change *change = &filters->changes[i];
		struct filter_nic nic = { change->interface, (unsigned)change->binding->number };
		_cleanup_filter_existing_ struct filter_existing existing = { 0 };

		filter_listing_of(listing, change->interface, &existing);
		if (!existing.chains)
			say(findings, change->interface, true, "its rules are gone");
		else if (!filter_existing_is(&existing, &nic, &change->program))
			say(findings, change->interface, true, "its rules are others than its filter comes to now");
		if (!link_exists(change->interface))
			say(findings, change->interface, false, "there is no such interface");
		look_at_bridge(filters, change, findings);
	}
}

/* What is not to be explained by the names: somebody was at the rules. */
static void explain(struct filters_findings *findings)
{
	for (size_t i = 0; i < findings->n; i++) {
		struct filters_finding *finding = &findings->list[i];

		if (finding->n > 0 && !finding->what)
			strv_addf(&finding->what, "rules were changed by somebody else: %s%s", finding->things,
				  finding->n > FILTERS_THINGS_NAMED ? ", ..." : "");
	}
}

int act_filters_verify(struct filters *filters, bool each_rule, struct filters_findings *ret, struct error *err)
{
	_cleanup_filter_listing_ struct filter_listing *listing = NULL;
	struct filters_findings findings = { 0 };

	if (compile_all(filters, &findings, err) < 0 || filter_kernel_list(&listing, err) < 0) {
		filters_findings_free(&findings);
		return -1;
	}
	look_at_names(filters, listing, &findings);
	if (each_rule && (filters_compare(filters, &findings, err) < 0 ||
			  filters_verify_groups(filters, listing, &findings, err) < 0)) {
		filters_findings_free(&findings);
		return -1;
	}
	explain(&findings);
	filters_forget(filters);
	*ret = findings;
	return 0;
}
