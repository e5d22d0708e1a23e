/* Block nodes: for each layer of a disk a protocol node (a file, a device, a network protocol)
 * and a format node over it.
 *
 * Names: the top format node is called as the disk ("disk0"), its protocol node "disk0-file",
 * then "disk0-backing1", "disk0-backing1-file" ... Every layer is told explicitly, and the last
 * one that it has no backing file: QEMU opens nothing that an image's header names. Local
 * layers are opened by kvmctl, one open file each (QEMU's image locks belong to the open file),
 * and reach QEMU as fd sets. */
#include <fcntl.h>

#include "base/text.h"
#include "qemu/uri.h"
#include "vm/plan_build.h"

/* O_DIRECT. Since QEMU 9 the descriptor that is handed over must itself have been opened so. */
bool block_cache_direct(const char *cache)
{
	return cache && (streq(cache, "none") || streq(cache, "directsync"));
}

/* QEMU's five words for caching are three switches: cache.direct and cache.no-flush of the
 * nodes, write-cache of the guest's device, which is "off" where each write must be on the disk
 * before the guest hears that it is done. */
const char *block_write_cache(const char *cache)
{
	if (!cache || streq(cache, "default"))
		return NULL;
	return streq(cache, "writethrough") || streq(cache, "directsync") ? "off" : "on";
}

/* What both nodes of a layer say: a node takes nothing over from the one above. */
static void common(struct json *node, const char *name, const struct block_options *block)
{
	json_put_string(node, "node-name", name);
	json_put_bool(node, "read-only", block->read_only);
	/* Reopening by itself would need rights that QEMU has not got. */
	json_put_bool(node, "auto-read-only", false);
	if (block->discard && streq(block->discard, "unmap"))
		json_put_string(node, "discard", "unmap");
	else if (block->discard && streq(block->discard, "ignore"))
		json_put_string(node, "discard", "ignore");
	if (block->cache && !streq(block->cache, "default")) {
		struct json *cache = json_new_object();

		json_put_bool(cache, "direct", block_cache_direct(block->cache));
		json_put_bool(cache, "no-flush", streq(block->cache, "unsafe"));
		json_put(node, "cache", cache);
	}
}

static struct json *local_node(struct builder *b, const struct disk_layer *layer, const struct block_options *block,
			       int index)
{
	struct json *node = json_new_object();
	int flags = (block->read_only ? O_RDONLY : O_RDWR) | (block_cache_direct(block->cache) ? O_DIRECT : 0);
	int set = build_fdset(b, PLAN_FD_FILE, layer->path, flags, index);

	json_put_string(node, "driver", layer->block_device ? "host_device" : "file");
	json_put_stringf(node, "filename", "/dev/fdset/%d", set);
	if (block->aio)
		json_put_string(node, "aio", block->aio);
	return node;
}

/* A password that a protocol logs in with: an object that QEMU fills from a memory file.
 * Returns its id, or NULL: none is needed. */
static char *secret(struct builder *b, const char *node, const char *file)
{
	_cleanup_free_ char *readable = NULL;
	struct json *object;

	if (is_empty(file))
		return NULL;
	readable = build_readable(b, file, true);
	object = json_new_object();
	json_put_string(object, "qom-type", "secret");
	json_put_stringf(object, "id", "%s-secret", node);
	json_put_string(object, "file", readable);
	options_json(&b->options, OPTION_OBJECT, object);
	return xprintf("%s-secret", node);
}

/* What the binary was built with. (A module that is not installed shows only when QEMU tries to
 * load it: its error names the driver.) */
static bool has_driver(struct builder *b, const char *driver, const char *path)
{
	if (probe_has_block_driver(b->probe, driver))
		return true;
	problems_add(&b->problems, path,
		     "QEMU %d.%d (\"%s\") is built without the block driver \"%s\": use another binary, or another "
		     "kind of disk",
		     b->probe->major, b->probe->minor, b->hv->kvm_path, driver);
	return false;
}

/* NULL: a problem was added. */
static struct json *network_node(struct builder *b, const char *node_name, const char *uri, const char *secret_file,
				 const char *path)
{
	_cleanup_free_ char *secret_id = NULL;
	struct error err = ERROR_INIT;
	const char *driver = uri_driver(uri);
	struct json *node = NULL;

	if (driver && !has_driver(b, driver, path))
		return NULL;
	secret_id = secret(b, node_name, secret_file);
	if (uri_to_blockdev(uri, secret_id, &node, &err) < 0)
		problems_add_error(&b->problems, path, &err);
	return node;
}

/* backing: the node name below, or NULL: none. */
static void format_node(struct builder *b, const char *name, const char *format, const char *backing,
			const struct block_options *block)
{
	struct json *node = json_new_object();

	json_put_string(node, "driver", format);
	common(node, name, block);
	json_put_stringf(node, "file", "%s-file", name);
	if (backing)
		json_put_string(node, "backing", backing);
	else if (!streq(format, "raw"))
		json_put(node, "backing", NULL);
	options_json(&b->options, OPTION_BLOCKDEV, node);
}

static void layer_nodes(struct builder *b, const char *name, const struct disk_layer *layer, const char *backing,
			const char *secret_file, const struct block_options *block, int index, const char *path)
{
	_cleanup_free_ char *protocol = xprintf("%s-file", name);
	struct json *node = uri_is(layer->path) ? network_node(b, name, layer->path, secret_file, path)
						: local_node(b, layer, block, index);
	struct block_options lower = *block;

	if (!node)
		return;
	/* What a guest may discard is decided by the node above. A copy of storage gets to here, and its holes stay holes. */
	if (!block->read_only)
		lower.discard = "unmap";
	common(node, protocol, &lower);
	options_json(&b->options, OPTION_BLOCKDEV, node);
	format_node(b, name, layer->format, backing, block);
}

void build_block_nodes(struct builder *b, const char *node, const struct disk_layer *layers, size_t n,
		       const char *secret_file, const struct block_options *block, int index, const char *path)
{
	_cleanup_free_ char *below = NULL;

	/* From the lowest up: a node must be there before the one that is over it. */
	for (size_t i = n; i-- > 0;) {
		char *name = i ? xprintf("%s-backing%zu", node, i) : xstrdup(node);
		struct block_options options = *block;

		if (i) {
			options.read_only = true;
			options.discard = NULL;
		}
		layer_nodes(b, name, &layers[i], below, i ? NULL : secret_file, &options, index, path);
		free(below);
		below = name;
	}
}
