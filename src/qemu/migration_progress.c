/* The answer of query-migrate, as numbers, and those as our own document. */
#include "qemu/migration.h"

#include "base/text.h"

#define NOT_SAID (-1)

void migration_progress_clear(struct migration_progress *progress)
{
	free(progress->error);
	free(progress->address);
	*progress = (struct migration_progress){ 0 };
}

/* "tcp:[::]:40123": QEMU says what it listens on as a SocketAddress; a word of a newer one is no address to us. */
static char *address_text(const struct json *address)
{
	const char *type = json_get_string(address, "type", ""), *host = json_get_string(address, "host", "");

	if (streq(type, "unix"))
		return xprintf("unix:%s", json_get_string(address, "path", ""));
	if (!streq(type, "inet"))
		return NULL;
	return xprintf(strchr(host, ':') ? "tcp:[%s]:%s" : "tcp:%s:%s", host, json_get_string(address, "port", ""));
}

static void read_ram(const struct json *ram, struct migration_progress *ret)
{
	int64_t pages_per_second;

	ret->ram_total = json_get_int(ram, "total", NOT_SAID);
	ret->ram_transferred = json_get_int(ram, "transferred", NOT_SAID);
	ret->ram_remaining = json_get_int(ram, "remaining", NOT_SAID);
	ret->passes = json_get_int(ram, "dirty-sync-count", NOT_SAID);
	ret->page_size = json_get_int(ram, "page-size", NOT_SAID);
	ret->postcopy_requests = json_get_int(ram, "postcopy-requests", NOT_SAID);
	ret->mbps = json_number(json_get(ram, "mbps"), NOT_SAID);
	pages_per_second = json_get_int(ram, "dirty-pages-rate", NOT_SAID);
	ret->dirty_rate = pages_per_second >= 0 && ret->page_size > 0 && pages_per_second <= INT64_MAX / ret->page_size
				  ? pages_per_second * ret->page_size
				  : NOT_SAID;
}

/* Before there was a migration QEMU says nothing at all: an empty object. A word of a newer QEMU is an error: what it means for the guest
 * is not guessed. */
int migration_progress_from_json(const struct json *document, struct migration_progress *ret, struct error *err)
{
	const char *status = json_get_string(document, "status", NULL);
	struct migration_progress progress = { .state = MIGRATION_NONE };

	if (json_type_of(document) != JSON_OBJECT || (json_get(document, "status") && !status))
		return error_set(err, ERROR_QEMU, "QEMU answers \"query-migrate\" in another shape than known");
	if (status && migration_state_from_string(status, &progress.state) < 0)
		return error_set(err, ERROR_QEMU, "QEMU says that the migration is \"%s\": not a state known here",
				 status);
	read_ram(json_get(document, "ram"), &progress);
	progress.total_time = json_get_int(document, "total-time", NOT_SAID);
	progress.setup_time = json_get_int(document, "setup-time", NOT_SAID);
	progress.downtime = json_get_int(document, "downtime", NOT_SAID);
	/* In post-copy the guest has switched over: what QEMU still says of it means nothing. */
	progress.expected_downtime = migration_state_is_post_copy(progress.state)
					     ? NOT_SAID
					     : json_get_int(document, "expected-downtime", NOT_SAID);
	progress.throttle = json_get_int(document, "cpu-throttle-percentage", 0);
	/* Of one that has just completed they are not worked out yet. */
	if (progress.state == MIGRATION_COMPLETED && progress.total_time == 0)
		progress.total_time = progress.downtime = NOT_SAID;
	progress.error = xstrdup(json_get_string(document, "error-desc", NULL));
	if (json_length(json_get(document, "socket-address")) > 0)
		progress.address = address_text(json_at(json_get(document, "socket-address"), 0));
	*ret = progress;
	return 0;
}

int64_t migration_remaining_ms(const struct migration_progress *progress)
{
	double rate = progress->mbps * 1e6 / 8;

	if (progress->state == MIGRATION_COMPLETED)
		return 0;
	if (progress->ram_remaining < 0 || progress->mbps <= 0)
		return NOT_SAID;
	/* In post-copy nothing is sent twice. */
	if (progress->state != MIGRATION_POSTCOPY_ACTIVE && progress->dirty_rate > 0)
		rate -= (double)progress->dirty_rate;
	double ms = rate > 0 ? (double)progress->ram_remaining / rate * 1000 : NOT_SAID;
	return ms > 1e15 ? NOT_SAID : (int64_t)ms;
}

static void put(struct json *document, const char *key, int64_t value)
{
	json_put(document, key, value < 0 ? NULL : json_new_int(value));
}

struct json *migration_progress_to_json(const struct migration_progress *progress)
{
	struct json *document = json_new_object();

	json_put_string(document, "migration", migration_state_to_string(progress->state));
	json_put_string(document, "error", progress->error ? progress->error : "");
	put(document, "ram_total", progress->ram_total);
	put(document, "ram_transferred", progress->ram_transferred);
	put(document, "ram_remaining", progress->ram_remaining);
	put(document, "passes", progress->passes);
	put(document, "dirty_rate", progress->dirty_rate);
	put(document, "rate", progress->mbps < 0 ? NOT_SAID : (int64_t)(progress->mbps * 1e6 / 8));
	put(document, "remaining_ms", migration_remaining_ms(progress));
	put(document, "total_ms", progress->total_time);
	put(document, "setup_ms", progress->setup_time);
	put(document, "downtime_ms", progress->downtime);
	put(document, "expected_downtime_ms", progress->expected_downtime);
	put(document, "throttle", progress->throttle);
	put(document, "postcopy_requests", progress->postcopy_requests);
	json_put_string(document, "address", progress->address ? progress->address : "");
	return document;
}
