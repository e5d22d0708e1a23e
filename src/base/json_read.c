/* The strict reader behind json_parse: RFC 8259, one pass, one level of recursion for each level of the
 * text (so max_depth bounds the stack). The first thing that is wrong ends it; line and column are
 * counted only then. */
#include "base/json_read.h"

#include <limits.h>
#include <math.h>

#include "base/text.h"

struct reader {
	const char *text;
	size_t length;
	size_t at;
	int depth_left;
	const char *what;
	struct error *err;
};

static int read_value(struct reader *r, struct json_object **ret);

static void put_object(struct json_object **j)
{
	json_object_put(*j);
}

#define _cleanup_object_ _cleanup_(put_object)

/* The complaint about the byte at `at`. Columns are characters, from 1. */
static int complain(struct reader *r, size_t at, const char *format, ...) __attribute__((format(printf, 3, 4)));
static int complain(struct reader *r, size_t at, const char *format, ...)
{
	_cleanup_free_ char *message = NULL;
	size_t line = 1, column = 1;
	va_list ap;

	for (size_t i = 0; i < at && i < r->length; i++) {
		if (r->text[i] == '\n') {
			line++;
			column = 1;
		} else if ((r->text[i] & 0xc0) != 0x80) {
			column++;
		}
	}
	va_start(ap, format);
	message = xvprintf(format, ap);
	va_end(ap);
	return error_set(r->err, ERROR_SPEC, "%s: line %zu, column %zu: %s", r->what, line, column, message);
}

/* "expected ...", with what stands there instead. */
static int complain_expected(struct reader *r, const char *expected)
{
	_cleanup_free_ char *found = NULL;
	size_t n = 1;

	if (r->at >= r->length) {
		complain(r, r->length, "expected %s, but the text ends", expected);
		return -1;
	}
	while (n < 4 && !text_utf8_length(r->text + r->at, n) && r->at + n < r->length)
		n++;
	found = text_printable(r->text + r->at, text_utf8_length(r->text + r->at, n) ? n : 1, n);
	complain(r, r->at, "expected %s, not \"%s\"", expected, found);
	return -1;
}

/* The byte that comes next, -1 at the end. */
static int peek(const struct reader *r)
{
	return r->at < r->length ? (unsigned char)r->text[r->at] : -1;
}

static bool accept(struct reader *r, char c)
{
	if (peek(r) != c)
		return false;
	r->at++;
	return true;
}

static void skip_blanks(struct reader *r)
{
	int c;

	while ((c = peek(r)) == ' ' || c == '\t' || c == '\r' || c == '\n')
		r->at++;
}

/* --- strings --- */

/* The four hex digits of \uXXXX, r->at behind them. */
static int read_hex4(struct reader *r, unsigned int *ret)
{
	static const char digits[] = "0123456789abcdef";
	unsigned int code = 0;

	for (int i = 0; i < 4; i++) {
		int c = peek(r);
		const char *digit = c > 0 ? strchr(digits, c | 0x20) : NULL;

		/* 0x20 makes a letter small and leaves a digit as it is; some other bytes become digits by it. */
		if (!digit || (c < 'A' && !(c >= '0' && c <= '9')))
			return complain_expected(r, "four hex digits after \\u");
		code = code << 4 | (unsigned int)(digit - digits);
		r->at++;
	}
	*ret = code;
	return 0;
}

/* What comes after "\u", be it two halves of a character beyond 16 bits. */
static int read_unicode_escape(struct reader *r, FILE *out)
{
	size_t start = r->at - 2;
	unsigned int code, low;

	if (read_hex4(r, &code) < 0)
		return -1;
	if (code == 0)
		return complain(r, start, "\\u0000 is not allowed in a string");
	if (code >= 0xd800 && code <= 0xdfff) {
		if (code >= 0xdc00 || !accept(r, '\\') || !accept(r, 'u'))
			return complain(r, start, "half of a surrogate pair");
		if (read_hex4(r, &low) < 0)
			return -1;
		if (low < 0xdc00 || low > 0xdfff)
			return complain(r, start, "half of a surrogate pair");
		code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
	}
	text_put_utf8(out, code);
	return 0;
}

