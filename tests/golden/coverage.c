/* Proves by the table of parameters that the golden cases cover it: for each parameter there is
 * a case that sets it to another value than the default, and there it matters: without it the
 * command line, or the error, is another one.
 *
 * usage: coverage FIXTURE CASE.json... */
#include <stdio.h>

#include "base/strv.h"
#include "base/text.h"
#include "golden/golden_case.h"

/* What no command line shows: what happens around QEMU. (That they are set somewhere must be so
 * all the same.) */
static const char *const elsewhere[] = {
	"cpu_mask",           "security_domain", "user_shutdown",  "migration_port", "migration_bandwidth",
	"migration_downtime", "migration_mode",  "migration_caps",
};

struct row {
	bool set, matters;
};

/* The command line as one text (and what TAPs are to be), or the error. */
static char *outcome(const char *file, const struct probe *probe, const char *without)
{
	_cleanup_golden_ struct golden_case c = { 0 };
	_cleanup_error_ struct error err = ERROR_INIT;
	_cleanup_plan_ struct plan *plan = NULL;

	golden_read(&c, file, "/golden", probe, without, &err);
	if (err.kind != ERROR_NONE || plan_make(&c.input, &plan, &err) < 0)
		return xstrdup(err.message);
	for (size_t i = 0; i < plan->n_nics; i++)
		strv_addf(&plan->argv, "nic %zu: vnet_hdr %d", i, plan->nics[i].vnet_hdr);
	return strv_join(plan->argv, "\n");
}

static bool is_default(const struct param_row *row, const struct json *value)
{
	_cleanup_free_ char *text = NULL;

	if (json_type_of(value) == JSON_STRING)
		return streq(json_string(value, ""), row->fallback);
	text = json_to_text(value);
	return streq(text, row->fallback);
}

static void look(const char *file, const struct probe *probe, struct row *rows)
{
	_cleanup_golden_ struct golden_case c = { 0 };
	_cleanup_error_ struct error err = ERROR_INIT;
	_cleanup_free_ char *with = outcome(file, probe, NULL);

	golden_read(&c, file, "/golden", probe, NULL, &err);
	for (struct json_iter it = json_iter(json_find(c.document, "spec.hvparams")); json_next(&it);) {
		const struct param_row *row = param_find(it.key);
		_cleanup_free_ char *without = NULL;

		if (!row || is_default(row, it.value))
			continue;
		rows[row - param_rows].set = true;
		without = outcome(file, probe, it.key);
		if (!streq(with, without))
			rows[row - param_rows].matters = true;
	}
}

/* A binary without SPICE refuses all of it at once: the golden error is that of spice_bind. */
static bool is_elsewhere(const char *name, const struct probe *probe)
{
	if (starts_with(name, "spice_") && !probe->can.spice)
		return true;
	for (size_t i = 0; i < ELEMENTS(elsewhere); i++)
		if (streq(name, elsewhere[i]))
			return true;
	return false;
}

int main(int argc, char **argv)
{
	_cleanup_probe_ struct probe *probe = NULL;
	struct row rows[HV_MAX] = { 0 };
	int missing = 0;

	if (argc < 3)
		golden_die("usage: coverage FIXTURE CASE.json...");
	probe = golden_probe(argv[1]);
	for (int i = 2; i < argc; i++)
		look(argv[i], probe, rows);
	for (size_t i = 0; i < HV_MAX; i++) {
		if (rows[i].set && (rows[i].matters || is_elsewhere(param_rows[i].name, probe)))
			continue;
		printf("no golden case %s \"%s\"\n", rows[i].set ? "shows an effect of" : "sets", param_rows[i].name);
		missing++;
	}
	printf("%d parameters, %d without a golden case\n", (int)HV_MAX, missing);
	return missing != 0;
}
