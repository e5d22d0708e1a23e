/* Filters that nobody has defined: rules made of words. */
#ifndef KVMCTL_VM_FILTER_WORDS_H
#define KVMCTL_VM_FILTER_WORDS_H

#include "vm/filter_model.h"

struct filter_words {
	enum filter_action action;
	enum filter_direction direction;
	int priority;
	const char *protocol;   /* NULL: the rule has no node */
	const char *attributes; /* "srcipaddr=$IP dstportstart=68", NULL: none; a "!" before them: each has to fail */
};

/* Adds the rule at the end. False: a slip in the words, of which nothing is said. */
bool filter_add_words(struct filter *filter, const struct filter_words *words);

#endif
