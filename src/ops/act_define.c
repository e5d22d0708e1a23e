/* Taking over the definition of an instance from another host. */
#include "ops/act_define.h"

#include <string.h>
#include <fcntl.h>

#include "base/file.h"
#include "base/text.h"
#include "ops/act_check.h"
#include "vm/instance.h"
#include "vm/spec.h"

#define SPEC_MODE 0640

static int refuse_running(struct context *context, const char *name, struct error *err)
{
	_cleanup_instance_ struct instance instance = { 0 };

	if (instance_look(&context->rundir, name, &context->here, &instance, err) < 0)
		return -1;
	if (instance.state == INSTANCE_STOPPED)
		return 0;
	return error_set(err, instance.state == INSTANCE_UNKNOWN ? ERROR_UNKNOWN : ERROR_STATE,
			 "instance \"%s\" is %s there", name, instance_state_to_string(instance.state));
}

/* 1: the same one is there; 0: none, or another one that is to be replaced. */
static int compare(const char *path, const struct json *spec, bool force, struct error *err)
{
	_cleanup_free_ char *text = NULL;
	_cleanup_json_ struct json *there = NULL;
	_cleanup_error_ struct error ignored = ERROR_INIT;
	size_t length;

	if (file_read_at(AT_FDCWD, path, JSON_SPEC_MAX_BYTES, &text, &length, err) < 0) {
		bool absent = err->errnum == ENOENT;

		if (absent)
			error_clear(err);
		return absent ? 0 : -1;
	}
	if (json_parse(text, length, JSON_SPEC_MAX_BYTES, JSON_SPEC_MAX_DEPTH, path, &there, &ignored) == 0 &&
	    json_equal(there, spec))
		return 1;
	if (force)
		return 0;
	error_set(err, ERROR_STATE, "\"%s\" is there already, and says something else", path);
	return error_hint(err, "with --force it is replaced");
}

static int write_spec(struct context *context, const char *name, const struct json *spec, struct error *err)
{
	_cleanup_free_ char *pretty = json_to_pretty(spec), *text = xprintf("%s\n", pretty),
			    *file = xprintf("%s.json", name);
	_cleanup_close_ int dir = -1;

	if (file_make_dirs(context->settings->spec_dir, 0755, err) < 0)
		return -1;
	dir = open(context->settings->spec_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return error_errno(err, ERROR_HOST, errno, "cannot open \"%s\"", context->settings->spec_dir);
	return file_write_at(dir, file, text, strlen(text), SPEC_MODE, true, err);
}

int act_define(struct context *context, const char *name, const struct json *spec, bool force, bool *ret_changed,
	       struct error *err)
{
	_cleanup_free_ char *path = xprintf("%s/%s.json", context->settings->spec_dir, name);
	_cleanup_spec_ struct spec *read = NULL;
	int same;

	if (spec_from_json(spec, "spec", name, context->settings, &read, err) < 0 ||
	    refuse_running(context, name, err) < 0)
		return -1;
	same = compare(path, spec, force, err);
	if (same < 0 || act_check_host(context, read, err) < 0 ||
	    (same == 0 && write_spec(context, name, spec, err) < 0))
		return -1;
	*ret_changed = same == 0;
	return 0;
}
