/* The host-wide settings: which file, its keys by the table, and defaults for whoever runs kvmctl. */
#include "vm/settings.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "base/parse.h"
#include "base/text.h"
#include "vm/filter_kernel.h"
#include "vm/keys.h"
#include "vm/params.h"
#include "vm/places.h"

/* "610000-610999". Root is no uid of a pool, and (uid_t)-1 and -2 mean other things to the kernel. */
static void read_uid_pool(struct settings *settings, struct problems *problems)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	const char *dash = strchr(settings->uid_pool, '-');
	_cleanup_free_ char *head = dash ? xstrndup(settings->uid_pool, (size_t)(dash - settings->uid_pool)) : NULL;
	int64_t first = 0, last = 0;
	if (!*settings->uid_pool)
		return;
	if (!dash || parse_int(head, "first", 1, UINT32_MAX - 2, &first, &err) < 0 ||
	    parse_int(dash + 1, "last", 1, UINT32_MAX - 2, &last, &err) < 0 || first > last) {
		problems_add(problems, "uid_pool", "\"%s\" is no range of user ids FIRST-LAST (610000-610999)",
			     settings->uid_pool);
		return;
	}
	settings->uid_first = (uid_t)first;
	settings->uid_last = (uid_t)last;
}

static void read_filter_mark(struct settings *settings, struct problems *problems)
{
	const char *text = settings->filter_mark;
	_cleanup_error_ struct error err = ERROR_INIT;
	int end = 0;

	if (sscanf(text, "0x%8" SCNx32 "%n", &settings->filter_mark_mask, &end) != 1 || text[end])
		problems_add(problems, "filter_mark", "\"%s\" is no mask in hex (0x0fff0000)", text);
	else if (filter_mark_check(settings->filter_mark_mask, &err) < 0)
		problems_add_error(problems, "filter_mark", &err);
}

/* The parameters are read to be checked here, under the settings' name, and again over each spec's defaults. */
static void read_defaults(struct settings *settings, const struct json *document, struct problems *problems)
{
	const struct json *defaults = json_get(document, "defaults");
	struct hvparams hv;
	if (!defaults)
		return;
	hvparams_init(&hv);
	hvparams_read(&hv, defaults, "defaults", false, problems);
	hvparams_free(&hv);
	settings->defaults = json_copy(defaults);
}

/* What is asked for must be able to work: nobody finds out in the middle of a move. */
static void check_migration_tls(const struct settings *settings, struct problems *problems)
{
	if (settings->migration_tls == MIGRATION_TLS_OFF ||
	    (*settings->migration_ca && *settings->migration_cert && *settings->migration_key))
		return;
	problems_add(problems, "migration_tls.mode", "needs the keys cacert, cert and key beside it");
}

static void fill_in(char **dst, const char *place)
{
	if (!**dst && place)
		text_replace(dst, place);
}

static void fill_places(struct settings *settings, const struct places *places)
{
	fill_in(&settings->run_dir, places->run_dir);
	fill_in(&settings->spec_dir, places->spec_dir);
	fill_in(&settings->filter_dir, places->filter_dir);
	fill_in(&settings->secgroup_dir, places->secgroup_dir);
	fill_in(&settings->state_dir, places->state_dir);
	fill_in(&settings->cache_dir, places->cache_dir);
	fill_in(&settings->uid_dir, places->uid_dir);
}

int settings_require_run_dir(const struct settings *settings, struct error *err)
{
	if (*settings->run_dir)
		return 0;
	error_set(err, ERROR_HOST, "no run directory: the environment variable XDG_RUNTIME_DIR is not set");
	return error_hint(
		err, "log in with a session of your own (or set XDG_RUNTIME_DIR=/run/user/%u), or give --run-dir DIR",
		(unsigned)getuid());
}

