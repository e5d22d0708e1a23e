/* The supervisor's command line, by a table: each option is a row. */
#include "supervisor/options.h"

#include <stddef.h>

#include "base/parse.h"
#include "base/text.h"

enum option_kind { OPTION_TEXT, OPTION_FLAG, OPTION_INT, OPTION_INT64, OPTION_ON_CRASH };

static const struct option_row {
	const char *name;
	enum option_kind kind;
	size_t offset;
	bool required;
	int64_t min, max;
} rows[] = {
	{ "--name", OPTION_TEXT, offsetof(struct options, name), true },
	{ "--run-dir", OPTION_TEXT, offsetof(struct options, run_dir), true },
	{ "--kvmctl", OPTION_TEXT, offsetof(struct options, kvmctl), true },
	{ "--config", OPTION_TEXT, offsetof(struct options, config), false },
	{ "--cgroup-dir", OPTION_TEXT, offsetof(struct options, cgroup_dir), false },
	{ "--qemu", OPTION_INT, offsetof(struct options, qemu), true, 1, INT32_MAX },
	{ "--qemu-start", OPTION_INT64, offsetof(struct options, qemu_start), true, 0, INT64_MAX },
	{ "--event-fd", OPTION_INT, offsetof(struct options, event_fd), false, 3, INT32_MAX },
	{ "--start-fd", OPTION_INT, offsetof(struct options, start_fd), false, 3, INT32_MAX },
	{ "--log-max", OPTION_INT64, offsetof(struct options, log_max), true, OPTIONS_LOG_MIN, INT64_MAX / 4 },
	{ "--log-offset", OPTION_INT64, offsetof(struct options, log_offset), false, 0, INT64_MAX },
	{ "--on-crash", OPTION_ON_CRASH, offsetof(struct options, on_crash), false },
	{ "--restarts", OPTION_INT, offsetof(struct options, restarts), false, 0, INT32_MAX - 1 },
	{ "--starter", OPTION_INT, offsetof(struct options, starter), false, 1, INT32_MAX },
	{ "--foreground", OPTION_FLAG, offsetof(struct options, foreground), false },
	{ "--attached", OPTION_FLAG, offsetof(struct options, attached), false },
	{ "--user-shutdown", OPTION_FLAG, offsetof(struct options, user_shutdown), false },
	{ "--reboot-exit", OPTION_FLAG, offsetof(struct options, reboot_exit), false },
};

static int parse_on_crash(const char *value, enum on_crash *ret, struct error *err)
{
	static const char *const names[] = { "destroy", "restart", "preserve" };

	for (size_t i = 0; i < ELEMENTS(names); i++)
		if (streq(value, names[i])) {
			*ret = (enum on_crash)i;
			return 0;
		}
	return error_set(err, ERROR_USAGE, "--on-crash: \"%s\" is not destroy, restart or preserve", value);
}

static int take_value(const struct option_row *row, const char *value, struct options *options, struct error *err)
{
	void *at = (char *)options + row->offset;
	int64_t number;

	switch (row->kind) {
	case OPTION_TEXT:
		*(const char **)at = value;
		return 0;
	case OPTION_FLAG:
		*(bool *)at = true;
		return 0;
	case OPTION_ON_CRASH:
		return parse_on_crash(value, at, err);
	case OPTION_INT:
	case OPTION_INT64:
		if (parse_int(value, row->name, row->min, row->max, &number, err) < 0)
			return -1;
		if (row->kind == OPTION_INT)
			*(int *)at = (int)number;
		else
			*(int64_t *)at = number;
		return 0;
	}
	return 0;
}

static const struct option_row *find_row(const char *name, unsigned *ret_bit)
{
	for (size_t i = 0; i < ELEMENTS(rows); i++)
		if (streq(rows[i].name, name)) {
			*ret_bit = 1u << i;
			return &rows[i];
		}
	return NULL;
}

static int check_required(unsigned seen, const struct options *options, struct error *err)
{
	for (size_t i = 0; i < ELEMENTS(rows); i++)
		if (rows[i].required && !(seen & 1u << i))
			return error_set(err, ERROR_USAGE, "\"%s\" is missing", rows[i].name);
	if (options->event_fd >= 0 && options->event_fd == options->start_fd)
		return error_set(err, ERROR_USAGE, "--event-fd and --start-fd are the same");
	if (options->run_dir[0] != '/' || options->kvmctl[0] != '/')
		return error_set(err, ERROR_USAGE, "--run-dir and --kvmctl want absolute paths");
	return 0;
}

int options_parse(int argc, char *const *argv, struct options *ret, struct error *err)
{
	struct options options = { .event_fd = -1, .start_fd = -1 };
	unsigned seen = 0, bit = 0;

	for (int i = 1; i < argc; i++) {
		const struct option_row *row = find_row(argv[i], &bit);

		if (!row)
			return error_set(err, ERROR_USAGE, "\"%s\" is no option of kvmctl-supervisor", argv[i]);
		if (row->kind != OPTION_FLAG && ++i >= argc)
			return error_set(err, ERROR_USAGE, "\"%s\" wants a value", row->name);
		if (take_value(row, argv[i], &options, err) < 0) {
			err->kind = ERROR_USAGE;
			return -1;
		}
		seen |= bit;
	}
	if (check_required(seen, &options, err) < 0)
		return -1;
	*ret = options;
	return 0;
}
