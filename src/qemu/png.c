/* The door to kvmctl-png.so. */
#include "qemu/png.h"

#include "base/module.h"
#include "png_module.h"

int png_write(int fd, const struct ppm *picture, struct error *err)
{
	const struct png_module *module;
	const void *symbol;
	char message[256];
	int errnum;

	if (module_load("png", "png_module", &symbol, err) < 0)
		return -1;
	module = symbol;
	if (module->version != PNG_MODULE_VERSION)
		return error_set(err, ERROR_HOST, "\"kvmctl-png.so\" belongs to another version of kvmctl");
	if (module->write(fd, picture->width, picture->height, picture->pixels, message, sizeof(message), &errnum) <
	    0) {
		if (errnum)
			return error_errno(err, ERROR_HOST, errnum, "cannot write the picture");
		return error_set(err, ERROR_HOST, "cannot write the picture: %s", message);
	}
	return 0;
}
