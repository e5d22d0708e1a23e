/* Problems found while reading and checking: collected, then reported at once. */
#include "base/problems.h"

#include "base/text.h"

static void add(struct problems *problems, const char *path, char *message)
{
	grow_array(problems->list, problems->n);
	problems->list[problems->n++] = (struct problem){ .path = xstrdup(path ? path : ""), .message = message };
}

void problems_add(struct problems *problems, const char *path, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	add(problems, path, xvprintf(format, ap));
	va_end(ap);
}

/* The hint goes along in brackets: a list of problems has no place for hints of its own. */
void problems_add_error(struct problems *problems, const char *path, struct error *err)
{
	const char *message = err->message ? err->message : "failed";

	add(problems, path, err->hint ? xprintf("%s (%s)", message, err->hint) : xstrdup(message));
	error_clear(err);
}

void problems_add_all(struct problems *problems, const struct problems *more, const char *prefix)
{
	for (size_t i = 0; i < more->n; i++) {
		const struct problem *p = &more->list[i];
		_cleanup_free_ char *path = xprintf("%s%s%s", prefix, *prefix && *p->path ? ": " : "", p->path);

		add(problems, path, xstrdup(p->message));
	}
}

/* One problem reads as a sentence, several as a list: a spec with one slip should not look like a
 * report. */
int problems_to_error(const struct problems *problems, enum error_kind kind, const char *what, struct error *err)
{
	_cleanup_free_ char *text = NULL;
	_cleanup_fclose_ FILE *out = NULL;
	bool one = problems->n == 1;
	size_t size;

	if (!problems->n)
		return 0;
	out = open_memstream(&text, &size);
	if (!out)
		abort();
	if (one)
		fprintf(out, "%s: ", what);
	else
		fprintf(out, "%s: %zu problems:", what, problems->n);
	for (size_t i = 0; i < problems->n; i++) {
		const struct problem *p = &problems->list[i];

		fprintf(out, "%s%s%s%s", one ? "" : "\n  ", p->path, *p->path ? ": " : "", p->message);
	}
	fclose(take_ptr(out));
	return error_set(err, kind, "%s", text);
}

void problems_free(struct problems *problems)
{
	for (size_t i = 0; i < problems->n; i++) {
		free(problems->list[i].path);
		free(problems->list[i].message);
	}
	free(problems->list);
	*problems = (struct problems){ 0 };
}
