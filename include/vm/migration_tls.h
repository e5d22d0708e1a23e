/* TLS of migrations: whether the streams of a move (memory, disks) are encrypted, and with which of QEMU's objects.
 *
 * The certificates are the host's (setting migration_tls). The plan makes QEMU's credentials of them: at every start those of a source, besides
 * those of a target where QEMU waits for a guest. Both ends verify each other. */
#ifndef KVMCTL_VM_MIGRATION_TLS_H
#define KVMCTL_VM_MIGRATION_TLS_H

#include <stdbool.h>

#include "vm/migration_info.h"
#include "vm/settings.h"

/* Ids of the objects: for "tls-creds" of migrate-set-parameters, blockdev-add (nbd) and nbd-server-start. */
#define MIGRATION_TLS_CLIENT "migration-client" /* source */
#define MIGRATION_TLS_SERVER "migration-server" /* target */

bool migration_tls_configured(
	const struct settings *settings); /* mode is not off: then the certificates are named, too */

/* Source: what the info document says (terms.tls, tls_required). argv: QEMU's, which may have been started without credentials; option: of the
 * command (enum migration_tls, below 0: not given), which comes before the setting but for one that is "required". ERROR_USAGE: off, and the setting
 * is "required"; ERROR_STATE: required, and this QEMU has no credentials; ERROR_SPEC: required, and nothing is configured here. Pure. */
int migration_tls_offer(const struct settings *settings, char *const *argv, int option, bool *ret_tls,
			bool *ret_required, struct error *err);

/* Target: whether this move is encrypted; what cannot be agreed on becomes a problem of "tls". What is agreed on is told to the source, which
 * sets terms.tls to it. Pure. */
bool migration_tls_agree(const struct settings *settings, const struct migration_info *info, struct problems *problems);

#endif
