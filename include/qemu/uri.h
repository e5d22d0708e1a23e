/* Network disks: a URI as the spec has it to the members of a blockdev of the protocol driver.
 *
 * nbd://HOST[:PORT]/EXPORT, nbd+unix:///EXPORT?socket=PATH, nbd:HOST:PORT[:exportname=X] (old form),
 * rbd:POOL/IMAGE[:key=value...], iscsi://[USER@]HOST[:PORT]/IQN/LUN, http://, https://, ftp://, ftps://,
 * ssh://[USER@]HOST[:PORT]/PATH, gluster[+tcp|+unix|+rdma]://HOST[:PORT]/VOLUME/PATH. A secret in a URI
 * (user:password@, ?password=) is refused. */
#ifndef KVMCTL_QEMU_URI_H
#define KVMCTL_QEMU_URI_H

#include <stdbool.h>

#include "base/json.h"

/* True when the path is a URI of one of the schemes above, or of any scheme ("x://"): a local path starts with '/'. */
bool uri_is(const char *path);
/* *ret: {"driver": "nbd", "server": {...}, ...} without node-name. secret_id: the id of a `secret` object
 * for protocols that log in, or NULL. ERROR_SPEC: unknown scheme (with the list), bad form, a secret in
 * it. */
int uri_to_blockdev(const char *uri, const char *secret_id, struct json **ret, struct error *err);
/* The driver ("rbd") for checks against the binary, or NULL. Static. */
const char *uri_driver(const char *uri);

#endif
