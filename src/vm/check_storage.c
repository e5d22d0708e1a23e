/* Syntax checks: removable media, disks. */
#include "vm/checks.h"

#include "base/text.h"
#include "qemu/uri.h"
#include "vm/value.h"

void check_floppy_image_path(const struct spec *spec, const char *path, struct problems *problems)
{
	if (*spec->hv.floppy_image_path && streq(spec->hv.machine, "q35"))
		problems_add(problems, path, "the machine \"q35\" has no floppy; use \"pc\", or a CD-ROM");
}

static void check_cdrom(const char *image, const char *path, struct problems *problems)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	_cleanup_json_ struct json *blockdev = NULL;
	if (!*image || *image == '/')
		return;
	if (!text_is_url(image)) {
		_cleanup_free_ char *shown = text_printable(image, strlen(image), 80);
		problems_add(problems, path, "\"%s\" is neither an absolute path nor a URL of http, https or ftp",
			     shown);
	} else if (uri_to_blockdev(image, NULL, &blockdev, &err) < 0) {
		problems_add_error(problems, path, &err);
	}
}

void check_cdrom_image_path(const struct spec *spec, const char *path, struct problems *problems)
{
	check_cdrom(spec->hv.cdrom_image_path, path, problems);
}

void check_cdrom2_image_path(const struct spec *spec, const char *path, struct problems *problems)
{
	check_cdrom(spec->hv.cdrom2_image_path, path, problems);
}

/* Types that Ganeti knows, but that have no place on a PC. */
static void check_bus(const struct spec *spec, const char *type, const char *path, struct problems *problems)
{
	if (streq(type, "sd") || streq(type, "mtd"))
		problems_add(problems, path,
			     "\"%s\" needs %s, which the machine \"%s\" does not have; use paravirtual, ide or scsi-hd",
			     type, streq(type, "sd") ? "an SD card reader" : "a flash controller", spec->hv.machine);
	else if (streq(type, "pflash"))
		problems_add(problems, path, "\"pflash\" is for firmware only; firmware \"uefi\" sets it up");
}

void check_disk_type(const struct spec *spec, const char *path, struct problems *problems)
{
	check_bus(spec, spec->hv.disk_type, path, problems);
}

void check_cdrom_disk_type(const struct spec *spec, const char *path, struct problems *problems)
{
	check_bus(spec, spec->hv.cdrom_disk_type, path, problems);
}

/* Disks with a cache or aio of their own are checked one by one (check_spec.c): here is what the others have. */
void check_disk_aio(const struct spec *spec, const char *path, struct problems *problems)
{
	bool used = spec->n_disks == 0;
	for (size_t i = 0; i < spec->n_disks; i++)
		used |= !*spec->disks[i].aio && !*spec->disks[i].cache;
	if (used && streq(spec->hv.disk_aio, "native") && !streq(spec->hv.disk_cache, "none"))
		problems_add(problems, path, "\"native\" needs disk_cache \"none\", but it is \"%s\"",
			     spec->hv.disk_cache);
}
