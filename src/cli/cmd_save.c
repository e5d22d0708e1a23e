/* save, restore. */
#include <inttypes.h>
#include <stdio.h>

#include "base/text.h"
#include "cli/command.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "host/interrupt.h"
#include "ops/verbs.h"

#define MIB (1024 * 1024)

/* The row of the option allows no other words. */
static enum save_compression compression_of(const struct invocation *invocation)
{
	const char *word = invocation_option(invocation, "compress");
	enum save_compression compression = SAVE_PLAIN;

	if (word)
		(void)save_compression_from_string(word, &compression);
	return compression;
}

static void print_saved(const struct invocation *invocation, const char *name, const struct save_result *result)
{
	if (invocation->globals.json) {
		struct json *document = json_new_object();

		json_put_string(document, "name", name);
		json_put_string(document, "file", result->file);
		json_put_int(document, "bytes", (int64_t)result->bytes);
		json_put_int(document, "stored", (int64_t)result->stored);
		output_json_take(document);
	} else if (!invocation->globals.quiet) {
		_cleanup_free_ char *size = text_of_mib((int64_t)(result->stored + MIB / 2) / MIB);

		printf("%s: saved in %s (%s)\n", name, result->file, size);
	}
}

int cmd_save(struct invocation *invocation, struct error *err)
{
	struct progress progress = progress_begin(&invocation->globals);
	struct save_request request = {
		.file = invocation->n_args > 1 ? invocation->args[1] : NULL,
		.compression = compression_of(invocation),
		.show = progress_is_wanted(&progress) ? progress_show_outgoing : NULL,
		.arg = &progress,
	};
	struct save_result result = { 0 };
	const char *name;

	if (invocation_name(invocation, &name, err) < 0)
		return -1;
	request.interrupted = interrupt_catch();
	int done = op_save(invocation->context, name, &request, &result, err);
	progress_end(&progress);
	if (done < 0)
		return -1;
	print_saved(invocation, name, &result);
	free(result.file);
	return 0;
}

static void show_restore(uint64_t done, uint64_t total, void *arg)
{
	_cleanup_free_ char *text = xprintf("%" PRIu64 " of %" PRIu64 " MiB", done / MIB, total / MIB);

	progress_show(arg, total > 0 ? (int)(done * 100 / total) : -1, text);
}

static void print_restored(const struct invocation *invocation, const struct start_result *result)
{
	if (invocation->globals.json) {
		struct json *document = json_new_object();

		json_put_string(document, "name", result->name);
		json_put_int(document, "pid", result->pid);
		output_json_take(document);
	} else if (!invocation->globals.quiet) {
		printf("%s: restored, pid %d\n", result->name, (int)result->pid);
	}
}

int cmd_restore(struct invocation *invocation, struct error *err)
{
	struct progress progress = progress_begin(&invocation->globals);
	const struct restore_how how = {
		.force = invocation_has(invocation, "force"),
		.paused = invocation_has(invocation, "paused"),
		.interrupted = interrupt_catch(),
		.show = progress_is_wanted(&progress) ? show_restore : NULL,
		.arg = &progress,
	};
	struct start_result result = { 0 };
	int done = op_restore(invocation->context, invocation->args[0], &how, &result, err);

	progress_end(&progress);
	if (done < 0)
		return -1;
	print_restored(invocation, &result);
	free(result.name);
	return 0;
}
