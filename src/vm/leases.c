/* state_dir/.leases/NIC: what was learned there. */
#include "vm/leases.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>

#include "base/deadline.h"
#include "base/file.h"
#include "base/parse.h"
#include "base/strv.h"
#include "base/text.h"
#include "vm/filter_parameters.h"
#include "vm/value.h"

#define LEASES_VERSION 1
#define LEASES_MAX_BYTES (256 * 1024)
#define LEASES_MAX_DEPTH 4
#define LEASES_MODE 0750
#define UNKNOWN_MS 600000

void leases_clear(struct leases *leases)
{
	for (size_t i = 0; i < leases->n; i++)
		free(leases->list[i].address);
	free(leases->list);
	free(leases->mac);
	*leases = (struct leases){ 0 };
}

const struct lease *leases_find(const struct leases *leases, const char *address)
{
	for (size_t i = 0; i < leases->n; i++)
		if (streq(leases->list[i].address, address))
			return &leases->list[i];
	return NULL;
}

void leases_remove(struct leases *leases, const char *address)
{
	size_t kept = 0;

	for (size_t i = 0; i < leases->n; i++)
		if (streq(leases->list[i].address, address))
			free(leases->list[i].address);
		else
			leases->list[kept++] = leases->list[i];
	leases->n = kept;
}

void leases_set(struct leases *leases, const char *address, enum learn_source source, int64_t until_ms)
{
	char *copy = xstrdup(address);

	leases_remove(leases, address);
	grow_array(leases->list, leases->n);
	leases->list[leases->n++] = (struct lease){ copy, source, until_ms };
}

/* --- as text --- */

/* IPv6 ones are mostly those that the guest took itself; a server's is asked for again in this time. */
void lease_guess(const char *address, bool any, struct lease *ret)
{
	*ret = (struct lease){ .address = xstrdup(address), .source = LEARN_BY_SERVER };
	if (text_ip_version(address) == 6)
		ret->source = LEARN_BY_NEIGHBOURS;
	else if (any)
		ret->source = LEARN_BY_TRAFFIC;
	else
		ret->until_ms = clock_realtime_ms() + UNKNOWN_MS;
}

char *lease_to_text(const struct lease *lease)
{
	int64_t left = lease->until_ms ? (lease->until_ms - clock_realtime_ms()) / 1000 : 0;

	if (lease->until_ms && left < 1)
		left = 1;
	return xprintf("%s/%s/%" PRId64, lease->address, learn_source_to_string(lease->source), left);
}

bool lease_from_text(const char *text, struct lease *ret)
{
	_cleanup_error_ struct error ignored = ERROR_INIT;
	_cleanup_strv_ char **parts = strv_split(text, '/');
	size_t n = strv_length(parts);
	int64_t left;
	int source;

	if ((n != 1 && n != 3) || !text_ip_version(parts[0]))
		return false;
	if (n == 1) {
		lease_guess(parts[0], false, ret);
		return true;
	}
	source = learn_source_from_string(parts[1]);
	if (source < 0 || parse_int(parts[2], "seconds", 0, UINT32_MAX, &left, &ignored) < 0)
		return false;
	*ret = (struct lease){ xstrdup(parts[0]), (enum learn_source)source,
			       left ? clock_realtime_ms() + left * 1000 : 0 };
	return true;
}

/* --- the file --- */

/* Names of interfaces and of instances do not meet: each has its own beginning. */
static char *file_name(const struct filter_binding *binding)
{
	if (*binding->instance)
		return xprintf("nic.%s.%" PRId64, binding->instance, binding->nic);
	return xprintf("link.%s", binding->interface);
}

