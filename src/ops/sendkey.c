/* kvmctl sendkey: chords as people write them, one after the other. */
#include "ops/verbs.h"

#include "ops/act_control.h"
#include "qemu/keys.h"

int op_sendkey(struct context *context, const char *name, char *const *keys, struct error *err)
{
	_cleanup_control_ struct control control = CONTROL_INIT;
	_cleanup_json_ struct json *chords = json_new_array();

	/* All are understood before the first is sent. */
	for (char *const *key = keys; *key; key++) {
		struct json *chord;

		if (keys_chord(*key, &chord, err) < 0)
			return -1;
		json_append(chords, chord);
	}
	if (control_open(context, name, "sendkey", &control, err) < 0)
		return -1;
	/* QEMU holds each chord for 100 ms and queues the next: no pause is needed between them. */
	for (size_t i = 0; i < json_length(chords); i++) {
		struct json *arguments = json_new_object();

		json_put(arguments, "keys", json_ref(json_at(chords, i)));
		if (control_execute(&control, "send-key", arguments, err) < 0)
			return -1;
	}
	return 0;
}