static int read_escape(struct reader *r, FILE *out)
{
	static const char names[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";
	int c = peek(r);
	const char *name = c > 0 ? strchr(names, c) : NULL;

	if (c == 'u') {
		r->at++;
		return read_unicode_escape(r, out);
	}
	if (!name)
		return complain(r, r->at - 1, "an unknown escape in a string");
	r->at++;
	fputc(meant[name - names], out);
	return 0;
}

/* The characters up to the closing quote, which is consumed. */
static int read_string_body(struct reader *r, FILE *out)
{
	size_t start = r->at - 1;

	for (;;) {
		int c = peek(r);
		size_t n;

		if (c < 0)
			return complain(r, start, "a string without an end");
		if (c < 0x20)
			return complain(r, r->at, "a control character (0x%02x) in a string", (unsigned int)c);
		if (accept(r, '"'))
			return 0;
		if (accept(r, '\\')) {
			if (read_escape(r, out) < 0)
				return -1;
			continue;
		}
		n = text_utf8_length(r->text + r->at, r->length - r->at);
		if (!n)
			return complain(r, r->at, "invalid UTF-8 (0x%02x)", (unsigned int)c);
		fwrite(r->text + r->at, 1, n, out);
		r->at += n;
	}
}

/* True when a string of plain ASCII stands here, of *ret_n bytes up to its quote: nearly all are, and
 * need no stream. */
static bool is_plain_string(const struct reader *r, size_t *ret_n)
{
	for (size_t i = r->at; i < r->length; i++) {
		unsigned char c = (unsigned char)r->text[i];

		if (c == '"') {
			*ret_n = i - r->at;
			return true;
		}
		if (c < 0x20 || c >= 0x80 || c == '\\')
			return false;
	}
	return false;
}

static int read_string(struct reader *r, char **ret)
{
	_cleanup_free_ char *text = NULL;
	_cleanup_fclose_ FILE *out = NULL; /* closed first: that is when the text gets its last place */
	size_t size, n;

	if (!accept(r, '"'))
		return complain_expected(r, "a string in double quotes");
	if (is_plain_string(r, &n)) {
		*ret = xstrndup(r->text + r->at, n);
		r->at += n + 1;
		return 0;
	}
	out = open_memstream(&text, &size);
	if (!out)
		abort();
	if (read_string_body(r, out) < 0)
		return -1;
	fclose(take_ptr(out));
	*ret = take_ptr(text);
	return 0;
}

/* A value stands nearly always in the text as it is: no copy of it in between. */
static int read_string_value(struct reader *r, struct json_object **ret)
{
	_cleanup_free_ char *string = NULL;
	size_t n;

	r->at++;
	if (is_plain_string(r, &n) && n <= INT_MAX) {
		*ret = json_object_new_string_len(r->text + r->at, (int)n);
		r->at += n + 1;
		return 0;
	}
	r->at--;
	if (read_string(r, &string) < 0)
		return -1;
	*ret = json_object_new_string(string);
	return 0;
}

/* --- numbers and words --- */

static size_t skip_digits(struct reader *r)
{
	size_t start = r->at;

	while (r->at < r->length && r->text[r->at] >= '0' && r->text[r->at] <= '9')
		r->at++;
	return r->at - start;
}

/* Passes over a number; *ret_whole when it has neither a fraction nor an exponent. */
static int skip_number(struct reader *r, bool *ret_whole)
{
	size_t start;

	*ret_whole = true;
	accept(r, '-');
	start = r->at;
	if (!skip_digits(r))
		return complain_expected(r, "a value");
	if (r->text[start] == '0' && r->at - start > 1)
		return complain(r, start, "a number with a leading zero");
	if (accept(r, '.')) {
		*ret_whole = false;
		if (!skip_digits(r))
			return complain_expected(r, "a digit after the point");
	}
	if (accept(r, 'e') || accept(r, 'E')) {
		*ret_whole = false;
		if (!accept(r, '-'))
			accept(r, '+');
		if (!skip_digits(r))
			return complain_expected(r, "a digit in the exponent");
	}
	return 0;
}

/* The number's text as an integer, unsigned ones up to 2^64-1; NULL when it does not fit. */
static struct json_object *whole_number(const char *s)
{
	bool negative = *s == '-';
	uint64_t value = 0;

	for (s += negative; *s; s++)
		if (__builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, (uint64_t)(*s - '0'), &value))
			return NULL;
	if (!negative)
		return value <= INT64_MAX ? json_object_new_int64((int64_t)value) : json_object_new_uint64(value);
	if (value > (uint64_t)INT64_MAX + 1)
		return NULL;
	return json_object_new_int64((int64_t)(0 - value));
}

