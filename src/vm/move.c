/* The member "move" of the state: who moves the guest, and what an interrupted move needs. */
#include "vm/move.h"

#include "base/strv.h"
#include "base/text.h"

/* The members that are plain text: one list for all directions. */
static const struct {
	const char *key;
	size_t offset;
} texts[] = {
	{ "peer", offsetof(struct move, peer) },         { "uri", offsetof(struct move, uri) },
	{ "file", offsetof(struct move, file) },         { "asked", offsetof(struct move, asked) },
	{ "nbd_host", offsetof(struct move, nbd_host) }, { "id", offsetof(struct move, id) },
};

static char **text(const struct move *move, size_t i)
{
	return (char **)((char *)move + texts[i].offset);
}

void move_free(struct move *move)
{
	if (!move)
		return;
	for (size_t i = 0; i < ELEMENTS(texts); i++)
		free(*text(move, i));
	strv_free(move->far);
	json_free(move->cleanup);
	free(move);
}

void move_free_ptr(struct move **move)
{
	move_free(*move);
}

struct move *move_copy(const struct move *move)
{
	struct move *copy = xcalloc(1, sizeof(*copy));

	*copy = *move;
	for (size_t i = 0; i < ELEMENTS(texts); i++)
		*text(copy, i) = xstrdup(*text(move, i));
	copy->far = strv_copy(move->far);
	copy->cleanup = move->cleanup ? json_copy(move->cleanup) : NULL;
	return copy;
}

struct json *move_to_json(const struct move *move)
{
	struct json *document = json_new_object(), *far = json_new_array();

	json_put_bool(document, "managed", move->managed);
	json_put_bool(document, "was_paused", move->was_paused);
	json_put_bool(document, "tls", move->tls);
	json_put_int(document, "nbd_port", move->nbd_port);
	for (size_t i = 0; i < ELEMENTS(texts); i++)
		json_put_string(document, texts[i].key, is_empty(*text(move, i)) ? "" : *text(move, i));
	for (char *const *word = move->far; word && *word; word++)
		json_append_string(far, *word);
	json_put(document, "far", far);
	if (move->cleanup)
		json_put(document, "cleanup", json_ref(move->cleanup));
	return document;
}

/* What decides on which side the guest runs is not guessed where the record is damaged. */
int move_from_json(const struct json *document, struct move **ret, struct error *err)
{
	_cleanup_move_ struct move *move = xcalloc(1, sizeof(*move));
	const struct json *far = json_get(document, "far"), *cleanup = json_get(document, "cleanup");

	if (json_type_of(json_get(document, "managed")) != JSON_BOOL ||
	    json_type_of(json_get(document, "was_paused")) != JSON_BOOL || json_type_of(far) != JSON_ARRAY ||
	    (cleanup && json_type_of(cleanup) != JSON_ARRAY))
		return error_set(err, ERROR_UNKNOWN, "damaged: what it says of the move");
	move->managed = json_get_bool(document, "managed", false);
	move->was_paused = json_get_bool(document, "was_paused", false);
	move->tls = json_get_bool(document, "tls", false);
	move->nbd_port = (int)json_get_int(document, "nbd_port", 0);
	for (size_t i = 0; i < ELEMENTS(texts); i++)
		*text(move, i) = xstrdup(json_get_string(document, texts[i].key, ""));
	for (size_t i = 0; i < json_length(far); i++) {
		const char *word = json_string(json_at(far, i), NULL);

		if (!word)
			return error_set(err, ERROR_UNKNOWN, "damaged: the far command of the move");
		strv_add(&move->far, word);
	}
	if (cleanup)
		move->cleanup = json_copy(cleanup);
	*ret = take_ptr(move);
	return 0;
}
