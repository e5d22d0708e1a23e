/* Where a target waits for a guest, as it is written: "ADDR", "ADDR:PORT", "[ADDR6]:PORT", "unix:PATH", "fd:N". */
#ifndef KVMCTL_VM_MIGRATION_PLACE_H
#define KVMCTL_VM_MIGRATION_PLACE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "vm/migration_policy.h"

enum place_kind { PLACE_TCP, PLACE_UNIX, PLACE_FD };

struct migration_place {
	enum place_kind kind;
	char *host;   /* PLACE_TCP: without brackets; "" = all addresses */
	int64_t port; /* PLACE_TCP: -1 not given, 0 any free one */
	char *path;   /* PLACE_UNIX: absolute */
	int fd;       /* PLACE_FD: a descriptor of this process */
};
#define _cleanup_migration_place_ _cleanup_(migration_place_clear)

/* text NULL: all addresses, no port given. ERROR_USAGE. Pure. */
int migration_place_parse(const char *text, struct migration_place *ret, struct error *err);
void migration_place_clear(struct migration_place *place);
/* For QEMU, and for people: "tcp:HOST:PORT" with brackets where they must be. Owned by the caller. */
char *migration_tcp_uri(const char *host, int64_t port);
/* The name under which others find who listens at that host: its own where it is one address, else this machine's. Owned by the caller. */
char *migration_host_name(const char *host);

/* What a target says of where it waits is one word, so that a source cannot forget the disks: "URI?copy-storage=all&nbd=HOST:PORT". */
struct migration_uri {
	char *uri; /* for QEMU */
	enum migration_storage storage;
	char *nbd; /* "HOST:PORT" where disks are exported; NULL: not said */
};
#define _cleanup_migration_uri_ _cleanup_(migration_uri_clear)

/* Owned by the caller. */
char *migration_uri_write(const char *uri, enum migration_storage storage, const char *nbd_host, int nbd_port);
/* ERROR_USAGE. Pure. */
int migration_uri_read(const char *text, struct migration_uri *ret, struct error *err);
void migration_uri_clear(struct migration_uri *uri);

#endif
