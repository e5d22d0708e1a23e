/* Strings: what libc leaves out. Memory that cannot be had aborts: a death at any line is what the crash
 * rule covers anyway. */
#include "base/text.h"

#include <inttypes.h>

#include <stdint.h>

static void *or_abort(void *p)
{
	if (!p)
		abort();
	return p;
}

void *xcalloc(size_t n, size_t size)
{
	return or_abort(calloc(n ? n : 1, size ? size : 1));
}

void *xrealloc(void *p, size_t n, size_t size)
{
	return or_abort(reallocarray(p, n ? n : 1, size ? size : 1));
}

char *xstrdup(const char *s)
{
	return s ? or_abort(strdup(s)) : NULL;
}

char *xstrndup(const char *s, size_t n)
{
	return s ? or_abort(strndup(s, n)) : NULL;
}

char *xvprintf(const char *format, va_list ap)
{
	char *text;

	if (vasprintf(&text, format, ap) < 0)
		abort();
	return text;
}

char *xprintf(const char *format, ...)
{
	va_list ap;
	char *text;

	va_start(ap, format);
	text = xvprintf(format, ap);
	va_end(ap);
	return text;
}

/* The room is always the power of two at or over n, so that the size need not be kept: the array grows
 * exactly when n is one. */
void *array_reserve(void *array, size_t n, size_t size)
{
	if (n & (n - 1))
		return array;
	return xrealloc(array, n ? n * 2 : 1, size);
}

bool starts_with(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}

bool ends_with(const char *s, const char *suffix)
{
	size_t length = strlen(s), tail = strlen(suffix);

	return length >= tail && streq(s + length - tail, suffix);
}

void text_replace(char **dst, const char *src)
{
	char *copy = xstrdup(src); /* first: src may point into *dst */

	free(*dst);
	*dst = copy;
}

char *text_trim(const char *s)
{
	static const char blanks[] = " \t\r\n\f\v";
	size_t length;

	s += strspn(s, blanks);
	length = strlen(s);
	while (length && strchr(blanks, s[length - 1]))
		length--;
	return xstrndup(s, length);
}

