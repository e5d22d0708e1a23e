/* For unit tests of the host's network: what a command shows. */
#ifndef KVMCTL_TESTS_SHELL_H
#define KVMCTL_TESTS_SHELL_H

#include <spawn.h>
#include <stdbool.h>
#include <sys/wait.h>

#include "base/text.h"

/* True when the output of a shell line holds the text: the shell is here to write test conditions, nothing comes from outside. */
static inline bool shows(const char *line, const char *text)
{
	_cleanup_free_ char *script = xprintf("(%s) 2>/dev/null | grep -qF -- '%s'", line, text);
	char *const argv[] = { (char *)"sh", (char *)"-c", script, NULL };
	char *const env[] = { (char *)"PATH=/usr/sbin:/usr/bin:/sbin:/bin", NULL };
	int status = -1;
	pid_t pid;

	if (posix_spawnp(&pid, argv[0], NULL, NULL, argv, env) == 0)
		waitpid(pid, &status, 0);
	return status == 0;
}

#endif
