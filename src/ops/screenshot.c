/* kvmctl screenshot: the guest's screen as a PNG, whatever QEMU's version.
 *
 * QEMU writes into a piece of memory that it is handed as a descriptor: it needs no right to any file of
 * ours, and the file is there whole or not at all. QEMU before 7.1 only knows PPM, which is turned into
 * PNG here. */
#include "ops/verbs.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/text.h"
#include "ops/act_control.h"
#include "qemu/png.h"
#include "qemu/ppm.h"

#define PICTURE_MAX (256 * 1024 * 1024)
#define PNG_MAGIC "\x89PNG\r\n\x1a\n"

static int make_memory(const char *name, int *ret_fd, struct error *err)
{
	int fd = memfd_create(name, MFD_CLOEXEC);

	if (fd < 0)
		return error_errno(err, ERROR_HOST, errno, "cannot make memory for the picture");
	*ret_fd = fd;
	return 0;
}

/* QEMU takes an fdset's descriptor for writing only if it is for writing only. */
static int write_side(int fd, int *ret_fd, struct error *err)
{
	_cleanup_free_ char *path = xprintf("/proc/self/fd/%d", fd);
	int side = open(path, O_WRONLY | O_CLOEXEC);

	if (side < 0)
		return error_errno(err, ERROR_HOST, errno, "cannot open memory for writing");
	*ret_fd = side;
	return 0;
}

static int dump(struct control *control, int64_t fdset, bool as_png, struct error *err)
{
	struct json *arguments = json_new_object();

	json_put_stringf(arguments, "filename", "/dev/fdset/%jd", (intmax_t)fdset);
	if (as_png)
		json_put_string(arguments, "format", "png");
	return control_execute(control, "screendump", arguments, err);
}

/* PNG where QEMU knows it; the answer of one that does not names the member. */
static int dump_any(struct control *control, int64_t fdset, struct error *err)
{
	if (dump(control, fdset, true, err) == 0)
		return 0;
	if (err->kind != ERROR_QEMU || !strstr(err->message, "format"))
		return -1;
	error_clear(err);
	return dump(control, fdset, false, err);
}

/* The set is removed again whatever came of it: QEMU would keep our descriptor as long as it lives. */
static int take_picture(struct control *control, int memory, struct error *err)
{
	_cleanup_close_ int side = -1;
	_cleanup_error_ struct error ignored = ERROR_INIT;
	_cleanup_json_ struct json *added = NULL;
	struct json *arguments;

	if (write_side(memory, &side, err) < 0 ||
	    qmp_execute_fds(control->qmp, "add-fd", NULL, &side, 1, control->deadline, &added, err) < 0)
		return -1;
	int64_t fdset = json_get_int(added, "fdset-id", -1);
	int result = dump_any(control, fdset, err);

	arguments = json_new_object();
	json_put_int(arguments, "fdset-id", fdset);
	control_execute(control, "remove-fd", arguments, &ignored);
	if (result < 0 && err->kind == ERROR_QEMU)
		error_hint(err, "has the instance a display at all (parameters vga, vnc_bind_address, spice_bind)?");
	return result;
}

/* What QEMU wrote, as PNG. */
static int read_png(int memory, char **ret, size_t *ret_length, struct error *err)
{
	_cleanup_free_ char *data = NULL;
	_cleanup_close_ int converted = -1;
	struct ppm picture;
	size_t length;

	if (lseek(memory, 0, SEEK_SET) < 0 || file_read_fd(memory, "the picture", PICTURE_MAX, &data, &length, err) < 0)
		return -1;
	if (length >= strlen(PNG_MAGIC) && memcmp(data, PNG_MAGIC, strlen(PNG_MAGIC)) == 0) {
		*ret = take_ptr(data);
		*ret_length = length;
		return 0;
	}
	if (ppm_parse(data, length, &picture, err) < 0 || make_memory("kvmctl-png", &converted, err) < 0 ||
	    png_write(converted, &picture, err) < 0 || lseek(converted, 0, SEEK_SET) < 0)
		return -1;
	return file_read_fd(converted, "the picture", PICTURE_MAX, ret, ret_length, err);
}

/* A device, a FIFO, a link is written to and stays what it is. Not waited for: nobody may be at the
 * FIFO's other end. */
static int write_into(const char *file, const char *data, size_t length, struct error *err)
{
	_cleanup_close_ int fd = open(file, O_WRONLY | O_TRUNC | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0 || file_write_all(fd, data, length) < 0)
		return error_errno(err, ERROR_HOST, errno, "cannot write \"%s\"", file);
	return 0;
}

static int write_file(const char *file, const char *data, size_t length, struct error *err)
{
	struct stat st;

	if (!streq(file, "-") && lstat(file, &st) == 0 && !S_ISREG(st.st_mode))
		return write_into(file, data, length, err);
	if (!streq(file, "-"))
		return file_write_at(AT_FDCWD, file, data, length, 0640, true, err);
	if (file_write_all(STDOUT_FILENO, data, length) < 0)
		return error_errno(err, ERROR_OTHER, errno, "cannot write the picture to standard output");
	return 0;
}

int op_screenshot(struct context *context, const char *name, const char *file, struct error *err)
{
	_cleanup_control_ struct control control = CONTROL_INIT;
	_cleanup_close_ int memory = -1;
	_cleanup_free_ char *data = NULL;
	size_t length;

	if (control_open(context, name, "screenshot", &control, err) < 0 ||
	    make_memory("kvmctl-screen", &memory, err) < 0 || take_picture(&control, memory, err) < 0 ||
	    read_png(memory, &data, &length, err) < 0)
		return -1;
	return write_file(file, data, length, err);
}
