/* Vectors of strings, ended by NULL. */
#include "base/strv.h"

#include "base/text.h"

void strv_free(char **v)
{
	for (size_t i = 0; v && v[i]; i++)
		free(v[i]);
	free(v);
}

void strv_free_ptr(char ***v)
{
	strv_free(*v);
}

size_t strv_length(char *const *v)
{
	size_t n = 0;

	while (v && v[n])
		n++;
	return n;
}

/* Each addition counts the vector anew: a command line has a hundred words. What may have thousands is made in one
 * piece. */
void strv_take(char ***v, char *s)
{
	size_t n = strv_length(*v);

	*v = xrealloc(*v, n + 2, sizeof(**v));
	(*v)[n] = s;
	(*v)[n + 1] = NULL;
}

void strv_add(char ***v, const char *s)
{
	strv_take(v, xstrdup(s));
}

void strv_addf(char ***v, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	strv_take(v, xvprintf(format, ap));
	va_end(ap);
}

/* Grown once: argv of a QEMU is copied as a whole. */
void strv_extend(char ***v, char *const *more)
{
	size_t n = strv_length(*v), added = strv_length(more);

	if (!added)
		return;
	*v = xrealloc(*v, n + added + 1, sizeof(**v));
	for (size_t i = 0; i < added; i++)
		(*v)[n + i] = xstrdup(more[i]);
	(*v)[n + added] = NULL;
}

char **strv_copy(char *const *v)
{
	char **copy = NULL;

	strv_extend(&copy, v);
	return copy;
}

static int compare_strings(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

void strv_sort(char **v)
{
	if (v)
		qsort(v, strv_length(v), sizeof(*v), compare_strings);
}

void strv_sort_unique(char **v)
{
	size_t kept = 0;

	strv_sort(v);
	for (size_t i = 0; v && v[i]; i++) {
		if (kept > 0 && streq(v[kept - 1], v[i]))
			free(v[i]);
		else
			v[kept++] = v[i];
	}
	if (v)
		v[kept] = NULL;
}

bool strv_contains(char *const *v, const char *s)
{
	for (size_t i = 0; v && v[i]; i++)
		if (streq(v[i], s))
			return true;
	return false;
}

char *strv_join(char *const *v, const char *separator)
{
	_cleanup_free_ char *text = NULL;
	_cleanup_fclose_ FILE *out = NULL;
	size_t size;

	out = open_memstream(&text, &size);
	if (!out)
		abort();
	for (size_t i = 0; v && v[i]; i++) {
		if (i)
			fputs(separator, out);
		fputs(v[i], out);
	}
	fclose(take_ptr(out));
	return take_ptr(text);
}

/* Empty parts are kept: "a,,b" has three, and a check can say which one is empty. */
char **strv_split(const char *s, char separator)
{
	size_t n = 1;
	char **v;

	if (is_empty(s))
		return NULL;
	for (const char *c = s; *c; c++)
		n += *c == separator;
	v = xcalloc(n + 1, sizeof(*v)); /* NOLINT: of pointers */
	for (size_t i = 0; i < n; i++) {
		const char *end = strchrnul(s, separator);

		v[i] = xstrndup(s, (size_t)(end - s));
		s = end + 1;
	}
	return v;
}

/* --- the shell's words --- */

/* One word being read: the room is that of the whole text, which no word can outgrow. */
struct word {
	char *text;
	size_t n;
	bool open; /* there is one, be it empty: '' is a word */
};

static void word_put(struct word *word, char c)
{
	word->text[word->n++] = c;
	word->open = true;
}

/* What stands between the quotes at s goes to the word; the place after the closing quote, or NULL when
 * there is none. */
static const char *read_quoted(const char *s, struct word *word)
{
	char quote = *s++;

	word->open = true;
	for (; *s && *s != quote; s++) {
		if (quote == '"' && *s == '\\' && s[1] && strchr("$`\"\\\n", s[1])) {
			s++;
			if (*s == '\n') /* a line that goes on */
				continue;
		}
		word_put(word, *s);
	}
	return *s ? s + 1 : NULL;
}

static void word_end(struct word *word, char ***v)
{
	if (word->open)
		strv_take(v, xstrndup(word->text, word->n));
	word->n = 0;
	word->open = false;
}

int strv_split_shell(const char *s, char ***ret, struct error *err)
{
	_cleanup_strv_ char **v = NULL;
	_cleanup_free_ char *room = xcalloc(strlen(s) + 1, 1);
	struct word word = { .text = room };
	const char *whole = s;

	while (*s) {
		if (strchr(" \t\n", *s)) {
			word_end(&word, &v);
			s++;
		} else if (*s == '\'' || *s == '"') {
			char quote = *s;

			s = read_quoted(s, &word);
			if (!s)
				return error_set(err, ERROR_SPEC, "a %c quote has no end in \"%s\"", quote, whole);
		} else if (*s == '\\') {
			if (!s[1])
				return error_set(err, ERROR_SPEC, "a backslash ends \"%s\"", whole);
			if (s[1] != '\n')
				word_put(&word, s[1]);
			s += 2;
		} else {
			word_put(&word, *s++);
		}
	}
	word_end(&word, &v);
	*ret = take_ptr(v);
	return 0;
}

char *text_quote_shell(const char *s)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789@%+=:,./_-";
	_cleanup_free_ char *quoted = NULL;
	char *to;

	if (*s && s[strspn(s, plain)] == '\0')
		return xstrdup(s);
	quoted = xcalloc(strlen(s) * 4 + 3, 1);
	to = quoted;
	*to++ = '\'';
	for (; *s; s++) {
		if (*s == '\'')
			to = mempcpy(to, "'\\''", 4);
		else
			*to++ = *s;
	}
	*to = '\'';
	return take_ptr(quoted);
}
