/* The host checks of what a later migration needs. */
#include "base/text.h"
#include "vm/host_check_internal.h"
#include "vm/migration_tls.h"

/* QEMU loads them when it starts: with one that is missing it would not. */
void host_check_migration(struct check *check)
{
	const struct settings *settings = check->settings;

	if (!settings || !migration_tls_configured(settings))
		return;
	check_readable(check, "settings migration_tls.cacert", settings->migration_ca);
	check_readable(check, "settings migration_tls.cert", settings->migration_cert);
	check_readable(check, "settings migration_tls.key", settings->migration_key);
}