static int read_number(struct reader *r, struct json_object **ret)
{
	_cleanup_free_ char *text = NULL;
	size_t start = r->at;
	struct json_object *number;
	bool whole;

	if (skip_number(r, &whole) < 0)
		return -1;
	text = xstrndup(r->text + start, r->at - start);
	if (whole) {
		number = whole_number(text);
	} else {
		double value = strtod(text, NULL);

		/* With its own text, so that 0.1 is written again as 0.1. */
		number = isfinite(value) ? json_object_new_double_s(value, text) : NULL;
	}
	if (!number)
		return complain(r, start, "a number that does not fit in 64 bits");
	*ret = number;
	return 0;
}

static int read_word(struct reader *r, struct json_object **ret)
{
	static const char *const words[] = { "null", "true", "false" };

	for (size_t i = 0; i < ELEMENTS(words); i++) {
		size_t n = strlen(words[i]);

		if (r->length - r->at >= n && memcmp(r->text + r->at, words[i], n) == 0) {
			r->at += n;
			*ret = i ? json_object_new_boolean(i == 1) : NULL;
			return 0;
		}
	}
	return complain_expected(r, "a value");
}

/* --- arrays and objects --- */

static int read_array(struct reader *r, struct json_object **ret)
{
	_cleanup_object_ struct json_object *array = json_object_new_array();

	skip_blanks(r);
	if (!accept(r, ']')) {
		do {
			struct json_object *element = NULL;

			if (read_value(r, &element) < 0)
				return -1;
			json_object_array_add(array, element);
		} while (accept(r, ','));
		if (!accept(r, ']'))
			return complain_expected(r, "\",\" or \"]\"");
	}
	*ret = take_ptr(array);
	return 0;
}

static int read_member(struct reader *r, struct json_object *object)
{
	_cleanup_free_ char *key = NULL;
	struct json_object *value = NULL;
	size_t start;

	skip_blanks(r);
	start = r->at;
	if (read_string(r, &key) < 0)
		return -1;
	if (json_object_object_get_ex(object, key, NULL)) {
		_cleanup_free_ char *shown = text_printable(key, strlen(key), 60);

		return complain(r, start, "the key \"%s\" is given twice", shown);
	}
	skip_blanks(r);
	if (!accept(r, ':'))
		return complain_expected(r, "\":\"");
	if (read_value(r, &value) < 0)
		return -1;
	json_object_object_add_ex(object, key, value, JSON_C_OBJECT_ADD_KEY_IS_NEW);
	return 0;
}

static int read_object(struct reader *r, struct json_object **ret)
{
	_cleanup_object_ struct json_object *object = json_object_new_object();

	skip_blanks(r);
	if (!accept(r, '}')) {
		do {
			if (read_member(r, object) < 0)
				return -1;
		} while (accept(r, ','));
		if (!accept(r, '}'))
			return complain_expected(r, "\",\" or \"}\"");
	}
	*ret = take_ptr(object);
	return 0;
}

static int read_container(struct reader *r, bool is_object, struct json_object **ret)
{
	int result;

	if (r->depth_left == 0)
		return complain(r, r->at - 1, "nested too deep");
	r->depth_left--;
	result = is_object ? read_object(r, ret) : read_array(r, ret);
	r->depth_left++;
	return result;
}

/* One value and the blanks on both sides of it. JSON's null is json-c's NULL. */
static int read_value(struct reader *r, struct json_object **ret)
{
	int result, c;

	skip_blanks(r);
	c = peek(r);
	if (accept(r, '{') || accept(r, '[')) {
		result = read_container(r, c == '{', ret);
	} else if (c == '"') {
		result = read_string_value(r, ret);
	} else if (c == '-' || (c >= '0' && c <= '9')) {
		result = read_number(r, ret);
	} else {
		result = read_word(r, ret);
	}
	skip_blanks(r);
	return result;
}

int json_read(const char *text, size_t length, int max_depth, const char *what, struct json **ret, struct error *err)
{
	struct reader r = { .text = text, .length = length, .depth_left = max_depth, .what = what, .err = err };
	_cleanup_object_ struct json_object *value = NULL;

	if (read_value(&r, &value) < 0)
		return -1;
	if (r.at < length)
		return complain_expected(&r, "the end");
	*ret = (struct json *)take_ptr(value);
	return 0;
}
