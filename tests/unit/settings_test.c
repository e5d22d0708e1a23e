/* vm/settings: keys, defaults for root and for users, where values come from. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <fcntl.h>

#include "base/file.h"
#include "spec_text.h"

static char *problems_of(const char *text, bool as_root)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	_cleanup_settings_ struct settings *settings = NULL;
	if (settings_parse(text, strlen(text), "settings", as_root, &settings, &err) == 0)
		return xstrdup("valid");
	return xstrdup(err.message);
}

static void test_defaults_of_root(void **state)
{
	(void)state;
	_cleanup_settings_ struct settings *settings = settings_of("{}");
	assert_string_equal(settings->run_dir, "/run/kvmctl");
	assert_string_equal(settings->spec_dir, "/etc/kvmctl/instances");
	assert_string_equal(settings->filter_dir, "/etc/kvmctl/filters");
	assert_string_equal(settings->secgroup_dir, "/etc/kvmctl/secgroups");
	assert_string_equal(settings->state_dir, "/var/lib/kvmctl");
	assert_string_equal(settings->cache_dir, "/var/cache/kvmctl");
	assert_string_equal(settings->uid_dir, "/run/kvmctl-uids");
	assert_string_equal(settings->nic_script, "");
	assert_int_equal(settings->uid_last, 0);
	assert_null(settings->defaults);
	assert_int_equal(settings->timeouts.start, 30000);
	assert_int_equal(settings->timeouts.powerdown, 120000);
	assert_int_equal(settings->timeouts.quit, 5000);
	assert_int_equal(settings->timeouts.sigterm, 30000);
	assert_int_equal(settings->timeouts.sigkill, 5000);
	assert_int_equal(settings->timeouts.command, 5000);
	assert_int_equal(settings->timeouts.query, 1000);
	assert_int_equal(settings->timeouts.script, 60000);
	assert_int_equal(settings->log_max, 1048576);
}

static void test_every_setting(void **state)
{
	static const char text[] = "{\"run_dir\": \"/r\", \"spec_dir\": \"/s\", \"state_dir\": \"/t\", \"cache_dir\": "
				   "\"/c\", \"uid_pool\": \"610000-610999\","
				   " \"uid_dir\": \"/u\", \"defaults\": {\"acpi\": \"false\"}, \"timeouts\": "
				   "{\"powerdown\": 60, \"query\": 0.25,"
				   " \"script\": \"2m\"}, \"nic_script\": \"/n\", \"log_max\": \"64K\","
				   " \"spice_tls\": {\"cacert\": \"/a\", \"cert\": \"/b\", \"key\": \"/k\"}}";
	(void)state;
	_cleanup_settings_ struct settings *settings = settings_of(text);
	assert_string_equal(settings->run_dir, "/r");
	assert_string_equal(settings->uid_dir, "/u");
	assert_int_equal(settings->uid_first, 610000);
	assert_int_equal(settings->uid_last, 610999);
	assert_int_equal(settings->timeouts.powerdown, 60000);
	assert_int_equal(settings->timeouts.query, 250);
	assert_int_equal(settings->timeouts.script, 120000);
	assert_int_equal(settings->timeouts.quit, 5000);
	assert_int_equal(settings->log_max, 65536);
	assert_string_equal(settings->spice_ca, "/a");
	assert_string_equal(settings->spice_key, "/k");

	_cleanup_json_ struct json *out = settings_to_json(settings);
	_cleanup_free_ char *again_text = json_to_text(out);
	_cleanup_settings_ struct settings *again = settings_of(again_text);
	_cleanup_json_ struct json *again_out = settings_to_json(again);
	assert_true(json_equal(out, again_out));
}

static void test_bad_settings(void **state)
{
	static const char *const bad[][2] = {
		{ "[]", "settings: must be of type object, not array" },
		{ "{\"rundir\": \"/r\"}", "settings: rundir: unknown key; did you mean \"run_dir\"?" },
		{ "{\"run_dir\": \"r\"}", "settings: run_dir: \"r\" is no absolute path" },
		{ "{\"uid_pool\": \"1000\"}",
		  "settings: uid_pool: \"1000\" is no range of user ids FIRST-LAST (610000-610999)" },
		{ "{\"uid_pool\": \"9-8\"}",
		  "settings: uid_pool: \"9-8\" is no range of user ids FIRST-LAST (610000-610999)" },
		{ "{\"uid_pool\": \"0-8\"}",
		  "settings: uid_pool: \"0-8\" is no range of user ids FIRST-LAST (610000-610999)" },
		{ "{\"uid_pool\": \"1-4294967295\"}",
		  "settings: uid_pool: \"1-4294967295\" is no range of user ids FIRST-LAST (610000-610999)" },
		{ "{\"defaults\": {\"acpii\": 1}}", "settings: defaults.acpii: unknown key; did you mean \"acpi\"?" },
		{ "{\"defaults\": []}", "settings: defaults: must be of type object, not array" },
		{ "{\"timeouts\": {\"start\": 0}}",
		  "settings: timeouts.start: 0 is out of range (1 to 86400 seconds)" },
		{ "{\"timeouts\": 5}", "settings: timeouts: must be of type object, not integer" },
		{ "{\"log_max\": 1}", "settings: log_max: 1 bytes is out of range (4096 to 1099511627776)" },
		{ "{\"migration_tls\": {\"mode\": \"on\", \"key\": \"/k\"}}",
		  "settings: migration_tls.mode: needs the keys cacert, cert and key beside it" },
		{ "{\"migration_tls\": {\"mode\": true}}",
		  "settings: migration_tls.mode: \"true\" is none of off, on, required" },
		{ "{\"spice_tls\": {\"ca\": \"/x\"}, \"log_max\": -1}",
		  "settings: 2 problems:\n  spice_tls.ca: unknown key\n  log_max: -1 bytes is out of range (4096 to "
		  "1099511627776)" },
	};
	(void)state;
	for (size_t i = 0; i < ELEMENTS(bad); i++) {
		_cleanup_free_ char *problems = problems_of(bad[i][0], true);
		assert_string_equal(problems, bad[i][1]);
	}
}

static void test_defaults_of_a_user(void **state)
{
	(void)state;
	_cleanup_error_ struct error err = ERROR_INIT;
	_cleanup_settings_ struct settings *settings = NULL;
	setenv("HOME", "/home/joe", 1);
	setenv("XDG_RUNTIME_DIR", "/run/user/1000", 1);
	setenv("XDG_CACHE_HOME", "/fast/cache", 1);
	unsetenv("XDG_CONFIG_HOME");
	setenv("XDG_STATE_HOME", "relative", 1); /* to be ignored */
	assert_int_equal(settings_parse("{}", 2, "settings", false, &settings, &err), 0);
	assert_string_equal(settings->run_dir, "/run/user/1000/kvmctl");
	assert_string_equal(settings->spec_dir, "/home/joe/.config/kvmctl/instances");
	assert_string_equal(settings->filter_dir, "/home/joe/.config/kvmctl/filters");
	assert_string_equal(settings->secgroup_dir, "/home/joe/.config/kvmctl/secgroups");
	assert_string_equal(settings->state_dir, "/home/joe/.local/state/kvmctl");
	assert_string_equal(settings->cache_dir, "/fast/cache/kvmctl");
	assert_false(settings->as_root);
}

