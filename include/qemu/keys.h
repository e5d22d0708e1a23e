/* Keys as people write them ("ctrl-alt-delete", "ctrl+alt+f1", "ret") to what QMP's send-key wants. The
 * names are rows of src/qemu/keys.def. */
#ifndef KVMCTL_QEMU_KEYS_H
#define KVMCTL_QEMU_KEYS_H

#include "base/json.h"

/* So many keys at once are nothing that a person means. */
#define KEYS_MAX 16

/* One chord: names between '-' or '+', in any case, pressed together. *ret: the "keys" of send-key,
 * [{"type": "qcode", "data": "ctrl"}, ...]. A '-' or '+' that stands where a name is expected is the
 * minus key ("ctrl--") or the keypad's plus ("ctrl-+"). ERROR_USAGE: an unknown name (with the nearest
 * one), a key given twice, none, more than KEYS_MAX. */
int keys_chord(const char *text, struct json **ret, struct error *err);

/* All names, for completion and tests. */
const char *const *keys_names(size_t *ret_n);

#endif
