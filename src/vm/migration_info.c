/* The info document of a migration: what a running instance is, told to another host.
 *
 * What is read here came over a wire and becomes a QEMU's command line: every member has a row or a check of its own, an unknown
 * one is refused, and all that is wrong is told at once. The spec in it is only looked at from outside: it is read as a spec once
 * this host's own part has been put over it. */
#include "vm/migration_info.h"

#include <inttypes.h>

#include "base/strv.h"
#include "base/text.h"
#include "vm/filter_digest.h"
#include "vm/keys.h"
#include "vm/leases.h"

#define WHAT "migration document"
#define CAPABILITIES_MAX 512
#define ADDRESSES_MAX 4096
#define LEARNED_MAX 1024

/* The row of a member that is read by itself, of one that is read by code of its own. */
#define PART(name)                                                         \
	{                                                                  \
		name, { VALUE_PART, 0, 0, name, false }, true, NULL, "", 0 \
	}
#define PART_IF_ANY(name)                                                   \
	{                                                                   \
		name, { VALUE_PART, 0, 0, name, false }, false, NULL, "", 0 \
	}
#define MEMBER(type, member, kind, min, max, choices, required, fallback)                                          \
	{                                                                                                          \
#member, { kind, min, max, choices, false }, required, fallback, "", offsetof(struct type, member) \
	}

static const struct keys_row info_rows[] = {
	PART("version"),
	MEMBER(migration_info, name, VALUE_TEXT, 0, INSTANCE_NAME_MAX, NULL, true, ""),
	MEMBER(migration_info, uuid, VALUE_UUID, 0, 0, NULL, true, ""),
	MEMBER(migration_info, kvmctl_version, VALUE_TEXT, 0, 64, NULL, true, ""),
	MEMBER(migration_info, qemu_version, VALUE_TEXT, 0, 64, NULL, true, ""),
	MEMBER(migration_info, accelerator, VALUE_CHOICE, 0, 0, "kvm tcg", true, ""),
	MEMBER(migration_info, host_cpu, VALUE_TEXT, 0, 256, NULL, true, ""),
	MEMBER(migration_info, memory, VALUE_INT, 0, 16777216, NULL, true, "0"),
	MEMBER(migration_info, paused, VALUE_BOOL, 0, 0, NULL, true, "false"),
	MEMBER(migration_info, tls_required, VALUE_BOOL, 0, 0, NULL, true, "false"),
	PART("terms"),
	PART("disks"),
	PART("hardware"),
	PART("qemu_capabilities"),
	PART_IF_ANY("filters"),
	PART_IF_ANY("security_groups"),
	PART_IF_ANY("learned"),
	PART("spec"),
};
static const struct key_table info_table = { WHAT, info_rows, ELEMENTS(info_rows) };

static const struct keys_row disk_rows[] = {
	MEMBER(migration_disk, virtual_size, VALUE_INT, -1, INT64_MAX, NULL, true, "-1"),
	MEMBER(migration_disk, copy_size, VALUE_INT, -1, INT64_MAX, NULL, true, "-1"),
	MEMBER(migration_disk, format, VALUE_CHOICE, 0, 0, "raw qcow2", true, ""),
	MEMBER(migration_disk, backing, VALUE_TEXT, 0, 4096, NULL, true, ""),
	MEMBER(migration_disk, copied, VALUE_BOOL, 0, 0, NULL, true, "false"),
};
static const struct key_table disk_table = { "disks[]", disk_rows, ELEMENTS(disk_rows) };

void migration_info_free(struct migration_info *info)
{
	if (!info)
		return;
	keys_free(&info_table, info);
	json_free(info->spec);
	hardware_free(&info->hardware);
	json_free(info->qemu_capabilities);
	json_free(info->filters);
	json_free(info->security_groups);
	json_free(info->learned);
	for (size_t i = 0; i < info->n_disks; i++)
		keys_free(&disk_table, &info->disks[i]);
	free(info->disks);
	migration_terms_clear(&info->terms);
	free(info);
}

void migration_info_free_ptr(struct migration_info **info)
{
	migration_info_free(*info);
}

static struct json *disks_to_json(const struct migration_info *info)
{
	struct json *array = json_new_array();

	for (size_t i = 0; i < info->n_disks; i++)
		json_append(array, keys_to_json(&disk_table, &info->disks[i]));
	return array;
}

/* A kvmctl that knows nothing of filters takes a guest without them, and refuses one with them. */
static void put_or_leave_out(struct json *document, const char *key, struct json *part)
{
	if (part)
		json_put(document, key, json_ref(part));
	else
		json_remove(document, key);
}

/* In the order of the rows: what it is about comes first, the spec last. */
struct json *migration_info_to_json(const struct migration_info *info)
{
	struct json *document = keys_to_json(&info_table, info);

