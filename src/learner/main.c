/* kvmctl-learner: finds the addresses of a guest on one interface, as long as that is there. See learner.h.
 *
 * It is small, since it stays: all that is done to rules and records is done by calling kvmctl. What reads frames has no rights: it is
 * user nobody, without capabilities, and may not get any. When it ends, or is killed, the rules stay as they are. */
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/rest.h"
#include "base/text.h"
#include "learner/learner.h"

#define NOBODY 65534

/* Who is not root has no more to lose than what the kernel's capabilities gave to this program. */
static int drop_rights(struct error *err)
{
	struct rlimit none = { 0, 0 };

	if (geteuid() == 0 &&
	    (setgroups(0, NULL) < 0 || setresgid(NOBODY, NOBODY, NOBODY) < 0 || setresuid(NOBODY, NOBODY, NOBODY) < 0))
		return error_errno(err, ERROR_HOST, errno, "cannot give up rights");
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || prctl(PR_SET_DUMPABLE, 0) < 0 ||
	    setrlimit(RLIMIT_NPROC, &none) < 0 || setrlimit(RLIMIT_FSIZE, &none) < 0)
		return error_errno(err, ERROR_HOST, errno, "cannot give up rights");
	return 0;
}

/* In the child. */
static int watch(struct options *options, int capture, int peer, struct error *err)
{
	pid_t parent = getppid();

	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || parent == 1)
		return error_set(err, ERROR_HOST, "its other half is gone");
	if (drop_rights(err) < 0)
		return -1;
	watch_run(options, capture, peer);
	return 0;
}

/* To the one who waits for it. */
static int refuse(const struct options *options, const struct error *err)
{
	if (options->ready_fd >= 0) {
		struct error_report report = error_to_report(err);

		(void)file_write_all(options->ready_fd, &report, sizeof(report));
	} else {
		dprintf(STDERR_FILENO, "kvmctl-learner: %s\n", err->message);
	}
	return (int)err->kind;
}

int main(int argc, char **argv)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	struct options options;
	int capture = -1, peers[2];
	pid_t pid;

	rest_prepare();
	signal(SIGPIPE, SIG_IGN);
	umask(0027);
	if (options_parse(argc, argv, &options, &err) < 0 || capture_open(options.interface, &capture, &err) < 0)
		return refuse(&options, &err);
	if (chdir("/") < 0 || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, peers) < 0 || (pid = fork()) < 0) {
		(void)error_errno(&err, ERROR_HOST, errno, "cannot make the process that looks at frames");
		return refuse(&options, &err);
	}
	if (pid == 0) {
		close(peers[0]);
		return watch(&options, capture, peers[1], &err) < 0 ? refuse(&options, &err) : 0;
	}
	close(peers[1]);
	close(capture);
	if (options.ready_fd >= 0)
		close(options.ready_fd);
	apply_run(&options, peers[0]);
	return 0;
}
