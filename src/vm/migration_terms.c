/* What both sides of a move must agree on: read as strictly as a spec, for it comes from another host. */
#include "vm/migration_policy.h"

#include "base/strv.h"
#include "base/text.h"
#include "vm/keys.h"

#define CAPABILITIES_MAX 64

static const char *const storages[STORAGE_MAX] = { "none", "all", "incremental" };

const char *migration_storage_to_string(enum migration_storage storage)
{
	return storage < STORAGE_MAX ? storages[storage] : "invalid";
}

int migration_storage_from_string(const char *s, enum migration_storage *ret)
{
	for (size_t i = 0; i < STORAGE_MAX; i++)
		if (streq(s, storages[i])) {
			*ret = (enum migration_storage)i;
			return 0;
		}
	return -1;
}

#define ROW(member, kind, min, max, choices, fallback)                           \
	{                                                                        \
#member, { kind, min, max, choices, false }, true, fallback, "", \
			   offsetof(struct migration_terms, member)              \
	}
static const struct keys_row rows[] = {
	ROW(post_copy, VALUE_BOOL, 0, 0, NULL, "false"),
	ROW(xbzrle, VALUE_BOOL, 0, 0, NULL, "false"),
	ROW(tls, VALUE_BOOL, 0, 0, NULL, "false"),
	ROW(channels, VALUE_INT, 0, MIGRATION_CHANNELS_MAX, NULL, "0"),
	ROW(compression, VALUE_CHOICE, 0, 0, "none zlib zstd", "none"),
	ROW(capabilities, VALUE_TAGS, 0, 0, NULL, ""),
	ROW(storage, VALUE_ENUM, 0, 0, "none all incremental", "none"),
};
static const struct key_table table = { "terms", rows, ELEMENTS(rows) };

void migration_terms_clear(struct migration_terms *terms)
{
	keys_free(&table, terms);
	*terms = (struct migration_terms){ 0 };
}

struct json *migration_terms_to_json(const struct migration_terms *terms)
{
	return keys_to_json(&table, terms);
}

/* They become words that QEMU is told. */
static void check_capabilities(char *const *capabilities, struct problems *problems)
{
	if (strv_length(capabilities) > CAPABILITIES_MAX)
		problems_add(problems, "capabilities", "has more than %d elements", CAPABILITIES_MAX);
	for (; capabilities && *capabilities; capabilities++)
		if (strspn(*capabilities, "abcdefghijklmnopqrstuvwxyz0123456789-") != strlen(*capabilities))
			problems_add(problems, "capabilities", "\"%s\" cannot be a migration capability",
				     *capabilities);
}

int migration_terms_from_json(const struct json *document, struct migration_terms *ret, struct error *err)
{
	_cleanup_migration_terms_ struct migration_terms terms = { 0 };
	_cleanup_problems_ struct problems problems = { 0 };

	keys_init(&table, &terms);
	if (keys_expect(document, JSON_OBJECT, "", &problems)) {
		keys_read(&table, document, &terms, "", &problems);
		check_capabilities(terms.capabilities, &problems);
	}
	if (problems_to_error(&problems, ERROR_SPEC, "terms of the migration", err) < 0)
		return -1;
	*ret = terms;
	terms = (struct migration_terms){ 0 };
	return 0;
}

static void add(char ***list, const char *capability)
{
	if (!strv_contains(*list, capability))
		strv_add(list, capability);
}

char **migration_terms_capabilities(const struct migration_terms *terms, bool target)
{
	char **list = NULL;

	add(&list, "events");
	add(&list, "return-path");
	add(&list, "validate-uuid");
	if (terms->post_copy)
		add(&list, "postcopy-ram");
	if (terms->xbzrle)
		add(&list, "xbzrle");
	if (terms->channels > 0)
		add(&list, "multifd");
	if (target)
		add(&list, "late-block-activate");
	else if (terms->storage != STORAGE_NONE)
		add(&list, "pause-before-switchover");
	for (char *const *more = terms->capabilities; more && *more; more++)
		add(&list, *more);
	return list;
}