	json_put_int(document, "version", MIGRATION_INFO_VERSION);
	json_put(document, "terms", migration_terms_to_json(&info->terms));
	json_put(document, "disks", disks_to_json(info));
	json_put(document, "hardware", hardware_to_json(&info->hardware));
	json_put(document, "qemu_capabilities", json_ref(info->qemu_capabilities));
	put_or_leave_out(document, "filters", info->filters);
	put_or_leave_out(document, "security_groups", info->security_groups);
	put_or_leave_out(document, "learned", info->learned);
	json_put(document, "spec", json_ref(info->spec));
	return document;
}

/* Anything else in a newer document could mean another thing than it does here. */
static int check_version(const struct json *document, struct error *err)
{
	int64_t version = json_get_int(document, "version", 0);

	if (json_type_of(document) != JSON_OBJECT || version < 1) {
		error_set(err, ERROR_SPEC, WHAT ": no version in it: this is no such document");
		return error_hint(err, "\"kvmctl migration info NAME\" on the source host prints one");
	}
	if (version <= MIGRATION_INFO_VERSION)
		return 0;
	error_set(err, ERROR_UNKNOWN,
		  WHAT ": written by a newer kvmctl (%s, version %" PRId64 " of the document; this one reads up to %d)",
		  json_get_string(document, "kvmctl_version", "?"), version, MIGRATION_INFO_VERSION);
	return error_hint(err, "install the newer kvmctl on this host first");
}

/* Letters, digits and a few marks: what goes into QEMU's options and names nothing else. */
static bool is_token(const char *s, const char *marks)
{
	if (!*s || strlen(s) > 128)
		return false;
	for (; *s; s++)
		if (!(*s >= 'a' && *s <= 'z') && !(*s >= 'A' && *s <= 'Z') && !(*s >= '0' && *s <= '9') &&
		    !strchr(marks, *s))
			return false;
	return true;
}

/* NULL: it is none at all. */
static void check_token(const char *s, const char *marks, const char *path, struct problems *problems)
{
	const char *text = s ? s : "";
	_cleanup_free_ char *shown = text_printable(text, strlen(text), 80);

	if (!is_token(text, marks))
		problems_add(problems, path, "\"%s\" is no such name", shown);
}

static void check_address(const char *id, const struct json *address, struct problems *problems)
{
	_cleanup_free_ char *path = keys_path("hardware.addresses", id), *bus = keys_path(path, "bus"),
			    *addr = keys_path(path, "addr");

	check_token(id, "._-", path, problems);
	if (!keys_expect(address, JSON_OBJECT, path, problems))
		return;
	check_token(json_get_string(address, "bus", NULL), "._-", bus, problems);
	check_token(json_get_string(address, "addr", NULL), ".", addr, problems);
}

/* The parameters that a guest sees, each with a value that a spec could have. */
static void check_hvparams(const struct json *hv, struct problems *problems)
{
	struct hvparams scratch;

	hvparams_init(&scratch);
	hvparams_read(&scratch, hv, "hardware.hvparams", false, problems);
	hvparams_free(&scratch);
	for (struct json_iter it = json_iter(hv); json_next(&it);) {
		const struct param_row *row = param_find(it.key);
		_cleanup_free_ char *path = keys_path("hardware.hvparams", it.key);
		if (row && row->seen != SEEN_GUEST)
			problems_add(problems, path, "is not seen by the guest: it is each host's own");
	}
}

static void read_hardware(struct migration_info *info, const struct json *document, struct problems *problems)
{
	static const char *const names[] = { "machine", "addresses", "hvparams" };
	const struct json *addresses = json_get(document, "addresses");
	_cleanup_error_ struct error err = ERROR_INIT;

	if (!keys_expect(document, JSON_OBJECT, "hardware", problems))
		return;
	for (struct json_iter it = json_iter(document); json_next(&it);)
		if (!streq(it.key, names[0]) && !streq(it.key, names[1]) && !streq(it.key, names[2]))
			keys_unknown(it.key, names, ELEMENTS(names), "hardware", problems);
	if (hardware_from_json(document, &info->hardware, &err) < 0) {
		problems_add_error(problems, "hardware", &err);
		return;
	}
	check_token(info->hardware.machine, "._-", "hardware.machine", problems);
	if (json_length(addresses) > ADDRESSES_MAX)
		problems_add(problems, "hardware.addresses", "has more than %d members", ADDRESSES_MAX);
	else
		for (struct json_iter it = json_iter(addresses); json_next(&it);)
			check_address(it.key, it.value, problems);
	check_hvparams(info->hardware.hv, problems);
}

static void read_disks(struct migration_info *info, const struct json *array, struct problems *problems)
{
	/* how many there are is bounded by the spec's, which goes by the same number */
	size_t wanted = json_length(json_get(info->spec, "disks"));

	if (!keys_expect(array, JSON_ARRAY, "disks", problems))
		return;
	if (json_length(array) != wanted) {
		problems_add(problems, "disks", "has %zu elements, the spec has %zu disks", json_length(array), wanted);
		return;
	}
	info->n_disks = wanted;
	info->disks = xcalloc(wanted + 1, sizeof(*info->disks));
	for (size_t i = 0; i < wanted; i++) {
		_cleanup_free_ char *path = xprintf("disks[%zu]", i);
		keys_init(&disk_table, &info->disks[i]);
		keys_read(&disk_table, json_at(array, i), &info->disks[i], path, problems);
	}
}

