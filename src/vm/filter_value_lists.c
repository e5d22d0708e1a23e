/* Values of filters that are lists of words (TCP flags, states, directions of a set), names of sets, comments. */
#include "filter_value_lists.h"

#include <strings.h>

#include "base/strv.h"
#include "base/text.h"

#define SET_FLAGS_MAX 6
#define COMMENT_MAX 256

/* In the order in which they are written. */
static const struct filter_word tcp_flags[] = { { "SYN", FILTER_TCP_SYN },
						{ "ACK", FILTER_TCP_ACK },
						{ "URG", FILTER_TCP_URG },
						{ "PSH", FILTER_TCP_PSH },
						{ "FIN", FILTER_TCP_FIN },
						{ "RST", FILTER_TCP_RST },
						{ "NONE", 0 },
						{ "ALL", FILTER_TCP_ALL },
						{ NULL, 0 } };
static const struct filter_word states[] = {
	{ "NEW", FILTER_STATE_NEW },         { "ESTABLISHED", FILTER_STATE_ESTABLISHED },
	{ "RELATED", FILTER_STATE_RELATED }, { "INVALID", FILTER_STATE_INVALID },
	{ "NONE", FILTER_STATE_NONE },       { NULL, 0 }
};

/* A comma list of the words, ORed. NONE stands alone. */
static int read_list(const char *text, const struct filter_word *words, uint32_t *ret, struct error *err)
{
	_cleanup_strv_ char **items = strv_split(text, ',');
	uint32_t bits = 0;
	bool none = false;

	for (size_t i = 0; items && items[i]; i++) {
		_cleanup_free_ char *item = text_trim(items[i]);
		const struct filter_word *word = words;

		while (word->name && strcasecmp(word->name, item) != 0)
			word++;
		if (!word->name)
			return error_set(err, ERROR_SPEC, "\"%s\" is none of the words of a list \"%s,%s,...\"", item,
					 words[0].name, words[1].name);
		none = none || streq(word->name, "NONE");
		bits |= word->number;
	}
	if (!items || (none && strv_length(items) > 1))
		return error_set(err, ERROR_SPEC, "\"%s\": %s", text,
				 items ? "NONE stands alone" : "a list of words is missing");
	*ret = bits;
	return 0;
}

static char *write_list(uint32_t bits, const struct filter_word *words)
{
	_cleanup_strv_ char **items = NULL;

	for (const struct filter_word *word = words; word->name; word++)
		if (word->number == bits) /* NONE, ALL, or the only one */
			return xstrdup(word->name);
	for (const struct filter_word *word = words; word->name; word++)
		if (word->number && (bits & word->number) == word->number)
			strv_add(&items, word->name);
	return strv_join(items, ",");
}

int filter_read_tcp_flags(const char *text, struct filter_value *value, struct error *err)
{
	const char *slash = strchr(text, '/');
	_cleanup_free_ char *head = slash ? xstrndup(text, (size_t)(slash - text)) : NULL;
	uint32_t mask, flags;

	if (!slash)
		return error_set(err, ERROR_SPEC, "\"%s\" is not MASK/FLAGS (SYN,ACK/SYN)", text);
	if (read_list(head, tcp_flags, &mask, err) < 0 || read_list(slash + 1, tcp_flags, &flags, err) < 0)
		return -1;
	_cleanup_free_ char *left = write_list(mask, tcp_flags);
	_cleanup_free_ char *right = write_list(flags, tcp_flags);
	value->mask = mask;
	value->number = flags;
	value->text = xprintf("%s/%s", left, right);
	return 0;
}

int filter_read_states(const char *text, struct filter_value *value, struct error *err)
{
	uint32_t bits;

	if (read_list(text, states, &bits, err) < 0)
		return -1;
	value->number = bits;
	value->text = write_list(bits, states);
	return 0;
}

int filter_read_set_name(const char *text, int64_t max, struct filter_value *value, struct error *err)
{
	size_t n = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.:-+ ");

	if (n == 0 || (int64_t)n > max || text[n])
		return error_set(err, ERROR_SPEC,
				 "\"%s\" is no name of a set: 1 to %d of letters, digits, blank and _.:-+", text,
				 (int)max);
	value->text = xstrdup(text);
	return 0;
}

int filter_read_set_flags(const char *text, struct filter_value *value, struct error *err)
{
	static const char *const words[] = { "src", "dst" };
	_cleanup_strv_ char **items = strv_split(text, ',');
	_cleanup_strv_ char **written = NULL;
	size_t n = strv_length(items);
	uint64_t bits = 0;

	for (size_t i = 0; i < n && n <= SET_FLAGS_MAX; i++) {
		bool dst = strcasecmp(items[i], words[1]) == 0;

		if (!dst && strcasecmp(items[i], words[0]) != 0)
			return error_set(err, ERROR_SPEC, "\"%s\" is neither src nor dst", items[i]);
		bits |= (uint64_t)dst << i;
		strv_add(&written, words[dst]);
	}
	if (n == 0 || n > SET_FLAGS_MAX)
		return error_set(err, ERROR_SPEC, "\"%s\" is not one to %d times src or dst", text, SET_FLAGS_MAX);
	value->number = bits;
	value->mask = n;
	value->text = strv_join(written, ",");
	return 0;
}

int filter_read_comment(const char *text, struct filter_value *value, struct error *err)
{
	size_t characters = 0;

	for (const char *p = text; *p; characters++) {
		size_t n = text_utf8_length(p, strlen(p));

		if (n == 0 || (unsigned char)*p < ' ' || *p == 0x7f)
			return error_set(err, ERROR_SPEC, "a comment has control characters, or is no UTF-8");
		p += n;
		if (characters >= COMMENT_MAX)
			return error_set(err, ERROR_SPEC, "a comment has more than %d characters", COMMENT_MAX);
	}
	value->text = xstrdup(text);
	return 0;
}
