/* Whether the sets of members have in them whom they should have. */
#include "ops/act_filters_parts.h"

#include "base/strv.h"
#include "base/text.h"
#include "host/nft.h"
#include "vm/secgroup_binding.h"

static int elements_of(const char *set, char ***ret, struct error *err)
{
	_cleanup_free_ char *what = xprintf("set bridge kvmctl %s", set), *text = NULL;
	_cleanup_json_ struct json *json = NULL;

	if (nft_list(what, NFT_JSON, &text, err) < 0 ||
	    json_parse(text, strlen(text), strlen(text), JSON_SPEC_MAX_DEPTH, "what nft lists", &json, err) < 0)
		return -1;

	const struct json *list = json_get(json, "nftables");
	for (size_t i = 0; i < json_length(list); i++) {
		_cleanup_strv_ char **elements = json_strings(json_find(json_at(list, i), "set.elem"));

		strv_extend(ret, elements);
	}
	return 0;
}

/* How many of the sorted list are not in the other; *ret_first is the first of them. */
static size_t missing(char *const *list, char *const *other, const char **ret_first)
{
	size_t n = 0;

	for (; list && *list; list++) {
		int order = -1;

		while (other && *other && (order = strcmp(*other, *list)) < 0)
			other++;
		if (other && *other && order == 0)
			continue;
		if (n++ == 0)
			*ret_first = *list;
	}
	return n;
}

static void compare(const char *set, char *const *wanted, char *const *there, struct filters_findings *findings)
{
	enum filter_family family;
	_cleanup_free_ char *group = filter_group_of_set(set, &family);
	const char *first = "";
	size_t n = missing(wanted, there, &first);

	if (n > 0)
		strv_addf(&filters_finding_of(findings, "")->what,
			  "the security group \"%s\": not let in though members: %zu, %s first", group, n, first);
	n = missing(there, wanted, &first);
	if (n > 0)
		strv_addf(&filters_finding_of(findings, "")->what,
			  "the security group \"%s\": let in though no members: %zu, %s first", group, n, first);
}

int filters_verify_groups(const struct filters *filters, const struct filter_listing *listing,
			  struct filters_findings *findings, struct error *err)
{
	for (char *const *set = filter_listing_groups(listing); set && *set; set++) {
		_cleanup_strv_ char **wanted = NULL, **there = NULL;

		if (filters_group_members(filters, *set, &wanted, err) < 0 || elements_of(*set, &there, err) < 0)
			return -1;
		strv_sort(wanted);
		strv_sort(there);
		compare(*set, wanted, there, findings);
	}
	return 0;
}
