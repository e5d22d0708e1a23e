/* The kernel's packet filter, by libnftables: text of nft's language goes in as one transaction, all of it or nothing. */
#ifndef KVMCTL_HOST_NFT_H
#define KVMCTL_HOST_NFT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "host/nft_format.h"

/* The first thing that was refused. */
struct nft_failure {
	size_t line;   /* of the text, from 1; 0: no line is to blame */
	char *command; /* that line without the blanks around it; NULL: none. Owned */
	char *reason;  /* the words of nft or of the kernel. Owned */
};

#define _cleanup_nft_failure_ _cleanup_(nft_failure_clear)
void nft_failure_clear(struct nft_failure *failure);

/* Loads the text into this process's network namespace as one transaction. ERROR_HOST: nothing of it is in force; *failure (or
 * NULL) says which line was refused. */
int nft_load(const char *text, struct nft_failure *failure, struct error *err);
/* Asks nft and the kernel whether they would take the text; nothing changes. */
int nft_check(const char *text, struct nft_failure *failure, struct error *err);
/* Loads the text, and keeps what it makes for itself alone, tables with "flags owner", until it is released or the process ends, however
 * it does. *ret is released by the caller. */
struct nft_held;
int nft_hold(const char *text, struct nft_held **ret, struct error *err);
void nft_release(struct nft_held **held);
#define _cleanup_nft_held_ _cleanup_(nft_release)

/* What `nft list WHAT` prints ("table bridge kvmctl"). Owned by the caller. ERROR_HOST, also when there is
 * no such thing. */
int nft_list(const char *what, enum nft_format format, char **ret, struct error *err);

/* Which libnftables this is: another text when another one was installed. Owned by the caller. */
int nft_identity(char **ret, struct error *err);

#endif
