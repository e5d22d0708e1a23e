/* Lines of a bounded length. */
#include "base/lines.h"

#include <string.h>

#include "base/text.h"

void lines_init(struct lines *lines, size_t max)
{
	*lines = (struct lines){ .buffer = xcalloc(1, max + 1), .max = max };
}

void lines_clear(struct lines *lines)
{
	free(lines->buffer);
	*lines = (struct lines){ 0 };
}

bool lines_have_room(const struct lines *lines)
{
	return lines->length <= lines->max;
}

int lines_read(struct lines *lines, int fd)
{
	ssize_t n = read(fd, lines->buffer + lines->length, lines->max + 1 - lines->length);

	if (n > 0)
		lines->length += (size_t)n;
	return n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR));
}

int lines_take(struct lines *lines, char **ret, struct error *err)
{
	char *end = memchr(lines->buffer, '\n', lines->length);
	size_t length = end ? (size_t)(end - lines->buffer) : lines->length;

	if (!end && !lines_have_room(lines))
		return error_set(err, ERROR_HOST, "a line of more than %zu bytes", lines->max);
	if (!end)
		return 0;
	if (memchr(lines->buffer, '\0', length))
		return error_set(err, ERROR_HOST, "something that is no text");
	*ret = xstrndup(lines->buffer, length);
	lines->length -= length + 1;
	memmove(lines->buffer, end + 1, lines->length);
	return 1;
}
