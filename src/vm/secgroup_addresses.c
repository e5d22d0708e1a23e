/* The file of addresses of a security group: lines "\nADDRESS\n" that are looked for in it as they stand, and appended. */
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/strv.h"
#include "base/text.h"
#include "vm/secgroup_members.h"

/* Every address has a newline before it, so that one search finds it and no part of another. */
#define HEAD "kvmctl members 1\n"
#define ADDRESSES_MAX_BYTES (256 * 1024 * 1024)
#define SEARCHED_MAX 64 /* more of them are not searched for one by one, but found while all lines are read */

/* The file as it is in memory. Without the last line if that one has no end. */
struct address_file {
	char *text;
	size_t length;
	bool torn;
};
#define _cleanup_address_file_ _cleanup_(address_file_clear)

static void address_file_clear(struct address_file *file)
{
	if (file->text)
		munmap(file->text, file->length);
}

static char *file_name(const char *group)
{
	return xprintf("%s.members", group);
}

static int open_file(const struct secgroup_store *store, const char *group, int flags, int *ret, struct error *err)
{
	_cleanup_free_ char *path = xprintf("%s/%s.members", store->dir, group);

	*ret = open(path, flags | O_CLOEXEC, 0644);
	if (*ret < 0 && (errno != ENOENT || (flags & O_CREAT)))
		return error_errno(err, ERROR_HOST, errno, "cannot open \"%s\"", path);
	return 0;
}

/* Maps what is there up to the end of the last whole line; nothing for an fd of -1 and for an empty file. */
static int map_file(int fd, const char *group, size_t *ret_whole, struct address_file *ret, struct error *err)
{
	struct stat st = { 0 };

	*ret_whole = 0;
	if (fd < 0)
		return 0;
	if (fstat(fd, &st) < 0)
		return error_errno(err, ERROR_HOST, errno, "cannot look at the members of \"%s\"", group);
	if (st.st_size == 0)
		return 0;
	if (st.st_size > ADDRESSES_MAX_BYTES)
		return error_set(err, ERROR_HOST, "the file with the members of \"%s\" is too large", group);
	ret->length = (size_t)st.st_size;
	ret->text = mmap(NULL, ret->length, PROT_READ, MAP_PRIVATE, fd, 0);
	if (ret->text == MAP_FAILED) {
		ret->text = NULL;
		return error_errno(err, ERROR_HOST, errno, "cannot read the members of \"%s\"", group);
	}
	const char *end = memrchr(ret->text, '\n', ret->length);
	*ret_whole = end ? (size_t)(end - ret->text) + 1 : 0;
	ret->torn = *ret_whole < ret->length;
	if (*ret_whole > 0 && (*ret_whole < strlen(HEAD) || memcmp(ret->text, HEAD, strlen(HEAD)) != 0))
		return error_set(err, ERROR_UNKNOWN,
				 "the file with the members of \"%s\" is damaged, or of a newer kvmctl", group);
	return 0;
}

static bool has_line(const char *text, size_t length, const char *address)
{
	_cleanup_free_ char *line = xprintf("\n%s\n", address);

	return text && memmem(text, length, line, strlen(line));
}

static int compare(const void *address, const void *entry)
{
	return strcmp(address, *(char *const *)entry);
}

/* Which of these n (sorted) are lines of the text; the other lines go to `others`, if there is such. */
static void sort_out(const char *text, size_t whole, char *const *addresses, size_t n, bool *ret, FILE *others)
{
	for (size_t at = 0; at < whole;) {
		const char *line = text + at, *end = memchr(line, '\n', whole - at);
		_cleanup_free_ char *address = xstrndup(line, (size_t)(end - line));
		char *const *found = bsearch(address, addresses, n, sizeof(*addresses), compare);

		if (found)
			ret[found - addresses] = true;
		else if (others)
			fprintf(others, "%s\n", address);
		at += (size_t)(end - line) + 1;
	}
}

int secgroup_addresses_have(const struct secgroup_store *store, const char *group, char *const *addresses, bool *ret,
			    struct error *err)
{
	_cleanup_close_ int fd = -1;
	_cleanup_address_file_ struct address_file file = { 0 };
	size_t whole;

	if (open_file(store, group, O_RDONLY, &fd, err) < 0 || map_file(fd, group, &whole, &file, err) < 0)
		return -1;
	for (size_t i = 0; addresses && addresses[i]; i++)
		ret[i] = has_line(file.text, whole, addresses[i]);
	return 0;
}

