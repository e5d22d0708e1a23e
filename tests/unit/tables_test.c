/* The tables of keys: every row is documented, its default follows its rule, and it stands in the schema and in the manual. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include "base/text.h"
#include "vm/keys.h"
#include "vm/settings.h"
#include "vm/spec.h"
#include "vm/tables_doc.h"

static const struct key_table *const tables[] = { &instance_keys,  &disk_keys,          &nic_keys,
						  &network_keys,   &hook_keys,          &settings_keys,
						  &timeout_keys,   &spice_tls_keys,     &migration_tls_keys,
						  &bandwidth_keys, &bandwidth_rate_keys };

static void test_rows(void **state)
{
	(void)state;
	for (size_t t = 0; t < ELEMENTS(tables); t++) {
		for (size_t i = 0; i < tables[t]->n; i++) {
			const struct keys_row *row = &tables[t]->rows[i];
			assert_true(ends_with(row->doc, ".") && strlen(row->doc) > 10);
			assert_true(row->rule.kind < VALUE_KIND_MAX);
			if (row->rule.kind == VALUE_TABLE)
				assert_non_null(keys_table(row->rule.choices));
			for (size_t k = 0; k < i; k++)
				assert_string_not_equal(row->name, tables[t]->rows[k].name);
		}
	}
}

static void test_defaults_follow_their_rules(void **state)
{
	(void)state;
	for (size_t t = 0; t < ELEMENTS(tables); t++) {
		for (size_t i = 0; i < tables[t]->n; i++) {
			const struct keys_row *row = &tables[t]->rows[i];
			_cleanup_problems_ struct problems problems = { 0 };
			_cleanup_json_ struct json *value =
				row->required ? NULL : value_default_json(&row->rule, row->fallback);
			void *place = NULL; /* as large as any value */
			if (!value)
				continue;
			assert_true(value_read(&row->rule, value, &place, "x", &problems));
			value_free(&row->rule, &place);
		}
	}
}

/* The names that the documents promise. */
static void test_promised_keys(void **state)
{
	static const char *const promised[][2] = {
		{ "instance", "name uuid title description metadata vcpus maxmem minmem hvparams disks nics "
			      "network_port tags autostart hooks" },
		{ "disk", "path format mode shared serial cache aio discard iothread bootindex secret_file size" },
		{ "nic", "mac mode link ip ip6 network vlan queues mtu script filter security_groups name uuid "
			 "bandwidth link_state" },
		{ "bandwidth", "inbound outbound" },
		{ "bandwidth_rate", "average peak burst floor" },
		{ "network", "name subnet gateway network6 gateway6 mac_prefix tags" },
		{ "settings", "run_dir spec_dir filter_dir filter_mark secgroup_dir state_dir cache_dir uid_pool "
			      "uid_dir defaults timeouts nic_script log_max spice_tls migration_tls" },
		{ "migration_tls", "mode cacert cert key crl" },
		{ "timeouts", "start powerdown quit sigterm sigkill command query script" },
	};
	(void)state;
	for (size_t t = 0; t < ELEMENTS(promised); t++) {
		const struct key_table *table = keys_table(promised[t][0]);
		_cleanup_free_ char *names = xstrdup("");
		for (size_t i = 0; i < table->n; i++) {
			char *longer = xprintf("%s%s%s", names, i ? " " : "", table->rows[i].name);
			free(names);
			names = longer;
		}
		assert_string_equal(names, promised[t][1]);
	}
}

static void test_schema_has_every_row(void **state)
{
	(void)state;
	_cleanup_json_ struct json *schema = spec_schema(), *of_settings = settings_schema();
	_cleanup_free_ char *draft = xstrdup(json_get_string(schema, "$schema", ""));
	assert_string_equal(draft, "https://json-schema.org/draft/2020-12/schema");
	assert_int_equal(json_length(json_find(schema, "$defs.hvparams.properties")), HV_MAX);
	assert_int_equal(json_length(json_find(schema, "properties")), instance_keys.n);
	assert_int_equal(json_length(json_find(schema, "$defs.disk.properties")), disk_keys.n);
	assert_int_equal(json_length(json_find(schema, "$defs.nic.properties")), nic_keys.n);
	assert_int_equal(json_length(json_find(of_settings, "$defs.timeouts.properties")), timeout_keys.n);
	assert_false(json_get_bool(schema, "additionalProperties", true));
	assert_string_equal(json_string(json_at(json_get(schema, "required"), 0), ""), "name");
	assert_int_equal(json_int(json_find(schema, "properties.vcpus.maximum"), 0), 1024);
}

static char *fragment(const char *name)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	assert_true(tables_fragment(name, out));
	fclose(out);
	return text;
}

static void test_manual_has_every_row(void **state)
{
	(void)state;
	_cleanup_free_ char *params = fragment("params");
	for (size_t i = 0; i < HV_MAX; i++) {
		_cleanup_free_ char *head = xprintf(".TP\n\\fB%s\\fR (", param_rows[i].name);
		assert_non_null(strstr(params, head));
	}
	for (size_t t = 0; t < ELEMENTS(tables); t++) {
		_cleanup_free_ char *text = fragment(tables[t]->name);
		for (size_t i = 0; i < tables[t]->n; i++) {
			_cleanup_free_ char *head = xprintf(".TP\n\\fB%s\\fR (", tables[t]->rows[i].name);
			assert_non_null(strstr(text, head));
		}
	}
	for (size_t i = 0; tables_names[i]; i++)
		free(fragment(tables_names[i]));
	assert_false(tables_fragment("nonsense", stderr));
}

static void test_a_fragment(void **state)
{
	(void)state;
	_cleanup_free_ char *params = fragment("params"), *disk = fragment("disk");
	assert_non_null(strstr(params,
			       ".TP\n\\fBmigration_port\\fR (0 to 65535; default 8102; seen by the host)\n"
			       "The TCP port that an incoming migration listens on; 0: the target chooses one.\n"));
	assert_non_null(strstr(params, "HIGH:\\-DES:\\-3DES"));
	assert_non_null(strstr(disk, ".TP\n\\fBpath\\fR (text; required)\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_defaults_follow_their_rules),
		cmocka_unit_test(test_promised_keys),
		cmocka_unit_test(test_schema_has_every_row),
		cmocka_unit_test(test_manual_has_every_row),
		cmocka_unit_test(test_a_fragment),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
