/* Events, row by row. QEMU says why it is about to stop the vCPUs in an event of its own just before STOP
 * (BLOCK_IO_ERROR, GUEST_PANICKED, WATCHDOG), so a cause is remembered for the STOP that follows; a STOP
 * without one was asked for by somebody. */
#include "supervisor/guest.h"

#include <stdio.h>

#include "base/text.h"

/* A guest that takes longer than this to follow its watchdog's ACPI shutdown is taken to shut down by itself. */
#define BITE_COUNTS_MS (5 * 60 * 1000)

static void set_text(char *to, size_t size, const char *from)
{
	snprintf(to, size, "%s", from);
}

static void set_run(struct guest *guest, bool paused, const char *reason)
{
	guest->paused = paused;
	set_text(guest->reason, sizeof(guest->reason), reason);
	guest->told = guest->changed = true;
}

static void on_stop(struct guest *guest, const struct json *data, int64_t now_ms)
{
	(void)data;
	(void)now_ms;
	set_run(guest, true, guest->stop_cause ? guest->stop_cause : "user");
	guest->stop_cause = NULL;
}

static void on_resume(struct guest *guest, const struct json *data, int64_t now_ms)
{
	(void)data;
	(void)now_ms;
	set_run(guest, false, "");
	guest->stop_cause = NULL;
}

static void on_suspend(struct guest *guest, const struct json *data, int64_t now_ms)
{
	(void)data;
	(void)now_ms;
	set_run(guest, false, "suspended");
}

static void on_balloon(struct guest *guest, const struct json *data, int64_t now_ms)
{
	int64_t actual = json_get_int(data, "actual", 0);

	(void)now_ms;
	if (actual <= 0)
		return;
	guest->memory = actual >> 20;
	guest->changed = true;
}

static void on_io_error(struct guest *guest, const struct json *data, int64_t now_ms)
{
	(void)now_ms;
	if (streq(json_get_string(data, "action", ""), "stop"))
		guest->stop_cause = "io-error";
}

static void on_panic(struct guest *guest, const struct json *data, int64_t now_ms)
{
	(void)now_ms;
	if (streq(json_get_string(data, "action", ""), "pause"))
		guest->stop_cause = "panicked";
}

static void on_watchdog(struct guest *guest, const struct json *data, int64_t now_ms)
{
	const char *action = json_get_string(data, "action", "");

	if (streq(action, "pause"))
		guest->stop_cause = "watchdog";
	else if (streq(action, "reset") || streq(action, "shutdown") || streq(action, "poweroff"))
		guest->bitten_at_ms = now_ms;
}

static void on_reset(struct guest *guest, const struct json *data, int64_t now_ms)
{
	(void)data;
	(void)now_ms;
	guest->bitten_at_ms = 0;
}

static void on_migration(struct guest *guest, const struct json *data, int64_t now_ms)
{
	const char *state = json_get_string(data, "status", "");

	(void)now_ms;
	if (!*state || streq(state, "none"))
		return;
	/* It waits for a connection again, and is as broken as before. */
	if (streq(state, "setup") && starts_with(guest->migration, "postcopy-"))
		return;
	set_text(guest->migration, sizeof(guest->migration), state);
	guest->migration_told = guest->changed = true;
}

static void on_shutdown(struct guest *guest, const struct json *data, int64_t now_ms)
{
	(void)now_ms;
	/* Without data (a QEMU before 4.0 gave no reason): at least whose doing it was. */
	set_text(
		guest->shutdown, sizeof(guest->shutdown),
		json_get_string(data, "reason", json_get_bool(data, "guest", true) ? "guest-shutdown" : "host-signal"));
}

static const struct {
	const char *name;
	void (*handle)(struct guest *guest, const struct json *data, int64_t now_ms);
} handlers[] = {
	{ "STOP", on_stop },
	{ "RESUME", on_resume },
	{ "BALLOON_CHANGE", on_balloon },
	{ "BLOCK_IO_ERROR", on_io_error },
	{ "GUEST_PANICKED", on_panic },
	{ "WATCHDOG", on_watchdog },
	{ "RESET", on_reset },
	{ "SHUTDOWN", on_shutdown },
	{ "SUSPEND", on_suspend },
	{ "WAKEUP", on_resume },
	{ "MIGRATION", on_migration },
};

/* RunState of QEMU's qapi/run-state.json -> reason. Those that are not here are plain "paused" or plain running. */
static void take_run_state(struct guest *guest, const struct json *data)
{
	static const struct {
		const char *state, *reason;
	} states[] = {
		{ "io-error", "io-error" },   { "guest-panicked", "panicked" },
		{ "watchdog", "watchdog" },   { "internal-error", "internal-error" },
		{ "suspended", "suspended" }, { "prelaunch", "start" },
		{ "paused", "user" },
	};
	const char *state = json_get_string(data, "status", NULL);
	bool running = json_get_bool(data, "running", true);

	/* An event that came in the meantime is newer than this answer. */
	if (!state || guest->told)
		return;
	for (size_t i = 0; i < ELEMENTS(states); i++)
		if (streq(state, states[i].state)) {
			set_run(guest, !running && !streq(state, "suspended"), states[i].reason);
			return;
		}
	set_run(guest, !running, "");
}

void guest_event(struct guest *guest, const char *name, const struct json *data, int64_t now_ms)
{
	if (!name && json_get(data, "running")) {
		take_run_state(guest, data);
		return;
	}
	if (!name) {
		if (!*guest->migration) /* an event that came in the meantime is newer */
			on_migration(guest, data, now_ms);
		return;
	}
	for (size_t i = 0; i < ELEMENTS(handlers); i++)
		if (streq(name, handlers[i].name)) {
			handlers[i].handle(guest, data, now_ms);
			return;
		}
}

bool guest_bitten(const struct guest *guest, int64_t now_ms)
{
	return guest->bitten_at_ms && now_ms - guest->bitten_at_ms < BITE_COUNTS_MS;
}

bool guest_is_moving(const struct guest *guest)
{
	static const char *const ends[] = { "", "completed", "failed", "cancelled" };

	for (size_t i = 0; i < ELEMENTS(ends); i++)
		if (streq(guest->migration, ends[i]))
			return false;
	return true;
}

/* The reason is another one's word: a rung of `stop`, or how far a move is. */
static bool is_reason_taken(const struct status *status)
{
	return status->phase != PHASE_STARTING && status->phase != PHASE_RUNNING && status->phase != PHASE_SAVED;
}

/* After the grant the word stays as long as the rest of the memory is on its way (post-copy). */
static void apply_migration(const struct guest *guest, struct status *status)
{
	if (phase_is_move(status->phase))
		set_text(status->migration, sizeof(status->migration), guest->migration);
	else if (*status->migration)
		set_text(status->migration, sizeof(status->migration),
			 streq(guest->migration, "completed") ? "" : guest->migration);
}

void guest_apply(const struct guest *guest, struct status *status)
{
	if (guest->memory)
		status->memory = guest->memory;
	if (guest->migration_told)
		apply_migration(guest, status);
	if (!guest->told)
		return;
	/* "user", "start", or nothing (a guest that is waited for) say less than what whoever paused it has written. */
	bool says_less = streq(guest->reason, "user") || streq(guest->reason, "start") || !*guest->reason;
	bool keeps = status->paused && guest->paused && says_less && *status->reason;

	status->paused = guest->paused;
	if (!keeps && !is_reason_taken(status))
		set_text(status->reason, sizeof(status->reason), guest->reason);
}