size_t text_utf8_length(const char *s, size_t length)
{
	const unsigned char *u = (const unsigned char *)s;
	uint32_t code;
	size_t n;

	if (!length)
		return 0;
	if (u[0] < 0x80)
		return 1;
	if (u[0] >= 0xc2 && u[0] < 0xe0)
		n = 2;
	else if (u[0] >= 0xe0 && u[0] < 0xf0)
		n = 3;
	else if (u[0] >= 0xf0 && u[0] < 0xf5)
		n = 4;
	else
		return 0;
	if (n > length)
		return 0;
	code = u[0] & (0x7f >> n);
	for (size_t i = 1; i < n; i++) {
		if ((u[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (u[i] & 0x3f);
	}
	/* Overlong forms, surrogates, and what lies beyond Unicode (two bytes from c2 on are never overlong). */
	if ((n == 3 && code < 0x800) || (n == 4 && (code < 0x10000 || code > 0x10ffff)))
		return 0;
	return code >= 0xd800 && code <= 0xdfff ? 0 : n;
}

void text_put_utf8(FILE *out, unsigned int code)
{
	if (code < 0x80) {
		fputc((int)code, out);
		return;
	}
	if (code < 0x800) {
		fputc((int)(0xc0 | code >> 6), out);
	} else {
		if (code < 0x10000) {
			fputc((int)(0xe0 | code >> 12), out);
		} else {
			fputc((int)(0xf0 | code >> 18), out);
			fputc((int)(0x80 | (code >> 12 & 0x3f)), out);
		}
		fputc((int)(0x80 | (code >> 6 & 0x3f)), out);
	}
	fputc((int)(0x80 | (code & 0x3f)), out);
}

/* ASCII that any terminal shows as it is: nearly every text. */
static bool is_plain(const char *s, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if ((unsigned char)(s[i] - 0x20) > 0x7e - 0x20)
			return false;
	return true;
}

char *text_printable(const char *s, size_t length, size_t max)
{
	size_t shown = length < max ? length : max;
	/* Every byte becomes four at most; a last character may stand over the edge. No stream: this is
	 * asked of every cell of a table. */
	char *text, *out;

	if (shown == length && is_plain(s, length))
		return xstrndup(s, length);
	text = out = xcalloc(shown * 4 + 8, 1);
	for (size_t i = 0; i < shown;) {
		unsigned char c = (unsigned char)s[i];
		size_t n = text_utf8_length(s + i, length - i);

		if (i && i + n > max) /* a character over the edge is left out whole */
			break;
		/* c2 80 to c2 9f are the C1 controls: some terminals obey them. */
		if (!n || c < 0x20 || c == 0x7f || (c == 0xc2 && (unsigned char)s[i + 1] < 0xa0)) {
			static const char hex[] = "0123456789abcdef";
			const char escape[4] = { '\\', 'x', hex[c >> 4], hex[c & 15] };

			out = mempcpy(out, escape, sizeof(escape));
			i++;
		} else {
			out = mempcpy(out, s + i, n);
			i += n;
		}
	}
	if (shown < length)
		out = mempcpy(out, "...", 3);
	*out = '\0';
	return text;
}

/* Each line by text_printable, empty ones left out. Owned by the caller. */
static char *clean_lines(const char *s, size_t length, size_t max, const char *between)
{
	char *joined = xstrdup("");

	for (size_t at = 0, n; at < length; at += n + 1) {
		for (n = 0; at + n < length && s[at + n] != '\n' && s[at + n] != '\r';)
			n++;
		if (n == 0)
			continue;
		_cleanup_free_ char *clean = text_printable(s + at, n, max), *before = joined;
		joined = xprintf("%s%s%s", before, *before ? between : "", clean);
	}
	return joined;
}

char *text_one_line(const char *s, size_t length, size_t max)
{
	return clean_lines(s, length, max, "; ");
}

char *text_printable_lines(const char *s, size_t length, size_t max)
{
	return clean_lines(s, length, max, "\n");
}

uint64_t text_hash(const char *text, size_t length)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < length; i++)
		hash = (hash ^ (unsigned char)text[i]) * UINT64_C(0x100000001b3);
	return hash;
}

char *text_digest(const char *text, size_t length)
{
	return xprintf("%016" PRIx64 "-%zu", text_hash(text, length), length);
}

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Edits from a to b: a character more, less or another, or two neighbours exchanged ("apci"). Three rows
 * of the usual matrix, the last two of a and the one in work. More than `limit` is any number over it. */
static size_t edit_distance(const char *a, const char *b, size_t limit)
{
	size_t n = strlen(a), m = strlen(b);
	_cleanup_free_ size_t *rows = NULL;

	if ((n > m ? n - m : m - n) > limit)
		return limit + 1;
	rows = xcalloc(3 * (m + 1), sizeof(*rows));
	for (size_t i = 0; i <= n; i++) {
		size_t *row = rows + i % 3 * (m + 1), *before = rows + (i + 2) % 3 * (m + 1);
		const size_t *before2 = rows + (i + 1) % 3 * (m + 1);

		row[0] = i;
		for (size_t j = 1; j <= m; j++) {
			if (i == 0) {
				row[j] = j;
				continue;
			}
			row[j] = least(least(before[j], row[j - 1]) + 1, before[j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				row[j] = least(row[j], before2[j - 2] + 1);
		}
	}
	/* The analyser does not know cleanup attributes. NOLINTNEXTLINE(clang-analyzer-unix.Malloc) */
	return rows[n % 3 * (m + 1) + m];
}

const char *text_nearest(const char *word, const char *const *candidates, size_t n)
{
	size_t limit = strlen(word) / 3, best = limit + 1;
	const char *nearest = NULL;

	if (strlen(word) > 100) /* nobody mistypes that; the distance is quadratic */
		return NULL;
	for (size_t i = 0; i < n; i++) {
		size_t distance = edit_distance(word, candidates[i], limit);

		if (distance < best) {
			best = distance;
			nearest = candidates[i];
		}
	}
	return nearest;
}
