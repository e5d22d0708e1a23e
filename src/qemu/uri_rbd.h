/* The text behind "rbd:", which is no URI: POOL/[NAMESPACE/]IMAGE[@SNAPSHOT][:KEY=VALUE...], where '\'
 * takes the next character as it is (QEMU: block/rbd.c). Private to uri.c. */
#ifndef KVMCTL_QEMU_URI_RBD_H
#define KVMCTL_QEMU_URI_RBD_H

#include "base/json.h"

/* Puts pool, namespace, image, snapshot, user, conf, server into out. ERROR_SPEC. */
int uri_rbd_convert(const char *text, struct json *out, struct error *err);

#endif
