/* list, info, state: they change nothing. */
#include <stdio.h>

#include "base/text.h"
#include "cli/command.h"
#include "cli/document.h"
#include "cli/output.h"
#include "ops/act_look.h"
#include "ops/verbs.h"

static char *memory_text(const struct status *status)
{
	_cleanup_free_ char *now = NULL, *maximum = NULL;

	if (status->memory == status->maxmem)
		return text_of_mib(status->maxmem);
	now = text_of_mib(status->memory);
	maximum = text_of_mib(status->maxmem);
	return xprintf("%s of %s", now, maximum);
}

static char *number_text(int64_t number)
{
	return xprintf("%lld", (long long)number);
}

/* What is not known stays empty. */
static void add_instance(struct table *table, const struct instance *instance, const char *run_state)
{
	const char *state = instance_state_to_string(instance->state);
	const struct look_figures figures = look_figures(instance);
	bool known = instance->has_status, alive = figures.uptime >= 0;
	_cleanup_free_ char *pid = figures.pid > 0 ? number_text(figures.pid) : NULL;
	_cleanup_free_ char *vcpus = known ? number_text(instance->status.vcpus) : NULL;
	_cleanup_free_ char *memory = known ? memory_text(&instance->status) : NULL;
	_cleanup_free_ char *uptime = alive ? text_of_seconds(figures.uptime) : NULL;
	_cleanup_free_ char *cpu_time = alive ? text_of_seconds((int64_t)figures.cpu_time) : NULL;
	_cleanup_free_ char *resident = alive ? text_of_mib(figures.resident) : NULL;

	table_add(table, state_style(state),
		  (const char *[]){ instance->name, state, instance->reason, pid ? pid : "", vcpus ? vcpus : "",
				    memory ? memory : "", uptime ? uptime : "", cpu_time ? cpu_time : "",
				    resident ? resident : "", run_state ? run_state : "" });
}

/* The last two columns only with --full: all monitors were asked then. */
static void print_list(const struct listing *listing)
{
	static const struct table_column columns[] = {
		{ "NAME", false },    { "STATE", false },     { "REASON", false }, { "PID", true },
		{ "VCPUS", true },    { "MEMORY", true },     { "UPTIME", true },  { "CPU TIME", true },
		{ "RESIDENT", true }, { "QEMU SAYS", false },
	};
	_cleanup_table_ struct table table = { .columns = columns, .n_columns = ELEMENTS(columns), .coloured = 1 };

	for (size_t i = 0; i < listing->n; i++)
		add_instance(&table, &listing->instances[i], listing->run_states ? listing->run_states[i] : NULL);
	table.shown = listing->run_states ? 0 : ELEMENTS(columns) - 2;
	table_print(&table, stdout, output_colour());
}

int cmd_list(struct invocation *invocation, struct error *err)
{
	_cleanup_listing_ struct listing listing = { 0 };

	if (op_list(invocation->context, invocation_has(invocation, "all"), invocation_has(invocation, "full"),
		    &listing, err) < 0)
		return -1;
	if (invocation->globals.json)
		output_json_take(listing_to_json(&listing));
	else
		print_list(&listing);
	return 0;
}

int cmd_info(struct invocation *invocation, struct error *err)
{
	_cleanup_json_ struct json *document = NULL;
	const char *name;

	if (invocation_name(invocation, &name, err) < 0 || op_info(invocation->context, name, &document, err) < 0)
		return -1;
	if (invocation->globals.json)
		output_json(document);
	else
		document_print(DOCUMENT_INFO, document, stdout, output_colour());
	return 0;
}

/* What an OCF agent's monitor action wants: 0 it lives, 5 it does not, 10 nobody can tell (and the agent
 * must not start it elsewhere). A QEMU without its record, or one that does not answer, is neither: it
 * may still write to its disks. */
static int state_status(enum instance_state state)
{
	switch (state) {
	case INSTANCE_RUNNING:
	case INSTANCE_PAUSED:
	case INSTANCE_INCOMING:
	case INSTANCE_OUTGOING:
		return 0;
	case INSTANCE_STOPPED:
	case INSTANCE_SAVED:
	case INSTANCE_STALE:
		return ERROR_STATE;
	case INSTANCE_ORPHANED:
	case INSTANCE_UNRESPONSIVE:
	case INSTANCE_UNKNOWN:
	case INSTANCE_STATE_MAX:
		break;
	}
	return ERROR_UNKNOWN;
}

int cmd_state(struct invocation *invocation, struct error *err)
{
	_cleanup_instance_ struct instance instance = { 0 };
	const char *name;

	if (invocation_name(invocation, &name, err) < 0 || op_state(invocation->context, name, &instance, err) < 0)
		return -1;
	invocation->status = state_status(instance.state);
	if (!invocation->globals.json) {
		puts(instance_state_to_string(instance.state));
		return 0;
	}
	struct json *document = json_new_object();
	json_put_string(document, "name", name);
	json_put_string(document, "state", instance_state_to_string(instance.state));
	json_put_string(document, "reason", instance.reason ? instance.reason : "");
	output_json_take(document);
	return 0;
}
