/* For unit tests: reads a spec given as text and hands back the error's text, or NULL when it is valid. */
#ifndef KVMCTL_TESTS_SPEC_TEXT_H
#define KVMCTL_TESTS_SPEC_TEXT_H

#include "base/text.h"
#include "vm/settings.h"
#include "vm/spec.h"

static inline char *spec_problems(const char *text, const struct settings *settings)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	_cleanup_spec_ struct spec *spec = NULL;
	if (spec_parse(text, strlen(text), "spec", NULL, settings, &spec, &err) == 0)
		return NULL;
	return xstrdup(err.message);
}

/* A valid spec. */
static inline struct spec *spec_of(const char *text, const struct settings *settings)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	struct spec *spec = NULL;
	if (spec_parse(text, strlen(text), "spec", NULL, settings, &spec, &err) < 0) {
		fprintf(stderr, "%s\n", err.message);
		abort();
	}
	return spec;
}

/* {"name": "web1", "maxmem": 512, "vcpus": 4, MORE} */
static inline char *spec_with(const char *more)
{
	return xprintf("{\"name\": \"web1\", \"maxmem\": 512, \"vcpus\": 4%s%s}", *more ? ", " : "", more);
}

static inline struct settings *settings_of(const char *text)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	struct settings *settings = NULL;
	if (settings_parse(text, strlen(text), "settings", true, &settings, &err) < 0) {
		fprintf(stderr, "%s\n", err.message);
		abort();
	}
	return settings;
}

#endif
