/* The judgement over an ended QEMU. The strongest evidence is the wait status (it cannot lie), then
 * QEMU's own SHUTDOWN event, then what `kvmctl stop` had written that it was about to do; a rung alone
 * proves nothing, since a guest may crash while it is being stopped. */
#include "supervisor/cause.h"

#include <signal.h>
#include <sys/wait.h>

#include "base/text.h"

/* QEMU's word for what asked it to end -> our reason, when nobody was stopping it. */
static const struct {
	const char *shutdown;
	enum exit_reason reason;
} shutdowns[] = {
	{ "guest-panic", EXIT_PANICKED },
	{ "guest-shutdown", EXIT_GUEST },
	{ "guest-reset", EXIT_GUEST_REBOOT },
	{ "host-qmp-quit", EXIT_QUIT },
	{ "host-ui", EXIT_QUIT },
	{ "host-signal", EXIT_SIGTERM },
	{ "host-error", EXIT_FAILED },
	{ "host-qmp-system-reset", EXIT_GUEST_REBOOT },
	{ "subsystem-reset", EXIT_GUEST_REBOOT },
};

static enum exit_reason by_signal(int sig, const struct evidence *e)
{
	if (sig == SIGKILL && streq(e->rung, "force"))
		return EXIT_FORCED;
	if (sig == SIGKILL && streq(e->rung, "sigkill"))
		return EXIT_SIGKILL;
	if (sig == SIGKILL && e->oom)
		return EXIT_OOM;
	/* QEMU catches these three; before it has, or without its main loop, they end it by themselves. */
	if (sig == SIGTERM || sig == SIGINT || sig == SIGHUP)
		return EXIT_SIGTERM;
	return EXIT_CRASHED;
}

static enum exit_reason by_event(const struct evidence *e)
{
	if (e->watchdog && (streq(e->shutdown, "guest-shutdown") || streq(e->shutdown, "guest-reset")))
		return EXIT_WATCHDOG;
	if (streq(e->shutdown, "guest-shutdown") && *e->rung)
		return EXIT_ACPI;
	for (size_t i = 0; i < ELEMENTS(shutdowns); i++)
		if (streq(e->shutdown, shutdowns[i].shutdown))
			return shutdowns[i].reason;
	return EXIT_UNKNOWN; /* a cause of a newer QEMU */
}

static enum exit_reason by_rung(const struct evidence *e)
{
	static const struct {
		const char *rung;
		enum exit_reason reason;
	} rungs[] = { { "acpi", EXIT_ACPI },
		      { "quit", EXIT_QUIT },
		      { "sigterm", EXIT_SIGTERM },
		      { "sigkill", EXIT_SIGKILL },
		      { "force", EXIT_FORCED } };

	for (size_t i = 0; i < ELEMENTS(rungs); i++)
		if (streq(e->rung, rungs[i].rung))
			return rungs[i].reason;
	return EXIT_UNKNOWN;
}

/* Not our child: neither status nor signal can be had. */
static enum exit_reason without_status(const struct evidence *e)
{
	if (streq(e->rung, "force"))
		return EXIT_FORCED;
	if (streq(e->rung, "sigkill"))
		return EXIT_SIGKILL;
	if (e->oom)
		return EXIT_OOM;
	if (e->watchdog)
		return EXIT_WATCHDOG;
	if (e->events)
		return EXIT_CRASHED; /* a QEMU that ends in order says SHUTDOWN first */
	return by_rung(e);
}

enum exit_reason cause_decide(const struct evidence *e)
{
	enum exit_reason reason = exit_reason_of_move(e->move);

	if (reason != EXIT_UNKNOWN)
		return reason;

	if (e->wait_status >= 0 && WIFSIGNALED(e->wait_status))
		return by_signal(WTERMSIG(e->wait_status), e);
	if (*e->shutdown) {
		reason = by_event(e);
		if (reason != EXIT_UNKNOWN)
			return reason;
	}
	if (e->wait_status < 0)
		return without_status(e);
	if (WEXITSTATUS(e->wait_status) != 0)
		return EXIT_FAILED;
	if (e->watchdog)
		return EXIT_WATCHDOG; /* its action "poweroff" is an exit(0) without an event */
	return by_rung(e);
}

static char *signal_text(int sig)
{
	const char *name = sigabbrev_np(sig);

	return name ? xprintf("signal %d (SIG%s)", sig, name) : xprintf("signal %d", sig);
}

static char *crash_detail(const struct evidence *e)
{
	_cleanup_free_ char *sig = NULL;

	if (e->wait_status < 0)
		return xstrdup(
			"QEMU ended without a word; by which signal is not known, the supervisor was not its parent");
	sig = signal_text(WTERMSIG(e->wait_status));
	return xprintf("QEMU was killed by %s%s", sig, WTERMSIG(e->wait_status) == SIGKILL ? ", not by kvmctl" : "");
}

char *cause_detail(enum exit_reason reason, const struct evidence *e)
{
	static const char *const sentences[EXIT_REASON_MAX] = {
		[EXIT_UNKNOWN] = "QEMU ended and did not say why",
		[EXIT_GUEST] = "the guest shut itself down",
		[EXIT_GUEST_REBOOT] = "the guest rebooted, which ends it here (reboot_behavior exit)",
		[EXIT_ACPI] = "the guest followed the power button",
		[EXIT_QUIT] = "QEMU was told to quit",
		[EXIT_SIGTERM] = "QEMU was ended by a signal that asks it to",
		[EXIT_SIGKILL] = "QEMU was killed after it had not ended by anything milder",
		[EXIT_FORCED] = "QEMU was killed by force",
		[EXIT_PANICKED] = "the guest's kernel panicked",
		[EXIT_WATCHDOG] = "the guest's watchdog was not fed",
		[EXIT_MIGRATED] = "the guest runs on another host",
		[EXIT_SAVED] = "the guest's memory is in a file",
		[EXIT_INCOMING_FAILED] = "the guest that QEMU waited for did not come: it never ran here",
		[EXIT_OOM] = "the kernel killed QEMU for want of memory",
	};

	if (reason == EXIT_CRASHED)
		return crash_detail(e);
	if (reason == EXIT_FAILED && e->wait_status >= 0)
		return xprintf("QEMU ended with status %d", WEXITSTATUS(e->wait_status));
	return xstrdup(sentences[reason] ? sentences[reason] : "QEMU ended");
}

bool cause_is_crash(enum exit_reason reason)
{
	return reason == EXIT_CRASHED || reason == EXIT_FAILED || reason == EXIT_PANICKED || reason == EXIT_WATCHDOG ||
	       reason == EXIT_OOM;
}