int secgroup_addresses(const struct secgroup_store *store, const char *group, char ***ret, struct error *err)
{
	_cleanup_close_ int fd = -1;
	_cleanup_address_file_ struct address_file file = { 0 };
	size_t whole;

	if (open_file(store, group, O_RDONLY, &fd, err) < 0 || map_file(fd, group, &whole, &file, err) < 0)
		return -1;

	size_t n = 0, room = whole > 0 ? whole / 4 : 1; /* the shortest, "::" and a newline, has three bytes */
	char **list = xcalloc(room + 1, sizeof(*list));

	for (size_t at = whole > 0 ? strlen(HEAD) : 0; at < whole && n < room;) {
		const char *line = file.text + at, *end = memchr(line, '\n', whole - at);

		if (end > line)
			list[n++] = xstrndup(line, (size_t)(end - line));
		at += (size_t)(end - line) + 1;
	}
	*ret = list;
	return 0;
}

/* What was torn goes first: it would become one line with the next. */
static int append(int fd, const char *group, size_t whole, bool torn, const char *text, size_t length,
		  struct error *err)
{
	if ((torn && ftruncate(fd, (off_t)whole) < 0) || file_write_all(fd, text, length) < 0 || fdatasync(fd) < 0) {
		int saved = errno;

		/* Half of it would count for those whose lines are whole: none or all. */
		if (ftruncate(fd, (off_t)whole) == 0)
			fdatasync(fd);
		return error_errno(err, ERROR_HOST, saved, "cannot write the members of \"%s\"", group);
	}
	return 0;
}

static int sync_dir(const struct secgroup_store *store, struct error *err)
{
	_cleanup_close_ int dir = open(store->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (dir < 0 || fsync(dir) < 0)
		return error_errno(err, ERROR_HOST, errno, "cannot write the directory \"%s\"", store->dir);
	return 0;
}

/* The lines of those that are not there, with the head if the file has none. Owned by the caller. All of changed are false. */
static char *new_lines(const char *text, size_t whole, char *const *addresses, bool *changed, size_t *ret_length)
{
	char *lines = NULL;
	size_t wanted = strv_length(addresses), n = 0;
	FILE *out = open_memstream(&lines, ret_length);

	if (!out)
		abort();
	if (wanted > SEARCHED_MAX)
		sort_out(text, whole, addresses, wanted, changed, NULL);
	if (whole == 0)
		fputs(HEAD, out);
	for (size_t i = 0; i < wanted; i++) {
		changed[i] = wanted > SEARCHED_MAX ? !changed[i] : !has_line(text, whole, addresses[i]);
		n += changed[i];
		if (changed[i])
			fprintf(out, "%s\n", addresses[i]);
	}
	fclose(out);
	if (n == 0)
		*ret_length = 0;
	return lines;
}

int secgroup_addresses_add(const struct secgroup_store *store, const char *group, char *const *addresses,
			   bool *ret_changed, struct error *err)
{
	_cleanup_close_ int fd = -1;
	_cleanup_address_file_ struct address_file file = { 0 };
	_cleanup_free_ bool *changed = xcalloc(strv_length(addresses) + 1, sizeof(*changed));
	size_t whole, length;

	if (open_file(store, group, O_RDWR | O_CREAT | O_APPEND, &fd, err) < 0 ||
	    map_file(fd, group, &whole, &file, err) < 0)
		return -1;

	_cleanup_free_ char *lines = new_lines(file.text, whole, addresses, changed, &length);
	if (length > 0 &&
	    (append(fd, group, whole, file.torn, lines, length, err) < 0 || (whole == 0 && sync_dir(store, err) < 0)))
		return -1;
	if (ret_changed)
		memcpy(ret_changed, changed, strv_length(addresses) * sizeof(*changed));
	return 0;
}

int secgroup_addresses_remove(const struct secgroup_store *store, const char *group, char *const *addresses,
			      bool *ret_changed, struct error *err)
{
	_cleanup_close_ int fd = -1, dir = -1;
	_cleanup_address_file_ struct address_file file = { 0 };
	_cleanup_free_ char *name = file_name(group), *lines = NULL;
	size_t n = strv_length(addresses), whole, length;
	_cleanup_free_ bool *changed = xcalloc(n + 1, sizeof(*changed));
	_cleanup_fclose_ FILE *others = NULL;

	if (n == 0)
		return 0;
	if (open_file(store, group, O_RDONLY, &fd, err) < 0 || map_file(fd, group, &whole, &file, err) < 0)
		return -1;
	others = open_memstream(&lines, &length);
	if (!others)
		abort();
	sort_out(file.text, whole, addresses, n, changed, others);
	fclose(take_ptr(others));
	if (memchr(changed, 1, n)) {
		dir = open(store->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (file_write_at(dir, name, lines, length, 0644, true, err) < 0)
			return error_prefix(err, "the members of \"%s\" cannot be written", group);
	}
	if (ret_changed)
		memcpy(ret_changed, changed, n * sizeof(*changed));
	return 0;
}
