/* Host checks of disks: there, of the right kind and size, readable and writable as asked, with complete
 * backing chains, each once. */
#include "vm/host_check_internal.h"

#include <fcntl.h>

#include "base/text.h"
#include "host/image.h"
#include "qemu/uri.h"
#include "vm/disk_chain.h"

#define SECRET_MAX 1024

static void check_secret_file(struct check *check, size_t i)
{
	_cleanup_free_ char *path = xprintf("disks[%zu].secret_file", i);

	if (!is_empty(check->spec->disks[i].secret_file))
		check_secret(check, path, check->spec->disks[i].secret_file, SECRET_MAX);
}

/* A disk that is smaller than the spec believes would show itself as I/O errors in the guest. */
static void check_size(struct check *check, const char *path, const struct disk *disk, uint64_t file_size)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	_cleanup_image_ struct image_header header = { 0 };
	uint64_t size = file_size, wanted = (uint64_t)disk->size * 1024 * 1024;

	if (disk->size == 0)
		return;
	if (streq(disk->format, "qcow2")) {
		if (image_read_header(disk->path, &header, &err) < 0)
			return; /* said by the chain */
		size = header.virtual_size;
	}
	if (size < wanted)
		problems_add(&check->problems, path, "\"%s\" has %llu MiB, less than the %lld of \"size\"", disk->path,
			     (unsigned long long)(size / 1024 / 1024), (long long)disk->size);
}

static void check_writable(struct check *check, const char *path, const struct disk *disk,
			   const struct image_place *place)
{
	if (disk->read_only)
		return;
	if (place->read_only)
		problems_add(&check->problems, path, "the block device \"%s\" is read-only; set \"mode\": \"ro\"",
			     disk->path);
	else if (faccessat(AT_FDCWD, disk->path, W_OK, AT_EACCESS) < 0)
		problems_add(&check->problems, path,
			     "\"%s\" cannot be written: %s; set \"mode\": \"ro\" if it is not to be", disk->path,
			     strerror(errno));
}

/* Two disks of one guest on one image: two writers would destroy it. */
static void check_twice(struct check *check, const struct image_place *places)
{
	const struct spec *spec = check->spec;

	for (size_t i = 1; i < spec->n_disks; i++)
		for (size_t j = 0; j < i; j++) {
			if (places[i].dev == 0 || places[i].dev != places[j].dev || places[i].ino != places[j].ino ||
			    places[i].block_device != places[j].block_device)
				continue;
			if (spec->disks[i].read_only && spec->disks[j].read_only)
				continue;
			_cleanup_free_ char *path = xprintf("disks[%zu].path", i);
			problems_add(&check->problems, path, "\"%s\" is disks[%zu] as well", spec->disks[i].path, j);
		}
}

static void check_disk(struct check *check, size_t i, struct image_place *place)
{
	const struct disk *disk = &check->spec->disks[i];
	_cleanup_free_ char *path = xprintf("disks[%zu].path", i);
	_cleanup_error_ struct error err = ERROR_INIT;
	_cleanup_(disk_facts_free) struct disk_facts facts = { 0 };

	check_secret_file(check, i);
	if (check->absent && check->absent[i])
		return;
	if (uri_is(disk->path)) {
		check_uri(check, path, disk->path);
		return;
	}
	if (disk_chain_read(disk, &facts, &err) < 0 || image_look(disk->path, place, &err) < 0) {
		problems_add_error(&check->problems, path, &err);
		return;
	}
	for (size_t layer = 1; layer < facts.n; layer++)
		if (uri_is(facts.layers[layer].path))
			check_uri(check, path, facts.layers[layer].path);
	check_writable(check, path, disk, place);
	check_size(check, path, disk, place->size);
}

void host_check_disks(struct check *check)
{
	_cleanup_free_ struct image_place *places =
		xcalloc(check->spec->n_disks ? check->spec->n_disks : 1, sizeof(*places));

	for (size_t i = 0; i < check->spec->n_disks; i++)
		check_disk(check, i, &places[i]);
	check_twice(check, places);
}
