/* Syntax checks: who QEMU runs as, the queues of NICs, migration. */
#include "vm/checks.h"

#include <string.h>

#include "base/strv.h"
#include "base/text.h"

void check_security_domain(const struct spec *spec, const char *path, struct problems *problems)
{
	const char *user = spec->hv.security_domain;
	bool wanted = streq(spec->hv.security_model, "user");
	if (wanted && !*user)
		problems_add(problems, path, "is empty; security_model \"user\" needs the name of a user");
	else if (!wanted && *user)
		problems_add(problems, path, "is only for security_model \"user\", but that is \"%s\"",
			     spec->hv.security_model);
	else if (*user && !check_is_word(user, "._-$"))
		problems_add(problems, path, "\"%s\" cannot be the name of a user", user);
}

void check_virtio_net_queues(const struct spec *spec, const char *path, struct problems *problems)
{
	if (spec->hv.virtio_net_queues > 1 && !streq(spec->hv.nic_type, "paravirtual"))
		problems_add(problems, path, "%lld queues need nic_type \"paravirtual\", but it is \"%s\"",
			     (long long)spec->hv.virtio_net_queues, spec->hv.nic_type);
}

void check_migration_caps(const struct spec *spec, const char *path, struct problems *problems)
{
	_cleanup_strv_ char **caps = strv_split(spec->hv.migration_caps, ':');
	for (size_t i = 0; caps && caps[i]; i++)
		if (!check_is_word(caps[i], "-"))
			problems_add(problems, path, "\"%s\" cannot be a migration capability (postcopy-ram, xbzrle)",
				     caps[i]);
}
