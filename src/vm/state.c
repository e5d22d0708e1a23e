/* conf/NAME.runtime: the state of an instance as versioned JSON. */
#include "vm/state.h"

#include <fcntl.h>
#include <inttypes.h>

#include "base/file.h"
#include "base/strv.h"
#include "base/text.h"

#define STATE_MAX_BYTES (8 * 1024 * 1024)
#define STATE_MAX_DEPTH 80 /* a spec of 64 levels inside our own */

/* The members that are plain text: one list for all directions. */
static const struct {
	const char *key;
	size_t offset;
} text_members[] = {
	{ "name", offsetof(struct state, name) },
	{ "uuid", offsetof(struct state, uuid) },
	{ "spec_file", offsetof(struct state, spec_file) },
	{ "spec_digest", offsetof(struct state, spec_digest) },
	{ "qemu_version", offsetof(struct state, qemu_version) },
	{ "kvmctl_version", offsetof(struct state, kvmctl_version) },
	{ "vnc", offsetof(struct state, vnc) },
	{ "spice", offsetof(struct state, spice) },
	{ "serial_log", offsetof(struct state, serial_log) },
	{ "accelerator", offsetof(struct state, accelerator) },
	{ "identity", offsetof(struct state, identity) },
	{ "placement", offsetof(struct state, placement) },
	{ "cpu_mask", offsetof(struct state, cpu_mask) },
	{ "waits_at", offsetof(struct state, waits_at) },
	{ "found_at", offsetof(struct state, found_at) },
};

static char **text_member(const struct state *state, size_t i)
{
	return (char **)((char *)state + text_members[i].offset);
}

void state_free(struct state *state)
{
	if (!state)
		return;
	for (size_t i = 0; i < ELEMENTS(text_members); i++)
		free(*text_member(state, i));
	json_free(state->spec);
	hardware_free(&state->hardware);
	strv_free(state->argv);
	strv_free(state->claims);
	json_free(state->resources);
	move_free(state->move);
	free(state);
}

void state_free_ptr(struct state **state)
{
	state_free(*state);
}

/* The short members first: a person who looks into the file sees what it is about before the spec
 * begins. */
struct json *state_to_json(const struct state *state)
{
	struct json *document = json_new_object();

	json_put_int(document, "version", STATE_VERSION);
	json_put_string(document, "phase", phase_to_string(state->phase));
	for (size_t i = 0; i < ELEMENTS(text_members); i++)
		json_put_string(document, text_members[i].key,
				is_empty(*text_member(state, i)) ? "" : *text_member(state, i));
	json_put_int(document, "uid", state->uid);
	json_put_int(document, "net_ns", (int64_t)state->net_ns);
	json_put_bool(document, "user_shutdown", state->user_shutdown);
	json_put_bool(document, "allow_unsafe_cache", state->allow_unsafe_cache);
	json_put_bool(document, "waits_again", state->waits_again);
	if (state->move)
		json_put(document, "move", move_to_json(state->move));
	json_put(document, "resources", state->resources ? json_ref(state->resources) : json_new_array());
	json_put(document, "hardware", hardware_to_json(&state->hardware));
	json_put(document, "claims", json_new_strings(state->claims));
	json_put(document, "argv", json_new_strings(state->argv));
	json_put(document, "spec", json_ref(state->spec));
	return document;
}

/* Ours and older ones are read; a newer one is left alone. */
static int check_version(const struct json *document, struct error *err)
{
	int64_t version = json_get_int(document, "version", 0);

	if (version >= 1 && version <= STATE_VERSION)
		return 0;
	if (version < 1)
		return error_set(err, ERROR_UNKNOWN, "no version in it: damaged, or not a state of kvmctl");
	error_set(err, ERROR_UNKNOWN,
		  "written by a newer kvmctl (%s, state version %" PRId64 "; this one reads up to %d)",
		  json_get_string(document, "kvmctl_version", "?"), version, STATE_VERSION);
	return error_hint(err, "use the newer kvmctl for this instance; nothing was touched");
}

