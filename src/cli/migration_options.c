/* What the command line says of how a guest is moved. */
#include "cli/migration_options.h"

#include "base/parse.h"
#include "base/text.h"

#define BANDWIDTH_MAX INT64_C(8796093022207) /* as migration_bandwidth of the spec */
#define DOWNTIME_MAX 2000000                 /* QEMU's own limit */

static int read_number(const struct invocation *invocation, const char *name, int64_t min, int64_t max, int64_t *ret,
		       struct error *err)
{
	const char *text = invocation_option(invocation, name);
	_cleanup_free_ char *what = xprintf("--%s", name);

	if (!text || parse_int(text, what, min, max, ret, err) == 0)
		return 0;
	err->kind = ERROR_USAGE;
	return -1;
}

static int read_numbers(const struct invocation *invocation, struct migration_options *ret, struct error *err)
{
	const struct {
		const char *name;
		int64_t min, max, *value;
	} numbers[] = {
		{ "bandwidth", 0, BANDWIDTH_MAX, &ret->bandwidth },
		{ "downtime", 1, DOWNTIME_MAX, &ret->downtime },
		{ "max-downtime", 1, DOWNTIME_MAX, &ret->downtime_max },
		{ "post-copy-after", 1, INT32_MAX, &ret->post_copy_after },
		{ "channels", 1, MIGRATION_CHANNELS_MAX, &ret->channels },
	};

	for (size_t i = 0; i < ELEMENTS(numbers); i++)
		if (read_number(invocation, numbers[i].name, numbers[i].min, numbers[i].max, numbers[i].value, err) < 0)
			return -1;
	return 0;
}

static int read_budget(const struct invocation *invocation, struct migration_options *ret, struct error *err)
{
	const char *text = invocation_option(invocation, "budget");

	if (text && parse_seconds(text, "--budget", &ret->budget_ms, err) < 0) {
		err->kind = ERROR_USAGE;
		return -1;
	}
	if (invocation_has(invocation, "on-timeout") && ret->budget_ms <= 0)
		return error_set(err, ERROR_USAGE, "\"--on-timeout\" needs \"--budget SECONDS\"");
	return 0;
}

/* The place of an option's value among the words, in the order of the enum; -1: not given. */
static int read_word(const struct invocation *invocation, const char *name, const char *const *words, size_t n,
		     int *ret, struct error *err)
{
	const char *text = invocation_option(invocation, name);

	for (size_t i = 0; text && i < n; i++)
		if (streq(text, words[i])) {
			*ret = (int)i;
			return 0;
		}
	return text ? error_set(err, ERROR_USAGE, "\"--%s %s\" is not understood", name, text) : 0;
}

int migration_options_read(const struct invocation *invocation, struct migration_options *ret, struct error *err)
{
	static const char *const on_budget[] = { "cancel", "post-copy", "pause" },
				 *const tls[] = { "off", "on", "required" },
				 *const storage[] = { "none", "all", "incremental" },
				 *const compression[] = { "zstd", "zlib" };
	struct migration_options options = MIGRATION_OPTIONS_NONE;
	int copied = STORAGE_NONE, compressed = -1;

	if (read_numbers(invocation, &options, err) < 0 || read_budget(invocation, &options, err) < 0 ||
	    read_word(invocation, "on-timeout", on_budget, ELEMENTS(on_budget), &options.on_budget, err) < 0 ||
	    read_word(invocation, "tls", tls, ELEMENTS(tls), &options.tls, err) < 0 ||
	    read_word(invocation, "copy-storage", storage, ELEMENTS(storage), &copied, err) < 0 ||
	    read_word(invocation, "compress", compression, ELEMENTS(compression), &compressed, err) < 0)
		return -1;
	options.storage = (enum migration_storage)copied;
	options.compression = compressed < 0 ? NULL : compression[compressed];
	options.auto_converge = invocation_has(invocation, "auto-converge");
	options.post_copy = invocation_has(invocation, "post-copy");
	options.xbzrle = invocation_has(invocation, "xbzrle");
	options.non_live = invocation_has(invocation, "non-live");
	*ret = options;
	return 0;
}
