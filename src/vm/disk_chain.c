/* Backing chains. QEMU opens each layer under a format that we tell it, so each must be known beforehand;
 * a guest that writes a qcow2 header into its raw disk must not get at the file that the header names. */
#include "vm/disk_chain.h"

#include "base/text.h"
#include "host/image.h"
#include "qemu/uri.h"

/* A chain as it is walked: the layers, and the identity of the local ones, by which a loop is seen
 * whatever path leads into it. */
struct walk {
	struct disk_facts facts;
	struct image_place places[DISK_CHAIN_MAX];
};

static void walk_clear(struct walk *walk)
{
	disk_facts_free(&walk->facts);
}

void disk_facts_free(struct disk_facts *facts)
{
	for (size_t i = 0; i < facts->n; i++) {
		free(facts->layers[i].path);
		free(facts->layers[i].format);
	}
	free(facts->layers);
	*facts = (struct disk_facts){ 0 };
}

/* "nbd:host:port", "rbd:pool/image", "fat:dir": a protocol is what stands before a colon that no slash precedes. */
static bool has_protocol(const char *name)
{
	return name[strcspn(name, ":/")] == ':';
}

int disk_chain_resolve(const char *image, const char *backing, char **ret, struct error *err)
{
	if (starts_with(backing, "json:"))
		return error_set(err, ERROR_SPEC, "\"%s\" names its backing file in JSON, which kvmctl does not read",
				 image);
	if (starts_with(backing, "file:"))
		backing += strlen("file:");
	else if (has_protocol(backing)) {
		*ret = xstrdup(backing);
		return 0;
	}
	const char *slash = strrchr(image, '/');
	if (backing[0] == '/' || !slash)
		*ret = xstrdup(backing);
	else
		*ret = xprintf("%.*s/%s", (int)(slash - image), image, backing);
	return 0;
}

/* A local layer must be there, and must not be one of those above it. */
static int look(struct walk *walk, const char *path, struct error *err)
{
	struct image_place *place = &walk->places[walk->facts.n];

	if (image_look(path, place, err) < 0) {
		err->kind = ERROR_SPEC;
		return -1;
	}
	for (size_t i = 0; i < walk->facts.n; i++)
		if (walk->places[i].dev == place->dev && walk->places[i].ino == place->ino &&
		    walk->places[i].block_device == place->block_device)
			return error_set(err, ERROR_SPEC, "the backing chain is a loop: \"%s\" stands on itself", path);
	return 0;
}

/* Takes path. */
static int add_layer(struct walk *walk, char *path, const char *format, struct error *err)
{
	_cleanup_free_ char *owned = path;
	struct disk_facts *facts = &walk->facts;

	if (facts->n == DISK_CHAIN_MAX) {
		error_set(err, ERROR_SPEC, "the backing chain has more than %d layers", DISK_CHAIN_MAX);
		return error_hint(err, "join layers: qemu-img commit, or qemu-img convert");
	}
	if (uri_is(owned))
		walk->places[facts->n] = (struct image_place){ 0 };
	else if (look(walk, owned, err) < 0)
		return -1;
	grow_array(facts->layers, facts->n);
	facts->layers[facts->n] =
		(struct disk_layer){ take_ptr(owned), xstrdup(format), walk->places[facts->n].block_device };
	facts->shared_fs = facts->shared_fs || walk->places[facts->n].network_fs;
	facts->n++;
	return 0;
}

/* What kvmctl cannot hand to QEMU. */
static int check_header(const char *path, const struct image_header *header, struct error *err)
{
	if (!header->qcow2) {
		error_set(err, ERROR_SPEC, "\"%s\" is no qcow2 image", path);
		return error_hint(err, "qemu-img info \"%s\" tells what it is; set \"format\"", path);
	}
	if (header->encrypted) {
		error_set(err, ERROR_SPEC, "\"%s\" is an encrypted qcow2, which is not supported", path);
		return error_hint(err, "encrypt inside the guest, or use a dm-crypt device");
	}
	if (header->has_data_file) {
		error_set(err, ERROR_SPEC, "\"%s\" keeps its data in another file (\"%s\"), which is not supported",
			  path, header->data_file ? header->data_file : "?");
		return error_hint(err, "qemu-img convert -O qcow2 makes an image of one file");
	}
	return 0;
}

static int check_backing_format(const char *path, const struct image_header *header, struct error *err)
{
	if (!header->backing_format) {
		error_set(err, ERROR_SPEC, "\"%s\" does not say which format its backing file \"%s\" has", path,
			  header->backing);
		return error_hint(err, "write it down: qemu-img rebase -u -F raw|qcow2 -b \"%s\" \"%s\"",
				  header->backing, path);
	}
	if (!streq(header->backing_format, "raw") && !streq(header->backing_format, "qcow2"))
		return error_set(err, ERROR_SPEC,
				 "the backing file of \"%s\" has the format \"%s\": only raw and qcow2 are supported",
				 path, header->backing_format);
	return 0;
}

/* The next layer below the last one. *ret_more false: that was the bottom, or the rest is behind a URI. */
static int step(struct walk *walk, bool *ret_more, struct error *err)
{
	const struct disk_layer *last = &walk->facts.layers[walk->facts.n - 1];
	_cleanup_image_ struct image_header header = { 0 };
	char *below;

	*ret_more = false;
	if (streq(last->format, "raw") || uri_is(last->path))
		return 0;
	if (image_read_header(last->path, &header, err) < 0) {
		err->kind = ERROR_SPEC;
		return -1;
	}
	if (check_header(last->path, &header, err) < 0)
		return -1;
	if (!header.backing)
		return 0;
	if (check_backing_format(last->path, &header, err) < 0 ||
	    disk_chain_resolve(last->path, header.backing, &below, err) < 0)
		return -1;
	*ret_more = true;
	if (add_layer(walk, below, header.backing_format, err) == 0)
		return 0;
	return error_prefix(err, "backing file of \"%s\"", walk->facts.layers[walk->facts.n - 1].path);
}

int disk_chain_read(const struct disk *disk, struct disk_facts *ret, struct error *err)
{
	_cleanup_(walk_clear) struct walk walk = { 0 };
	bool more = true;

	if (add_layer(&walk, xstrdup(disk->path), disk->format, err) < 0)
		return -1;
	while (more)
		if (step(&walk, &more, err) < 0)
			return -1;
	*ret = walk.facts;
	if (disk->shared != DISK_SHARED_AUTO)
		ret->shared_fs = disk->shared == DISK_SHARED_TRUE;
	walk.facts = (struct disk_facts){ 0 };
	return 0;
}
