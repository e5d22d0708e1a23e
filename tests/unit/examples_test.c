/* Every file of examples/ is valid: the specs with the settings beside them and without. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <dirent.h>
#include <fcntl.h>

#include "base/file.h"
#include "spec_text.h"

static char *text_of(const char *file, size_t *ret_length)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	_cleanup_free_ char *path = xprintf("examples/%s", file);
	char *text = NULL;
	assert_int_equal(file_read_at(AT_FDCWD, path, 65536, &text, ret_length, &err), 0);
	return text;
}

static void check_example(const char *file, const struct settings *settings)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	_cleanup_spec_ struct spec *spec = NULL;
	_cleanup_free_ char *name = xstrndup(file, strlen(file) - strlen(".json"));
	size_t length = 0;
	_cleanup_free_ char *text = text_of(file, &length);
	if (spec_parse(text, length, file, name, settings, &spec, &err) < 0)
		fail_msg("%s", err.message);
}

static void test_examples(void **state)
{
	size_t n = 0, length = 0;
	(void)state;
	_cleanup_error_ struct error err = ERROR_INIT;
	_cleanup_settings_ struct settings *settings = NULL;
	_cleanup_free_ char *text = text_of("kvmctl.json", &length);
	assert_int_equal(settings_parse(text, length, "kvmctl.json", true, &settings, &err), 0);
	DIR *dir = opendir("examples");
	assert_non_null(dir);
	for (const struct dirent *entry; (entry = readdir(dir));) {
		if (!ends_with(entry->d_name, ".json") || streq(entry->d_name, "kvmctl.json"))
			continue;
		check_example(entry->d_name, settings);
		check_example(entry->d_name, NULL);
		n++;
	}
	closedir(dir);
	assert_true(n >= 8);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_examples),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
