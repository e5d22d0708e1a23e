/* Whether a move is encrypted: what the source offers, what the target agrees to. */
#include "vm/migration_tls.h"

#include "base/text.h"

#define CURE "set migration_tls (mode, cacert, cert, key) in the settings"

bool migration_tls_configured(const struct settings *settings)
{
	return settings->migration_tls != MIGRATION_TLS_OFF;
}

/* The object stands on the command line in one of several forms; its id stands in nothing else. */
static bool has_credentials(char *const *argv)
{
	for (; argv && *argv; argv++)
		if (strstr(*argv, MIGRATION_TLS_CLIENT))
			return true;
	return false;
}

int migration_tls_offer(const struct settings *settings, char *const *argv, int option, bool *ret_tls,
			bool *ret_required, struct error *err)
{
	int mode = option < 0 ? settings->migration_tls : option;
	bool required = mode == MIGRATION_TLS_REQUIRED;
	bool able = migration_tls_configured(settings) && has_credentials(argv);

	if (mode != MIGRATION_TLS_REQUIRED && settings->migration_tls == MIGRATION_TLS_REQUIRED)
		return error_set(err, ERROR_USAGE,
				 "this host requires TLS for every move (setting migration_tls.mode)");
	if (required && !migration_tls_configured(settings)) {
		error_set(err, ERROR_SPEC, "a move with TLS was asked for, and this host has no certificates for it");
		return error_hint(err, CURE " of both hosts");
	}
	if (required && !able) {
		error_set(err, ERROR_STATE,
			  "a move needs TLS, and the QEMU of this instance was started without certificates");
		return error_hint(err, "it gets them when it is started again: \"kvmctl reboot NAME\"");
	}
	*ret_tls = able && mode != MIGRATION_TLS_OFF;
	*ret_required = required;
	return 0;
}

bool migration_tls_agree(const struct settings *settings, const struct migration_info *info, struct problems *problems)
{
	bool here = migration_tls_configured(settings);

	if (info->tls_required && !here)
		problems_add(problems, "tls", "the source host requires TLS, and this host has no certificates: " CURE);
	if (settings->migration_tls == MIGRATION_TLS_REQUIRED && !info->terms.tls)
		problems_add(problems, "tls",
			     "this host requires TLS (migration_tls.mode), and the source does not offer it: " CURE
			     " there, and start the instance again");
	return info->terms.tls && here;
}
