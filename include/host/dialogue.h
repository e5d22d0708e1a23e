/* A child with which lines are exchanged: what it says is bounded, every wait has an end, its last words on stderr are kept.
 *
 * SIGPIPE must be ignored (main does): a child that has ended is seen as such. */
#ifndef KVMCTL_HOST_DIALOGUE_H
#define KVMCTL_HOST_DIALOGUE_H

#include "host/child.h"

struct dialogue;
#define _cleanup_dialogue_ _cleanup_(dialogue_end_ptr)

/* Starts it, in a session of its own (so that what a terminal does to us, like Ctrl-C, does not reach it, and it cannot ask there), with pipes for
 * stdin, stdout and stderr; the description's own fds and new_session do not count. A line of it may have max_line bytes. ERROR_HOST. */
int dialogue_start(const struct child *child, size_t max_line, struct dialogue **ret, struct error *err);
/* Sends the line, with a newline after it. ERROR_HOST: it has closed its ears, or ended; ERROR_TIMEOUT. */
int dialogue_say(struct dialogue *dialogue, const char *line, struct deadline deadline, struct error *err);
/* 1: a line of it, without the newline, owned by the caller; 0: there is none any more (a piece without a newline is none); -1:
 * ERROR_TIMEOUT, ERROR_HOST when a line is too long or has a NUL byte. */
int dialogue_hear(struct dialogue *dialogue, struct deadline deadline, char **ret, struct error *err);
/* The last of what it has said on stderr, on one printable line; "" when nothing. Owned by the caller. */
char *dialogue_words(const struct dialogue *dialogue);
/* The end of its stdin, then it has ms to end by itself; what is left of its process group is killed. *ret_status as waitpid gives it, -1 when not
 * known. Frees. */
void dialogue_end(struct dialogue *dialogue, int ms, int *ret_status);
/* The same with a second's time. */
void dialogue_end_ptr(struct dialogue **dialogue);
/* As dialogue_end, without freeing: afterwards only its words can be asked for. */
void dialogue_close(struct dialogue *dialogue, int ms, int *ret_status);

/* The program that a shell would run for that word: by PATH, or with a slash as it is. Absolute; owned by the caller. NULL: there is none. */
char *program_find(const char *word);

#endif