/* -1 with errno. */
static int open_directory(const char *state_dir)
{
	_cleanup_free_ char *path = xprintf("%s/.leases", state_dir);

	return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static int read_lease(const struct json *entry, struct leases *ret, struct error *err)
{
	const char *address = json_get_string(entry, "address", "");
	int source = learn_source_from_string(json_get_string(entry, "source", ""));
	int64_t until = json_get_int(entry, "until", -1);

	if (!text_ip_version(address) || source < 0 || until < 0)
		return error_set(err, ERROR_SPEC, "a lease in it is damaged");
	leases_set(ret, address, (enum learn_source)source, until);
	return 0;
}

static int read_document(const struct json *document, struct leases *ret, struct error *err)
{
	const struct json *list = json_get(document, "leases");

	if (json_get_int(document, "version", 0) > LEASES_VERSION)
		return error_set(err, ERROR_UNKNOWN, "written by a newer kvmctl");
	if (json_type_of(list) != JSON_ARRAY)
		return error_set(err, ERROR_SPEC, "\"leases\" is missing or damaged");
	ret->mac = xstrdup(json_get_string(document, "mac", ""));
	for (size_t i = 0; i < json_length(list); i++)
		if (read_lease(json_at(list, i), ret, err) < 0)
			return -1;
	return 0;
}

/* ret->mac NULL: there is no such file. */
static int read_file(int dir, const char *name, const char *what, struct leases *ret, struct error *err)
{
	_cleanup_leases_ struct leases leases = { 0 };
	_cleanup_json_ struct json *document = NULL;
	_cleanup_free_ char *text = NULL;
	size_t length;

	if (file_read_at(dir, name, LEASES_MAX_BYTES, &text, &length, err) < 0) {
		if (err->errnum != ENOENT)
			return -1;
		error_clear(err);
		return 0;
	}
	if (json_parse(text, length, LEASES_MAX_BYTES, LEASES_MAX_DEPTH, what, &document, err) < 0)
		return -1;
	if (read_document(document, &leases, err) < 0)
		return error_prefix(err, "%s", what);
	*ret = leases;
	leases = (struct leases){ 0 };
	return 0;
}

int leases_read(const char *state_dir, const struct filter_binding *binding, struct leases *ret, struct error *err)
{
	_cleanup_leases_ struct leases leases = { 0 };
	_cleanup_free_ char *name = file_name(binding);
	_cleanup_free_ char *what = xprintf("the leases \"%s/.leases/%s\"", state_dir, name);
	_cleanup_close_ int dir = open_directory(state_dir);

	*ret = (struct leases){ 0 };
	if (dir < 0)
		return errno == ENOENT ? 0 : error_errno(err, ERROR_HOST, errno, "cannot open %s", what);
	if (read_file(dir, name, what, &leases, err) < 0)
		return -1;
	if (!leases.mac || !streq(leases.mac, binding->mac))
		return 0;
	*ret = leases;
	leases = (struct leases){ 0 };
	return 0;
}

static char *to_text(const struct filter_binding *binding, const struct leases *leases)
{
	_cleanup_json_ struct json *document = json_new_object();
	struct json *list = json_new_array();

	json_put_int(document, "version", LEASES_VERSION);
	json_put_string(document, "mac", binding->mac);
	json_put(document, "leases", list);
	for (size_t i = 0; i < leases->n; i++) {
		struct json *entry = json_new_object();

		json_put_string(entry, "address", leases->list[i].address);
		json_put_string(entry, "source", learn_source_to_string(leases->list[i].source));
		json_put_int(entry, "until", leases->list[i].until_ms);
		json_append(list, entry);
	}
	return json_to_text(document);
}

int leases_write(const char *state_dir, const struct filter_binding *binding, const struct leases *leases,
		 struct error *err)
{
	_cleanup_free_ char *path = xprintf("%s/.leases", state_dir), *name = file_name(binding), *text = NULL;
	_cleanup_close_ int dir = -1;

	if (leases->n > 0 && file_make_dirs(path, LEASES_MODE, err) < 0)
		return -1;
	dir = open_directory(state_dir);
	if (dir < 0 && leases->n == 0 && errno == ENOENT)
		return 0;
	if (dir < 0)
		return error_errno(err, ERROR_HOST, errno, "cannot open \"%s\"", path);
	if (leases->n == 0)
		return file_remove_at(dir, name, 0, err);
	text = to_text(binding, leases);
	return file_write_at(dir, name, text, strlen(text), 0640, true, err);
}

/* --- files that are of no use any more --- */

static bool is_over(const struct leases *leases, int64_t now)
{
	for (size_t i = 0; i < leases->n; i++) {
		const struct lease *lease = &leases->list[i];

		if (lease->source != LEARN_BY_TRAFFIC && (lease->until_ms == 0 || lease->until_ms > now))
			return false;
	}
	return true;
}

/* The NIC that a file is named after; false: none. Names of instances may have dots. */
static bool read_owner(const char *file, char **ret_instance, char **ret_interface)
{
	const char *nic = strrchr(file, '.');

	if (starts_with(file, "link.")) {
		*ret_instance = xstrdup("");
		*ret_interface = xstrdup(file + strlen("link."));
		return true;
	}
	if (!starts_with(file, "nic.") || nic < file + strlen("nic."))
		return false;
	*ret_instance = xstrndup(file + strlen("nic."), (size_t)(nic - file) - strlen("nic."));
	*ret_interface = xstrdup("");
	return true;
}

static bool is_useless(int dir, const char *file, leases_owner_fn *is_owner, void *arg)
{
	_cleanup_free_ char *instance = NULL, *interface = NULL;
	_cleanup_leases_ struct leases leases = { 0 };
	_cleanup_error_ struct error ignored = ERROR_INIT;

	return read_owner(file, &instance, &interface) && !is_owner(arg, instance, interface) &&
	       read_file(dir, file, file, &leases, &ignored) == 0 && leases.mac &&
	       is_over(&leases, clock_realtime_ms());
}

bool leases_sweep(const char *state_dir, bool remove, leases_owner_fn *is_owner, void *arg)
{
	_cleanup_free_ char *path = xprintf("%s/.leases", state_dir);
	_cleanup_closedir_ DIR *dir = opendir(path);
	_cleanup_error_ struct error ignored = ERROR_INIT;
	bool found = false;

	for (struct dirent *entry; dir && (entry = readdir(dir));) {
		if (!is_useless(dirfd(dir), entry->d_name, is_owner, arg))
			continue;
		found = true;
		if (remove && file_remove_at(dirfd(dir), entry->d_name, 0, &ignored) < 0)
			error_clear(&ignored);
	}
	return found;
}

/* --- whose an address is --- */

static bool is_same(const char *a, const struct learn_address *b)
{
	struct learn_address parsed;

	return learn_address_read(a, &parsed) && learn_address_equal(&parsed, b);
}

static bool list_has(char *const *list, const struct learn_address *address)
{
	for (; list && *list; list++)
		if (is_same(*list, address))
			return true;
	return false;
}

static bool has(const struct filter_binding *binding, const struct learn_address *address)
{
	_cleanup_free_ char *link_local = filter_link_local(binding->mac);

	for (size_t i = 0; i < binding->n_parameters; i++)
		if ((streq(binding->parameters[i].name, "IP") || streq(binding->parameters[i].name, "IPV6")) &&
		    list_has(binding->parameters[i].values, address))
			return true;
	return list_has(binding->learned, address) || is_same(link_local, address);
}

const struct filter_binding *filter_address_owner(struct filter_binding *const *bindings, size_t n,
						  const struct filter_binding *mine, const char *address)
{
	struct learn_address parsed;

	if (!*mine->bridge || !learn_address_read(address, &parsed))
		return NULL;
	for (size_t i = 0; i < n; i++)
		if (!streq(bindings[i]->interface, mine->interface) && streq(bindings[i]->bridge, mine->bridge) &&
		    has(bindings[i], &parsed))
			return bindings[i];
	return NULL;
}