int state_from_json(const struct json *document, struct state **ret, struct error *err)
{
	_cleanup_state_ struct state *state = xcalloc(1, sizeof(*state));

	if (check_version(document, err) < 0)
		return -1;
	if (phase_from_string(json_get_string(document, "phase", ""), &state->phase) < 0)
		return error_set(err, ERROR_UNKNOWN, "damaged: phase \"%s\"", json_get_string(document, "phase", ""));
	for (size_t i = 0; i < ELEMENTS(text_members); i++)
		*text_member(state, i) = xstrdup(json_get_string(document, text_members[i].key, ""));
	state->uid = json_get_int(document, "uid", 0);
	state->net_ns = (uint64_t)json_get_int(document, "net_ns", 0);
	state->user_shutdown = json_get_bool(document, "user_shutdown", false);
	state->allow_unsafe_cache = json_get_bool(document, "allow_unsafe_cache", false);
	state->waits_again = json_get_bool(document, "waits_again", false);
	if (json_type_of(json_get(document, "resources")) != JSON_ARRAY ||
	    json_type_of(json_get(document, "spec")) != JSON_OBJECT)
		return error_set(err, ERROR_UNKNOWN, "damaged: no resources or no spec in it");
	state->resources = json_ref(json_get(document, "resources"));
	state->spec = json_ref(json_get(document, "spec"));
	if (json_get(document, "move") && move_from_json(json_get(document, "move"), &state->move, err) < 0)
		return -1;
	if (hardware_from_json(json_get(document, "hardware"), &state->hardware, err) < 0)
		return -1;
	/* An element that is no text is "": it names nothing, so nothing is done to anything for it. */
	state->claims = json_strings(json_get(document, "claims"));
	state->argv = json_strings(json_get(document, "argv"));
	*ret = take_ptr(state);
	return 0;
}

/* Pretty-printed: it is read by people exactly when something has gone wrong. Durable: it is what
 * `cleanup` goes by after a power cut of a host that keeps its run directory on disk. */
int state_write(struct rundir *rundir, const struct state *state, struct error *err)
{
	_cleanup_json_ struct json *document = state_to_json(state);
	_cleanup_free_ char *text = json_to_pretty(document);
	_cleanup_free_ char *file = xprintf("%s.runtime", state->name);
	int dir = rundir_part(rundir, RUNDIR_CONF);

	if (dir < 0)
		return error_errno(err, ERROR_HOST, errno, "cannot open \"%s/conf\"", rundir->path);
	return file_write_at(dir, file, text, strlen(text), 0640, true, err);
}

/* Whatever is wrong with it is ERROR_UNKNOWN: a state that cannot be read says nothing about whether
 * the guest runs. */
int state_read(struct rundir *rundir, const char *name, struct state **ret, struct error *err)
{
	_cleanup_free_ char *file = xprintf("%s.runtime", name), *text = NULL;
	_cleanup_json_ struct json *document = NULL;
	int dir = rundir_part(rundir, RUNDIR_CONF);
	size_t length;

	if (dir < 0 && errno == ENOENT)
		return 0;
	if (dir < 0)
		return error_errno(err, ERROR_UNKNOWN, errno, "cannot open \"%s/conf\"", rundir->path);
	if (file_read_at(dir, file, STATE_MAX_BYTES, &text, &length, err) < 0) {
		if (err->errnum == ENOENT) {
			error_clear(err);
			return 0;
		}
		err->kind = ERROR_UNKNOWN;
		return error_prefix(err, "state of \"%s\"", name);
	}
	if (json_parse(text, length, STATE_MAX_BYTES, STATE_MAX_DEPTH, "state", &document, err) < 0 ||
	    state_from_json(document, ret, err) < 0) {
		err->kind = ERROR_UNKNOWN;
		if (!err->hint)
			error_hint(err,
				   "what is on record of it cannot be taken down any more: look into \"%s/conf/%s\", "
				   "see to what it names, remove it, then \"kvmctl cleanup %s\"",
				   rundir->path, file, name);
		return error_prefix(err, "state of \"%s\"", name);
	}
	return 1;
}

/* By the first bytes of what state_write writes: then there is no need to read and to understand the rest. */
static bool is_of_our_version(int dir, const char *file)
{
	_cleanup_close_ int fd = openat(dir, file, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	_cleanup_free_ char *ours = xprintf("{\n  \"version\": %d,", STATE_VERSION);
	char begin[64];

	return fd >= 0 && read(fd, begin, strlen(ours)) == (ssize_t)strlen(ours) &&
	       memcmp(begin, ours, strlen(ours)) == 0;
}

int state_refuse_newer(struct rundir *rundir, const char *name, struct error *err)
{
	_cleanup_error_ struct error other = ERROR_INIT;
	_cleanup_free_ char *file = xprintf("%s.runtime", name), *text = NULL;
	_cleanup_json_ struct json *document = NULL;
	int dir = rundir_part(rundir, RUNDIR_CONF);
	size_t length;

	/* What is wrong with it besides is for those who need what is in it. */
	if (dir < 0 || is_of_our_version(dir, file) ||
	    file_read_at(dir, file, STATE_MAX_BYTES, &text, &length, &other) < 0 ||
	    json_parse(text, length, STATE_MAX_BYTES, STATE_MAX_DEPTH, "state", &document, &other) < 0 ||
	    json_get_int(document, "version", 0) <= STATE_VERSION)
		return 0;
	check_version(document, err);
	return error_prefix(err, "state of \"%s\"", name);
}
