/* The firmware chapter: UEFI (OVMF) as two flash chips, the code read-only and shared by all,
 * the variables the instance's own. */
#include <fcntl.h>

#include "base/text.h"
#include "vm/plan_build.h"

/* A flash chip is a block node that the machine names. aio and discard as for any small file. */
static void flash(struct builder *b, const char *pflash, const char *node, const char *path, bool read_only)
{
	const struct disk_layer layer = { .path = (char *)path, .format = (char *)"raw" };
	const struct block_options block = {
		.cache = "writeback", .aio = "threads", .discard = "ignore", .read_only = read_only
	};

	build_block_nodes(b, node, &layer, 1, NULL, &block, -1, "hvparams.firmware");
	build_machine(b, pflash, node);
}

/* Where the variables lie is the caller's to say: they outlive the run directory. */
void plan_firmware(struct builder *b)
{
	if (!streq(b->hv->firmware, "uefi"))
		return;
	if (is_empty(b->facts->firmware_code) || is_empty(b->input->paths.variables)) {
		problems_add(&b->problems, "hvparams.firmware",
			     "no UEFI firmware is installed here: install the package ovmf, or use \"bios\"");
		return;
	}
	flash(b, "pflash0", "firmware-code", b->facts->firmware_code, true);
	flash(b, "pflash1", "firmware-variables", b->input->paths.variables, false);
}
