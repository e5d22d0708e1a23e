/* Commands of other tools, in our words: for hints. */
#ifndef KVMCTL_CLI_FOREIGN_WORDS_H
#define KVMCTL_CLI_FOREIGN_WORDS_H

/* The command line ("stop NAME --force") that does what they call so; NULL: none. */
const char *foreign_word(const char *word);

#endif