static void test_a_user_without_a_runtime_directory(void **state)
{
	(void)state;
	_cleanup_error_ struct error err = ERROR_INIT;
	_cleanup_settings_ struct settings *settings = NULL;
	setenv("HOME", "/home/joe", 1);
	unsetenv("XDG_RUNTIME_DIR");
	assert_int_equal(settings_parse("{}", 2, "settings", false, &settings, &err), 0);
	assert_int_equal(settings_require_run_dir(settings, &err), -1);
	assert_int_equal(err.kind, ERROR_HOST);
	assert_non_null(strstr(err.message, "XDG_RUNTIME_DIR"));
	assert_non_null(strstr(err.hint, "--run-dir"));
	/* with a run directory of one's own it is not needed */
	_cleanup_free_ char *problems = problems_of("{\"run_dir\": \"/r\"}", false);
	assert_string_equal(problems, "valid");
}

/* The option comes before the environment, that before the file. */
static void test_where_values_come_from(void **state)
{
	static const char text[] = "{\"run_dir\": \"/from/file\"}";
	char dir[] = "/tmp/kvmctl-settings-XXXXXX";
	(void)state;
	_cleanup_error_ struct error err = ERROR_INIT;
	_cleanup_settings_ struct settings *of_file = NULL, *of_env = NULL, *of_option = NULL, *relative = NULL;
	struct settings *none = NULL;
	assert_non_null(mkdtemp(dir));
	_cleanup_free_ char *file = xprintf("%s/kvmctl.json", dir);
	assert_int_equal(file_write_at(AT_FDCWD, file, text, strlen(text), 0644, false, &err), 0);
	unsetenv("KVMCTL_RUN_DIR");
	unsetenv("KVMCTL_CONFIG");

	assert_int_equal(settings_load(file, NULL, &of_file, &err), 0);
	assert_string_equal(of_file->run_dir, "/from/file");
	assert_string_equal(of_file->file, file);
	setenv("KVMCTL_CONFIG", file, 1);
	setenv("KVMCTL_RUN_DIR", "/from/env", 1);
	assert_int_equal(settings_load(NULL, NULL, &of_env, &err), 0);
	assert_string_equal(of_env->run_dir, "/from/env");
	assert_int_equal(settings_load(NULL, "/from/option", &of_option, &err), 0);
	assert_string_equal(of_option->run_dir, "/from/option");
	assert_int_equal(settings_load(NULL, "here", &relative, &err), 0);
	assert_true(*relative->run_dir == '/' && ends_with(relative->run_dir, "/here"));

	/* a file that was named must be there */
	unlink(file);
	assert_int_equal(settings_load(NULL, NULL, &none, &err), -1);
	assert_non_null(strstr(err.message, "kvmctl.json"));
	rmdir(dir);
	unsetenv("KVMCTL_CONFIG");
	unsetenv("KVMCTL_RUN_DIR");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults_of_root),
		cmocka_unit_test(test_every_setting),
		cmocka_unit_test(test_bad_settings),
		cmocka_unit_test(test_defaults_of_a_user),
		cmocka_unit_test(test_a_user_without_a_runtime_directory),
		cmocka_unit_test(test_where_values_come_from),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
