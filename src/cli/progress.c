/* How far a long operation is. */
#include "cli/progress.h"

#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include "base/text.h"
#include "cli/output.h"

#define BAR_MS 200
#define LINES_MS 5000
#define LINES_PERCENT 10
#define BAR_MAX 30
#define WIDTH_DEFAULT 80
#define MIB (1024.0 * 1024)

static int terminal_width(void)
{
	struct winsize size;

	return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : WIDTH_DEFAULT;
}

static enum progress_form fitting(const struct globals *globals)
{
	const char *term = getenv("TERM");

	if (globals->quiet)
		return PROGRESS_NONE;
	if (isatty(STDERR_FILENO) && !is_empty(term) && !streq(term, "dumb"))
		return PROGRESS_BAR;
	return globals->verbose ? PROGRESS_LINES : PROGRESS_NONE;
}

struct progress progress_begin(const struct globals *globals)
{
	enum progress_form form = fitting(globals);

	return (struct progress){ .form = form, .width = form == PROGRESS_BAR ? terminal_width() : 0 };
}

bool progress_is_wanted(const struct progress *progress)
{
	return progress->form != PROGRESS_NONE;
}

/* As much of the text as fits: whole parts ("memory 12 of 128 MiB, 3 s left"), if the first of them does. */
static int fitting_length(const char *text, int room)
{
	int length = room;

	if ((int)strlen(text) <= room)
		return room;
	while (length > 0 && text[length] != ',')
		length--;
	return length > 0 ? length : room;
}

char *progress_bar_text(int width, int percent, const char *text)
{
	/* "[" bar "] 100%  " and as much of the text as fits; one column stays free, so that no terminal wraps the line. */
	int bar = width / 3 < BAR_MAX ? width / 3 : BAR_MAX;
	int room = width - bar - 11, full = percent < 0 ? 0 : bar * percent / 100;
	char cells[BAR_MAX + 1];

	if (bar < 1 || room < 1)
		return xprintf("%.*s", width > 1 ? width - 1 : 0, text);
	memset(cells, ' ', (size_t)bar);
	memset(cells, '=', (size_t)full);
	if (full < bar)
		cells[full] = '>';
	cells[bar] = '\0';
	if (percent < 0)
		return xprintf("[%s]   -   %.*s", cells, fitting_length(text, room), text);
	return xprintf("[%s] %3d%%  %.*s", cells, percent, fitting_length(text, room), text);
}

static bool too_soon(const struct progress *p, int percent, int64_t now)
{
	if (p->shown_ms == 0)
		return false;
	if (p->form == PROGRESS_BAR)
		return now - p->shown_ms < BAR_MS;
	return now - p->shown_ms < LINES_MS && percent - p->shown_percent < LINES_PERCENT;
}

void progress_show(struct progress *p, int percent, const char *text)
{
	int64_t now = clock_boottime_ms();

	if (p->form == PROGRESS_NONE || too_soon(p, percent, now))
		return;
	p->shown_ms = now;
	p->shown_percent = percent;
	if (p->form == PROGRESS_LINES) {
		fprintf(stderr, "%s\n", text);
		return;
	}
	_cleanup_free_ char *line = progress_bar_text(p->width, percent, text);
	fprintf(stderr, "\r%s\x1b[K", line);
	p->bar_is_there = true;
}

void progress_end(struct progress *p)
{
	if (p->bar_is_there)
		fputs("\r\x1b[K", stderr);
	p->bar_is_there = false;
}

/* "312 of 512 MiB", by the larger one's unit. */
static void print_part(FILE *out, const char *what, int64_t done, int64_t total)
{
	bool gib = (double)total >= 10 * 1024 * MIB;
	double unit = gib ? 1024 * MIB : MIB;

	fprintf(out, "%s %.*f of %.*f %s", what, gib, (double)done / unit, gib, (double)total / unit,
		gib ? "GiB" : "MiB");
}

static int percent_of(const struct outgoing_progress *o, int64_t ram_done)
{
	int64_t total = o->migration.ram_total + (o->disk_total > 0 ? o->disk_total : 0);
	int64_t done = ram_done + (o->disk_total > 0 ? o->disk_done : 0);

	if (o->migration.ram_total <= 0 || done < 0 || done > total)
		return -1;
	return (int)(100 * (double)done / (double)total);
}

/* What the guest has written again is remaining again: so the bar may go back, which is what happens. */
char *progress_outgoing_text(const struct outgoing_progress *o, int *ret_percent)
{
	const struct migration_progress *m = &o->migration;
	int64_t ram_done = m->ram_remaining >= 0 ? m->ram_total - m->ram_remaining : 0;
	int64_t left = migration_remaining_ms(m);
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		abort();
	if (m->ram_total > 0)
		print_part(out, "memory", ram_done, m->ram_total);
	else if (m->state != MIGRATION_NONE || o->disk_total <= 0) /* disks come first */
		fputs(migration_state_to_string(m->state), out);
	if (o->disk_total > 0)
		print_part(out, m->ram_total > 0 || m->state != MIGRATION_NONE ? ", disks" : "disks", o->disk_done,
			   o->disk_total);
	if (m->mbps > 0)
		fprintf(out, ", %.1f MiB/s", m->mbps * 1e6 / 8 / MIB);
	if (m->passes > 1)
		fprintf(out, ", pass %lld", (long long)m->passes);
	if (left >= 0)
		fprintf(out, ", %lld s left", (long long)((left + 999) / 1000));
	if (m->expected_downtime >= 0 && m->ram_total > 0)
		fprintf(out, ", downtime %lld ms", (long long)m->expected_downtime);
	if (m->throttle > 0)
		fprintf(out, ", guest slowed by %lld%%", (long long)m->throttle);
	if (m->state == MIGRATION_POSTCOPY_ACTIVE)
		fputs(", runs there already", out);
	if (fclose(out) != 0)
		abort();
	*ret_percent = percent_of(o, ram_done);
	return text;
}

void progress_show_outgoing(const struct outgoing_progress *outgoing, void *arg)
{
	int percent;
	_cleanup_free_ char *text = progress_outgoing_text(outgoing, &percent);

	progress_show(arg, percent, text);
}
