/* The identity of a guest's disks at the time of a save. */
#include "vm/save_disks.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "qemu/uri.h"
#include "vm/disk_chain.h"

/* NULL with errno: it cannot be looked at. */
static struct json *look(const char *path)
{
	struct json *identity;
	struct stat st;

	if (stat(path, &st) < 0)
		return NULL;
	identity = json_new_object();
	json_put_string(identity, "path", path);
	if (S_ISBLK(st.st_mode)) {
		_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
		off_t size = fd < 0 ? -1 : lseek(fd, 0, SEEK_END);

		json_put_int(identity, "size", size);
		return identity;
	}
	/* The number of the device is not the same after every boot. */
	json_put_int(identity, "size", st.st_size);
	json_put_int(identity, "inode", (int64_t)st.st_ino);
	json_put_stringf(identity, "mtime", "%jd.%09ld", (intmax_t)st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
	return identity;
}

static void add(struct json *list, const char *path)
{
	struct json *identity = uri_is(path) ? NULL : look(path);

	if (identity)
		json_append(list, identity);
}

struct json *save_disks_look(const struct spec *spec)
{
	struct json *list = json_new_array();

	for (size_t i = 0; i < spec->n_disks; i++) {
		_cleanup_error_ struct error err = ERROR_INIT;
		struct disk_facts facts = { 0 };

		if (disk_chain_read(&spec->disks[i], &facts, &err) < 0) {
			add(list, spec->disks[i].path);
			continue;
		}
		for (size_t layer = 0; layer < facts.n; layer++)
			add(list, facts.layers[layer].path);
		disk_facts_free(&facts);
	}
	return list;
}

void save_disks_compare(const struct json *recorded, struct problems *problems)
{
	for (size_t i = 0; i < json_length(recorded); i++) {
		const struct json *then = json_at(recorded, i);
		const char *path = json_get_string(then, "path", "");
		_cleanup_json_ struct json *now = look(path);

		if (!now)
			problems_add(problems, "", "\"%s\": %s", path, strerror(errno));
		else if (json_get_int(then, "size", -1) != json_get_int(now, "size", -1))
			problems_add(problems, "", "\"%s\" had %" PRId64 " bytes and has %" PRId64, path,
				     json_get_int(then, "size", -1), json_get_int(now, "size", -1));
		else if (json_get_int(then, "inode", 0) != json_get_int(now, "inode", 0))
			problems_add(problems, "", "\"%s\" is another file now", path);
		else if (!json_equal(then, now))
			problems_add(problems, "", "\"%s\" was written to", path);
	}
}
