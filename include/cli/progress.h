/* How far a long operation is: a bar on a terminal, a line now and then with --verbose where there is none, nothing with --quiet. On stderr. */
#ifndef KVMCTL_CLI_PROGRESS_H
#define KVMCTL_CLI_PROGRESS_H

#include "cli/command.h"
#include "ops/act_outgoing.h"

enum progress_form { PROGRESS_NONE, PROGRESS_LINES, PROGRESS_BAR };

struct progress {
	enum progress_form form;
	int width;        /* columns of the terminal */
	int64_t shown_ms; /* when (CLOCK_BOOTTIME); 0: never */
	int shown_percent;
	bool bar_is_there;
};

/* What is fitting here: by globals, and by what stderr is. */
struct progress progress_begin(const struct globals *globals);
/* Nobody would see it: nothing need be asked for it. */
bool progress_is_wanted(const struct progress *progress);
/* percent 0 to 100; -1: not known. As often as one likes: what comes too soon after the one before is not shown. */
void progress_show(struct progress *progress, int percent, const char *text);
/* For struct outgoing: arg is a struct progress. */
void progress_show_outgoing(const struct outgoing_progress *outgoing, void *arg);
/* Takes the bar away. */
void progress_end(struct progress *progress);

/* The bar's line without what a terminal needs: "[=====>    ]  45%  text", at most `width` columns. And the words for a stream of memory. Both owned
 * by the caller. */
char *progress_bar_text(int width, int percent, const char *text);
char *progress_outgoing_text(const struct outgoing_progress *outgoing, int *ret_percent);

#endif
