/* Digests of the filters of a tree. */
#include "vm/filter_digest.h"

#include "base/text.h"
#include "vm/filter_xml.h"
#include "vm/keys.h"

#define DIGEST_MAX 64

/* Each once: loops end there. */
static void add(const struct filter_source *source, const char *name, int depth, struct json *digests)
{
	_cleanup_error_ struct error ignored = ERROR_INIT;
	const struct filter *filter;

	if (json_get(digests, name) || depth > FILTER_TREE_DEPTH_MAX)
		return;
	filter = source->find(source->arg, name, &ignored);
	_cleanup_free_ char *xml = filter ? filter_to_xml(filter) : NULL;
	_cleanup_free_ char *digest = xml ? text_digest(xml, strlen(xml)) : xstrdup("");
	json_put_string(digests, name, digest);
	for (size_t i = 0; filter && i < filter->n_entries; i++)
		if (filter->entries[i].kind == FILTER_ENTRY_REFERENCE)
			add(source, filter->entries[i].reference.filter, depth + 1, digests);
}

struct json *filter_digests(const struct filter_source *source, char *const *names)
{
	struct json *digests = json_new_object();

	for (; names && *names; names++)
		add(source, *names, 0, digests);
	return digests;
}

void filter_digests_compare(const struct json *there, const struct json *here, const char *path, const char *what,
			    struct problems *problems)
{
	for (struct json_iter it = json_iter(there); json_next(&it);) {
		const char *ours = json_get_string(here, it.key, "");

		if (!is_empty(ours) && !streq(ours, json_string(it.value, "")))
			problems_add(problems, path, "the %s \"%s\" of this host differs from that of the source", what,
				     it.key);
	}
}

void filter_digests_check(const struct json *digests, const char *path, struct problems *problems)
{
	if (!keys_expect(digests, JSON_OBJECT, path, problems))
		return;
	for (struct json_iter it = json_iter(digests); json_next(&it);) {
		_cleanup_error_ struct error err = ERROR_INIT;
		_cleanup_free_ char *at = keys_path(path, it.key);
		const char *digest = json_string(it.value, NULL);

		if (!filter_name_is_valid(it.key, &err))
			problems_add_error(problems, path, &err);
		else if (!digest || strlen(digest) > DIGEST_MAX || digest[strspn(digest, "0123456789abcdef-")])
			problems_add(problems, at, "is no digest");
	}
}