/* run_dir (may be NULL) comes before the document's. document NULL: no file. */
static int from_document(const struct json *document, const char *what, const char *run_dir, bool as_root,
			 struct settings **ret, struct error *err)
{
	_cleanup_problems_ struct problems problems = { 0 };
	_cleanup_places_ struct places places = { 0 };
	_cleanup_settings_ struct settings *settings = xcalloc(1, sizeof(*settings));
	keys_init(&settings_keys, settings);
	settings->file = xstrdup("");
	settings->as_root = as_root;
	if (document) {
		keys_read(&settings_keys, document, settings, "", &problems);
		read_defaults(settings, document, &problems);
		read_uid_pool(settings, &problems);
		check_migration_tls(settings, &problems);
	}
	read_filter_mark(settings, &problems);
	if (run_dir)
		text_replace(&settings->run_dir, run_dir);
	if (problems_to_error(&problems, ERROR_SPEC, what, err) < 0 || places_find(as_root, &places, err) < 0)
		return -1;
	fill_places(settings, &places);
	*ret = take_ptr(settings);
	return 0;
}

static int parse(const char *text, size_t length, const char *what, const char *run_dir, bool as_root,
		 struct settings **ret, struct error *err)
{
	_cleanup_json_ struct json *document = NULL;
	if (json_parse(text, length, JSON_SPEC_MAX_BYTES, JSON_SPEC_MAX_DEPTH, what, &document, err) < 0)
		return -1;
	return from_document(document, what, run_dir, as_root, ret, err);
}

int settings_parse(const char *text, size_t length, const char *what, bool as_root, struct settings **ret,
		   struct error *err)
{
	return parse(text, length, what, NULL, as_root, ret, err);
}

/* The option, else the environment variable; NULL when neither says anything. */
static const char *chosen(const char *option, const char *variable)
{
	const char *value = option ? option : getenv(variable);
	return is_empty(value) ? NULL : value;
}

/* The working directory counts for the one who types a relative path; kvmctl itself is at home in "/". */
static int absolute(const char *path, char **ret, struct error *err)
{
	_cleanup_free_ char *cwd = NULL;
	if (*path == '/') {
		*ret = xstrdup(path);
		return 0;
	}
	cwd = getcwd(NULL, 0);
	if (!cwd)
		return error_errno(err, ERROR_HOST, errno, "cannot tell the working directory for \"%s\"", path);
	*ret = xprintf("%s/%s", cwd, path);
	return 0;
}

static int load_file(const char *file, bool must_exist, const char *run_dir, bool as_root, struct settings **ret,
		     struct error *err)
{
	_cleanup_free_ char *text = NULL, *path = NULL, *what = xprintf("settings \"%s\"", file);
	size_t length = 0;
	if (file_read_at(AT_FDCWD, file, JSON_SPEC_MAX_BYTES, &text, &length, err) < 0) {
		if (err->errnum != ENOENT || must_exist)
			return error_prefix(err, "settings");
		error_clear(err);
		return from_document(NULL, what, run_dir, as_root, ret, err);
	}
	if (parse(text, length, what, run_dir, as_root, ret, err) < 0)
		return -1;
	/* Absolute: the supervisor, which lives in "/", hands it on to the kvmctl that it calls. */
	if (absolute(file, &path, err) < 0)
		return -1;
	text_replace(&(*ret)->file, path);
	return 0;
}

int settings_load(const char *config_option, const char *run_dir_option, struct settings **ret, struct error *err)
{
	bool as_root = geteuid() == 0;
	const char *named = chosen(config_option, "KVMCTL_CONFIG");
	const char *run_dir = chosen(run_dir_option, "KVMCTL_RUN_DIR");
	_cleanup_free_ char *absolute_run_dir = NULL;
	_cleanup_places_ struct places places = { 0 };
	if (run_dir && absolute(run_dir, &absolute_run_dir, err) < 0)
		return -1;
	if (!named && places_find(as_root, &places, err) < 0)
		return -1;
	return load_file(named ? named : places.config, named != NULL, absolute_run_dir, as_root, ret, err);
}

void settings_free(struct settings *settings)
{
	if (!settings)
		return;
	keys_free(&settings_keys, settings);
	free(settings->file);
	json_free(settings->defaults);
	free(settings);
}

void settings_free_ptr(struct settings **settings)
{
	settings_free(*settings);
}

struct json *settings_to_json(const struct settings *settings)
{
	struct json *object = keys_to_json(&settings_keys, settings);
	json_put(object, "defaults", settings->defaults ? json_copy(settings->defaults) : json_new_object());
	return object;
}
