/* Between nft.c and the module that links libnftables: plain calls and plain values, so that neither needs a symbol of the other. */
#ifndef KVMCTL_HOST_NFT_MODULE_H
#define KVMCTL_HOST_NFT_MODULE_H

#include <stdbool.h>

#include "host/nft_format.h"

struct nft_module {
	/* The file of the library; static. */
	const char *(*library)(void);
	/* Runs commands of nft's language as one transaction; `check`: the kernel looks at them and takes none. 0 or -1; *ret_output and *ret_errors are what it said, owned by the caller (free), never NULL
	 * but when there is no memory. */
	int (*run)(const char *commands, bool check, enum nft_format format, char **ret_output, char **ret_errors);
	/* The same, and what it has made for itself alone (tables with "flags owner") stays as long as what is returned: NULL, it
	 * was refused. release ends it; so does the end of the process. */
	void *(*hold)(const char *commands, char **ret_errors);
	void (*release)(void *held);
};

#endif
