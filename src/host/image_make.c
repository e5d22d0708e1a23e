/* New disk images: raw ones are only a length, qcow2 is left to qemu-img. */
#include "host/image_make.h"

#include <fcntl.h>
#include <inttypes.h>
#include <sys/stat.h>

#include "base/strv.h"
#include "base/text.h"
#include "host/child.h"
#include "host/image.h"

#define PLACES "/usr/bin:/usr/local/bin"

int image_make_find(char **ret, struct error *err)
{
	if (child_find("qemu-img", PLACES, ret, err) == 0)
		return 0;
	return error_hint(err, "install the package qemu-utils");
}

static int add_backing(const char *backing, char ***argv, struct error *err)
{
	_cleanup_image_ struct image_header header = { 0 };

	if (image_read_header(backing, &header, err) < 0)
		return -1;
	strv_add(argv, "-b");
	strv_add(argv, backing);
	strv_add(argv, "-F");
	strv_add(argv, header.qcow2 ? "qcow2" : "raw");
	return 0;
}

static int make_qcow2(const struct image_order *order, struct deadline deadline, struct error *err)
{
	static char *const env[] = { (char *)CHILD_PATH, (char *)"LC_ALL=C", NULL };
	_cleanup_free_ char *path = NULL;
	_cleanup_strv_ char **argv = NULL;
	struct child child = CHILD_INIT;

	if (image_make_find(&path, err) < 0)
		return -1;
	strv_add(&argv, "qemu-img");
	strv_add(&argv, "create");
	strv_add(&argv, "-q");
	strv_add(&argv, "-f");
	strv_add(&argv, "qcow2");
	if (!is_empty(order->backing) && add_backing(order->backing, &argv, err) < 0)
		return -1;
	strv_add(&argv, order->path); /* absolute: never an option, and no protocol of qemu-img's */
	strv_addf(&argv, "%" PRId64, order->size);
	child.path = path;
	child.argv = argv;
	child.env = env;
	return child_run_ok(&child, deadline, err);
}

static int make_file(const struct image_order *order, struct deadline deadline, struct error *err)
{
	bool raw = streq(order->format, "raw");
	_cleanup_close_ int fd = open(order->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd < 0)
		return error_errno(err, ERROR_HOST, errno, "cannot make \"%s\"", order->path);
	if (raw && ftruncate(fd, (off_t)order->size) < 0)
		error_errno(err, ERROR_HOST, errno, "cannot make \"%s\" %" PRId64 " bytes long", order->path,
			    order->size);
	else if (raw || make_qcow2(order, deadline, err) == 0)
		return 0;
	unlink(order->path);
	return -1;
}

int image_make(const struct image_order *order, struct deadline deadline, struct error *err)
{
	struct stat st;

	if (lstat(order->path, &st) < 0 || S_ISREG(st.st_mode))
		return make_file(order, deadline, err);
	if (streq(order->format, "raw"))
		return 0;
	if (make_qcow2(order, deadline, err) < 0)
		return error_prefix(err, "cannot format \"%s\"", order->path);
	return 0;
}
