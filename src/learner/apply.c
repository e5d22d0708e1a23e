/* The process that has rights: it calls kvmctl, and believes of the other one no more than an address and a time. */
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <syslog.h>

#include "base/deadline.h"
#include "base/rest.h"
#include "base/strv.h"
#include "base/syslog.h"
#include "base/text.h"
#include "learner/learner.h"

/* Seconds that kvmctl waits for the lock of filters. */
#define LOCK_WAIT "60"
#define MESSAGE_MAX 1024

static bool read_message(const struct learn_message *message, struct learn_action *ret)
{
	if (message->add > 1 || message->ipv6 > 1 || message->source >= LEARN_SOURCE_MAX || message->until <= 0)
		return false;
	*ret = (struct learn_action){ .add = message->add,
				      .address.ipv6 = message->ipv6,
				      .source = (enum learn_source)message->source,
				      .until = message->until };
	memcpy(ret->address.bytes, message->bytes, sizeof(ret->address.bytes));
	return true;
}

static char **kvmctl_argv(const struct options *options, const struct learn_action *action)
{
	int64_t until = action->until == LEARN_NEVER ? 0 : action->until - clock_boottime_ms() + clock_realtime_ms();
	char address[46], **argv = NULL;

	strv_add(&argv, options->kvmctl);
	strv_add(&argv, "--run-dir");
	strv_add(&argv, options->run_dir);
	if (options->config) {
		strv_add(&argv, "--config");
		strv_add(&argv, options->config);
	}
	strv_add(&argv, "--wait");
	strv_add(&argv, LOCK_WAIT);
	strv_add(&argv, "filter");
	strv_add(&argv, "learned");
	strv_add(&argv, options->interface);
	strv_add(&argv, learn_address_write(&action->address, address));
	if (!action->add) {
		strv_add(&argv, "--remove");
		return argv;
	}
	strv_add(&argv, "--source");
	strv_add(&argv, learn_source_to_string(action->source));
	strv_add(&argv, "--until");
	strv_addf(&argv, "%" PRId64, until > 0 ? until : 0);
	return argv;
}

/* In the child. kvmctl goes with us: whoever ends us may count on it that no rule is changed any more. */
static _Noreturn void become_kvmctl(char **argv, pid_t parent, int said)
{
	static char path[] = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
	char *env[] = { path, NULL };

	if (prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && getppid() == parent && dup2(said, STDERR_FILENO) >= 0)
		execve(argv[0], argv, env);
	_exit(127);
}

/* What it said, to its end; what does not fit is dropped. */
static void read_words(int fd, char *ret, size_t size)
{
	size_t n = 0;
	char more[256];
	ssize_t got;

	while ((got = read(fd, more, sizeof(more))) > 0 || (got < 0 && errno == EINTR))
		for (ssize_t i = 0; i < got && n + 1 < size; i++)
			ret[n++] = more[i];
	ret[n] = '\0';
}

/* A guest that wants what is another's is worth a line. */
static void report(const struct options *options, const struct learn_action *action, const char *words)
{
	_cleanup_free_ char *line = text_one_line(words, strlen(words), MESSAGE_MAX);
	char address[46];
	_cleanup_free_ char *text =
		xprintf("%s: %s is not %s: %s", options->interface, learn_address_write(&action->address, address),
			action->add ? "allowed" : "taken away", line);

	syslog_send(LOG_WARNING, "kvmctl-learner", text);
}

static bool run_kvmctl(const struct options *options, const struct learn_action *action)
{
	_cleanup_strv_ char **argv = kvmctl_argv(options, action);
	char words[MESSAGE_MAX];
	pid_t parent = getpid(), pid;
	int said[2], status;

	if (pipe2(said, O_CLOEXEC) < 0)
		return false;
	pid = fork();
	if (pid == 0)
		become_kvmctl(argv, parent, said[1]);
	close(said[1]);
	if (pid > 0)
		read_words(said[0], words, sizeof(words));
	close(said[0]);
	if (pid < 0)
		return false;
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return false;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return true;
	report(options, action, words);
	return false;
}

void apply_run(const struct options *options, int peer)
{
	struct learn_message message;
	struct learn_action action;
	ssize_t n;

	for (;;) {
		uint8_t ok;

		rest();
		n = recv(peer, &message, sizeof(message), 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n != (ssize_t)sizeof(message))
			return;
		ok = read_message(&message, &action) && run_kvmctl(options, &action);
		if (send(peer, &ok, sizeof(ok), MSG_NOSIGNAL) != sizeof(ok))
			return;
	}
}
