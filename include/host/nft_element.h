/* Single elements of the kernel's sets, by netlink itself: libnftables is not loaded, and reads no ruleset. For what changes often and is
 * named exactly; rules go through host/nft.h. */
#ifndef KVMCTL_HOST_NFT_ELEMENT_H
#define KVMCTL_HOST_NFT_ELEMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct nft_element {
	const char *set; /* of table bridge kvmctl */
	uint8_t key[16];
	size_t length; /* of it: 4 or 16 */
	bool remove;   /* else it is added. One that is (not) there already is left so */
};

/* All of them in one transaction. A set that is not there is passed over. ERROR_HOST: nothing is changed. */
int nft_change_elements(const struct nft_element *elements, size_t n, struct error *err);
/* Deletes a set of table bridge kvmctl if no rule asks it. *ret_deleted (or NULL): it is gone, also when it was not there. */
int nft_delete_unused_set(const char *set, bool *ret_deleted, struct error *err);

#endif
