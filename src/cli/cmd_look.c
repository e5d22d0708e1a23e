/* list, info, state: they change nothing. */
#include <stdio.h>

#include "base/text.h"
#include "cli/command.h"
#include "cli/document.h"
#include "cli/output.h"
#include "ops/verbs.h"

static char *memory_text(const struct json *instance)
{
	_cleanup_free_ char *now = key_text(KEY_MIB, json_get(instance, "memory"));
	_cleanup_free_ char *maximum = key_text(KEY_MIB, json_get(instance, "maxmem"));

	if (!*now || streq(now, maximum))
		return take_ptr(maximum);
	return xprintf("%s of %s", now, maximum);
}

static void add_instance(struct table *table, const struct json *instance)
{
	const char *state = json_get_string(instance, "state", "unknown");
	_cleanup_free_ char *pid = key_text(KEY_NUMBER, json_get(instance, "pid"));
	_cleanup_free_ char *vcpus = key_text(KEY_NUMBER, json_get(instance, "vcpus"));
	_cleanup_free_ char *memory = memory_text(instance);
	_cleanup_free_ char *uptime = key_text(KEY_SECONDS, json_get(instance, "uptime"));
	_cleanup_free_ char *cpu_time = key_text(KEY_SECONDS, json_get(instance, "cpu_time"));
	_cleanup_free_ char *resident = key_text(KEY_MIB, json_get(instance, "resident"));

	table_add(table, state_style(state),
		  (const char *[]){ json_get_string(instance, "name", ""), state,
				    json_get_string(instance, "reason", ""), pid, vcpus, memory, uptime, cpu_time,
				    resident, json_get_string(instance, "run_state", "") });
}

/* The last two columns only with --full: all monitors were asked then. */
static void print_list(const struct json *document, bool full)
{
	static const struct table_column columns[] = {
		{ "NAME", false },    { "STATE", false },     { "REASON", false }, { "PID", true },
		{ "VCPUS", true },    { "MEMORY", true },     { "UPTIME", true },  { "CPU TIME", true },
		{ "RESIDENT", true }, { "QEMU SAYS", false },
	};
	const struct json *instances = json_get(document, "instances");
	_cleanup_table_ struct table table = { .columns = columns, .n_columns = ELEMENTS(columns), .coloured = 1 };

	for (size_t i = 0; i < json_length(instances); i++)
		add_instance(&table, json_at(instances, i));
	table.shown = full ? 0 : ELEMENTS(columns) - 2;
	table_print(&table, stdout, output_colour());
}

int cmd_list(struct invocation *invocation, struct error *err)
{
	_cleanup_json_ struct json *document = NULL;
	bool full = invocation_has(invocation, "full");

	if (op_list(invocation->context, full, &document, err) < 0)
		return -1;
	if (invocation->globals.json)
		output_json(document);
	else
		print_list(document, full);
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

/* What an OCF agent's monitor action wants: 0 it lives, 5 it does not, 10 nobody can tell (and the agent must not start it elsewhere). A QEMU without its
 * record, or one that does not answer, is neither: it may still write to its disks. */
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
