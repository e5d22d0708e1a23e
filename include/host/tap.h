/* TAP devices by ioctl (kernel: Documentation/networking/tuntap.rst). Never persistent: a TAP lives as
 * long as its descriptors. */
#ifndef KVMCTL_HOST_TAP_H
#define KVMCTL_HOST_TAP_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

#define TAP_NAME_SIZE 16 /* IFNAMSIZ */

struct tap_features {
	bool vnet_hdr, multi_queue;
};

/* TUNGETFEATURES. ERROR_HOST: /dev/net/tun is missing or may not be opened (the hint names the right and
 * the module). */
int tap_probe(struct tap_features *ret, struct error *err);
/* A free name ("tapN" by the lowest free N is racy: "kvt" and random digits, checked). The caller records
 * it before tap_open. */
int tap_choose_name(char ret[TAP_NAME_SIZE], struct error *err);
/* Makes the TAP with exactly this name and `queues` descriptors (CLOEXEC), down, without address. EBUSY
 * when the name is taken: ERROR_BUSY, choose another. */
int tap_open(const char *name, int queues, bool vnet_hdr, int *fds, struct error *err);

#endif