static void read_capabilities(struct migration_info *info, const struct json *array, struct problems *problems)
{
	if (!keys_expect(array, JSON_ARRAY, "qemu_capabilities", problems))
		return;
	if (json_length(array) > CAPABILITIES_MAX) {
		problems_add(problems, "qemu_capabilities", "has more than %d elements", CAPABILITIES_MAX);
		return;
	}
	for (size_t i = 0; i < json_length(array); i++) {
		_cleanup_free_ char *path = xprintf("qemu_capabilities[%zu]", i);
		check_token(json_string(json_at(array, i), NULL), "-_", path, problems);
	}
	info->qemu_capabilities = json_copy(array);
}

static struct json *read_digests(const struct json *document, const char *key, struct problems *problems)
{
	const struct json *digests = json_get(document, key);

	if (!digests)
		return NULL;
	filter_digests_check(digests, key, problems);
	return json_copy(digests);
}

static void check_learned(const struct json *list, const char *path, struct problems *problems)
{
	if (!keys_expect(list, JSON_ARRAY, path, problems))
		return;
	if (json_length(list) > LEARNED_MAX)
		problems_add(problems, path, "has more than %d elements", LEARNED_MAX);
	for (size_t i = 0; i < json_length(list) && i < LEARNED_MAX; i++) {
		struct lease lease = { 0 };

		if (!lease_from_text(json_string(json_at(list, i), ""), &lease))
			problems_add(problems, path, "has an element that is no address");
		free(lease.address);
	}
}

static void read_learned(struct migration_info *info, const struct json *learned, struct problems *problems)
{
	size_t nics = json_length(json_get(info->spec, "nics"));

	if (!keys_expect(learned, JSON_ARRAY, "learned", problems))
		return;
	if (json_length(learned) != nics)
		problems_add(problems, "learned", "has %zu elements, the spec has %zu NICs", json_length(learned),
			     nics);
	for (size_t i = 0; i < json_length(learned) && i < nics; i++) {
		_cleanup_free_ char *path = xprintf("learned[%zu]", i);

		check_learned(json_at(learned, i), path, problems);
	}
	info->learned = json_copy(learned);
}

/* The rest of it is for the reader of specs. */
static void read_spec(struct migration_info *info, const struct json *spec, struct problems *problems)
{
	if (!keys_expect(spec, JSON_OBJECT, "spec", problems))
		return;
	if (!streq(json_get_string(spec, "name", ""), info->name))
		problems_add(problems, "spec.name", "differs from \"name\"");
	info->spec = json_copy(spec);
}

static void read_terms(struct migration_info *info, const struct json *terms, struct problems *problems)
{
	_cleanup_error_ struct error err = ERROR_INIT;

	if (migration_terms_from_json(terms, &info->terms, &err) < 0)
		problems_add_error(problems, "terms", &err);
}

static void read_info(struct migration_info *info, const struct json *document, struct problems *problems)
{
	keys_init(&info_table, info);
	keys_read(&info_table, document, info, "", problems);
	if (!instance_name_valid(info->name) && json_get(document, "name"))
		problems_add(problems, "name", "is no name of an instance");
	if (streq(json_get_string(document, "uuid", "?"), ""))
		problems_add(problems, "uuid", "is empty");
	if (json_get(document, "spec"))
		read_spec(info, json_get(document, "spec"), problems);
	if (json_get(document, "hardware"))
		read_hardware(info, json_get(document, "hardware"), problems);
	if (json_get(document, "disks"))
		read_disks(info, json_get(document, "disks"), problems);
	if (json_get(document, "qemu_capabilities"))
		read_capabilities(info, json_get(document, "qemu_capabilities"), problems);
	info->filters = read_digests(document, "filters", problems);
	info->security_groups = read_digests(document, "security_groups", problems);
	if (json_get(document, "learned"))
		read_learned(info, json_get(document, "learned"), problems);
	if (json_get(document, "terms"))
		read_terms(info, json_get(document, "terms"), problems);
}

int migration_info_from_json(const struct json *document, struct migration_info **ret, struct error *err)
{
	_cleanup_problems_ struct problems problems = { 0 };
	_cleanup_migration_info_ struct migration_info *info = NULL;

	if (check_version(document, err) < 0)
		return -1;
	info = xcalloc(1, sizeof(*info));
	read_info(info, document, &problems);
	if (problems_to_error(&problems, ERROR_SPEC, WHAT, err) < 0)
		return -1;
	*ret = take_ptr(info);
	return 0;
}
