/* The addresses of bound NICs. */
#include "vm/secgroup_binding.h"

#include "base/strv.h"
#include "base/text.h"
#include "vm/filter_parameters.h"

static void add(char ***list, const char *text)
{
	struct secgroup_member address;

	if (secgroup_address_parse(text, &address) && !strv_contains(*list, address.address))
		strv_add(list, address.address);
}

char **secgroup_binding_addresses(const struct filter_binding *binding)
{
	char **list = NULL;
	bool given = false;

	for (size_t i = 0; i < binding->n_parameters; i++) {
		const struct filter_parameter *parameter = &binding->parameters[i];
		bool ipv6 = streq(parameter->name, "IPV6");

		given |= ipv6;
		for (char **value = parameter->values; (ipv6 || streq(parameter->name, "IP")) && value && *value;
		     value++)
			add(&list, *value);
	}
	for (char **learned = binding->learned; learned && *learned; learned++)
		add(&list, *learned);
	if (!given) {
		_cleanup_free_ char *link_local = filter_link_local(binding->mac);

		add(&list, link_local);
	}
	return list;
}

/* The usual form of the empty vector. */
static char **or_null(char **list)
{
	if (*list)
		return list;
	free(list);
	return NULL;
}

char **secgroup_addresses_of(char *const *addresses, enum filter_family family)
{
	char **list = xcalloc(strv_length(addresses) + 1, sizeof(*list)); /* NOLINT: of pointers */
	size_t n = 0;

	for (; addresses && *addresses; addresses++)
		if ((strchr(*addresses, ':') != NULL) == (family == FILTER_FAMILY_IPV6))
			list[n++] = xstrdup(*addresses);
	return or_null(list);
}

char **secgroup_addresses_without(char *const *list, char *const *others)
{
	char **left = xcalloc(strv_length(list) + 1, sizeof(*left)); /* NOLINT: of pointers */
	size_t n = 0;

	for (; list && *list; list++)
		if (!strv_contains(others, *list))
			left[n++] = xstrdup(*list);
	return or_null(left);
}
