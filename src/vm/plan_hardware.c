/* The recorded hardware, in and out of the state, and the names of descriptor kinds. */
#include "base/text.h"
#include "vm/plan.h"

static const char *const fd_kinds[PLAN_FD_KIND_MAX] = {
	[PLAN_FD_CONTROL] = "control", [PLAN_FD_QUERY] = "query",   [PLAN_FD_EVENT] = "event",
	[PLAN_FD_SERIAL] = "serial",   [PLAN_FD_AGENT] = "agent",   [PLAN_FD_SERIAL_LOG] = "serial-log",
	[PLAN_FD_TAP] = "tap",         [PLAN_FD_VHOST] = "vhost",   [PLAN_FD_FILE] = "file",
	[PLAN_FD_PRIVATE] = "private", [PLAN_FD_DIR] = "directory",
};

const char *plan_fd_kind_to_string(enum plan_fd_kind kind)
{
	return kind < PLAN_FD_KIND_MAX ? fd_kinds[kind] : "?";
}

void hardware_free(struct hardware *hardware)
{
	free(hardware->machine);
	json_free(hardware->addresses);
	json_free(hardware->hv);
	*hardware = (struct hardware){ 0 };
}

/* The order of the members is part of the state's text, and does not change. */
struct json *hardware_to_json(const struct hardware *hardware)
{
	struct json *document = json_new_object();

	json_put_string(document, "machine", hardware->machine);
	json_put(document, "addresses", json_ref(hardware->addresses));
	json_put(document, "hvparams", json_ref(hardware->hv));
	return document;
}

/* Something that was not written by hardware_to_json() is not guessed at: without its addresses
 * the guest would get other hardware. */
int hardware_from_json(const struct json *document, struct hardware *ret, struct error *err)
{
	const char *machine = json_get_string(document, "machine", NULL);
	struct json *addresses = json_get(document, "addresses"), *hv = json_get(document, "hvparams");

	if (!machine || json_type_of(addresses) != JSON_OBJECT || json_type_of(hv) != JSON_OBJECT)
		return error_set(err, ERROR_UNKNOWN,
				 "the recorded hardware has no \"machine\", \"addresses\" or \"hvparams\"");
	*ret = (struct hardware){ .machine = xstrdup(machine), .addresses = json_ref(addresses), .hv = json_ref(hv) };
	return 0;
}
