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

char **secgroup_addresses_of(char *const *addresses, enum filter_family family)
{
	char **list = NULL;

	for (; addresses && *addresses; addresses++)
		if ((strchr(*addresses, ':') != NULL) == (family == FILTER_FAMILY_IPV6))
			strv_add(&list, *addresses);
	return list;
}

char **secgroup_addresses_without(char *const *list, char *const *others)
{
	char **left = NULL;

	for (; list && *list; list++)
		if (!strv_contains(others, *list))
			strv_add(&left, *list);
	return left;
}
