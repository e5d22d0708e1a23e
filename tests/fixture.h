/* For unit tests: the recorded answers of three QEMU binaries. */
#ifndef KVMCTL_TESTS_FIXTURE_H
#define KVMCTL_TESTS_FIXTURE_H

#include <fcntl.h>

#include "base/file.h"
#include "base/json.h"
#include "base/text.h"

static const char *const fixture_versions[] = { "5.2", "7.2", "10.0" };
#define FIXTURE_VERSIONS ELEMENTS(fixture_versions)

/* Tests run in the top directory of the sources. */
static inline struct json *fixture_answers(const char *version)
{
	_cleanup_free_ char *path = xprintf("tests/fixtures/qemu/qemu-%s.json", version);
	_cleanup_free_ char *text = NULL;
	_cleanup_error_ struct error err = ERROR_INIT;
	struct json *answers = NULL;
	size_t length;

	if (file_read_at(AT_FDCWD, path, 4 * 1024 * 1024, &text, &length, &err) < 0 ||
	    json_parse(text, length, 4 * 1024 * 1024, 64, path, &answers, &err) < 0) {
		fprintf(stderr, "%s\n", err.message);
		abort();
	}
	return answers;
}

#endif
