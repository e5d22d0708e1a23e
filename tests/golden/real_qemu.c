/* Runs the plan of one case with the real binary: every descriptor is provided as the plan
 * says, the identity is dropped as it says, and the reply to qmp_capabilities must come (only
 * then has QEMU made all devices); then the plan's commands must succeed, and `quit`.
 *
 * usage: real_qemu FIXTURE DIRECTORY CASE.json     (as root; DIRECTORY is the case's own and
 * empty) A case may say "refused": what QEMU may complain of here instead, because nothing is
 * there to connect to. */
#include <fcntl.h>
#include <grp.h>
#include <linux/if_tun.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "base/file.h"
#include "base/text.h"
#include "golden/real_descriptors.h"

/* Of linux/ipv6.h, which cannot be included beside netinet/in.h. */
struct in6_ifreq {
	struct in6_addr ifr6_addr;
	uint32_t ifr6_prefixlen;
	int ifr6_ifindex;
};

#define WAIT_MS 30000

static void interface_up(int fd, const char *name)
{
	struct ifreq request = { .ifr_flags = IFF_UP };

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
	if (ioctl(fd, SIOCSIFFLAGS, &request) < 0)
		golden_die("%s: %m", name);
}

/* A network of its own, with an address of each family besides localhost: SPICE does not even
 * look at "127.0.0.1" without one (AI_ADDRCONFIG). The descriptor keeps the interface; it is
 * for the life of this program. */
static void make_network(void)
{
	_cleanup_close_ int four = -1, six = -1;
	struct ifreq request = { .ifr_name = "other", .ifr_flags = IFF_TAP | IFF_NO_PI };
	struct sockaddr_in *address = (struct sockaddr_in *)&request.ifr_addr;
	struct in6_ifreq request6 = { .ifr6_addr = { { { 0x20, 0x01, 0x0d, 0xb8, [15] = 1 } } }, .ifr6_prefixlen = 64 };
	int tap;

	if (unshare(CLONE_NEWNET) < 0)
		golden_die("a network namespace: %m");
	four = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	six = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	tap = real_high(open("/dev/net/tun", O_RDWR | O_CLOEXEC));
	if (ioctl(tap, TUNSETIFF, &request) < 0)
		golden_die("TAP: %m");
	interface_up(four, "lo");
	interface_up(four, "other");
	memset(address, 0, sizeof(*address));
	*address = (struct sockaddr_in){ .sin_family = AF_INET, .sin_addr.s_addr = htonl(0xc0000201) };
	request6.ifr6_ifindex = (int)if_nametoindex("other");
	if (ioctl(four, SIOCSIFADDR, &request) < 0 || (six >= 0 && ioctl(six, SIOCSIFADDR, &request6) < 0))
		golden_die("an address: %m");
}

/* Things that QEMU itself makes or enters. */
static void make_places(const struct real *real)
{
	static const char *const names[] = { "chroot", "vnc", "huge" };

	for (size_t i = 0; i < ELEMENTS(names); i++) {
		_cleanup_free_ char *path = xprintf("%s/%s%s%s", real->directory, names[i], i == 2 ? "/" : "",
						    i == 2 ? real->c->spec->name : "");
		struct error err = ERROR_INIT;

		if (file_make_dirs(path, 0755, &err) < 0)
			golden_die("%s", err.message);
	}
}

static void become_qemu(const struct real *real, const int *fds)
{
	const struct facts *facts = &real->c->facts;
	const struct plan *plan = real->plan;
	_cleanup_free_ char *log = xprintf("%s/stderr", real->directory);
	int err = open(log, O_WRONLY | O_CREAT | O_APPEND, 0600);

	/* Whatever ends this program ends QEMU. (Once more below: the change of identity forgets it.) */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	dup2(open("/dev/null", O_RDWR), STDIN_FILENO);
	dup2(err, STDOUT_FILENO);
	dup2(err, STDERR_FILENO);
	for (size_t i = 0; i < plan->n_fds; i++)
		dup2(fds[i], plan->fds[i].number);
	if (plan->identity == IDENTITY_DROPPED &&
	    (setgroups(0, NULL) < 0 || setgid(facts->gid) < 0 || setuid(facts->uid) < 0))
		_exit(126);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	execv(plan->argv[0], plan->argv);
	_exit(127);
}

static int connect_to(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		golden_die("%s: %m", address.sun_path);
	return fd;
}

/* The next line that is no event; NULL at the end. */
static char *read_reply(int fd)
{
	char line[65536];
	size_t n = 0;
	struct pollfd ready = { .fd = fd, .events = POLLIN };

	while (poll(&ready, 1, WAIT_MS) > 0 && read(fd, line + n, 1) == 1) {
		if (line[n] != '\n' && ++n < sizeof(line) - 1)
			continue;
		line[n] = 0;
		if (!starts_with(line, "{\"timestamp\""))
			return xstrdup(line);
		n = 0;
	}
	return NULL;
}

static bool send_with(int fd, const char *text, int passed)
{
	union {
		char data[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = { 0 };
	struct iovec part = { (char *)text, strlen(text) };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };

	if (passed >= 0) {
		message.msg_control = control.data;
		message.msg_controllen = sizeof(control.data);
		control.align = (struct cmsghdr){ .cmsg_len = CMSG_LEN(sizeof(int)),
						  .cmsg_level = SOL_SOCKET,
						  .cmsg_type = SCM_RIGHTS };
		memcpy(CMSG_DATA(&control.align), &passed, sizeof(int));
	}
	return sendmsg(fd, &message, MSG_NOSIGNAL) == (ssize_t)strlen(text);
}

/* True: answered, and not with an error. */
static bool ask(int fd, const char *execute, const struct json *arguments, int passed)
{
	_cleanup_free_ char *text = arguments ? json_to_text(arguments) : xstrdup("{}"), *reply = NULL;
	_cleanup_free_ char *request = xprintf("{\"execute\": \"%s\", \"arguments\": %s}\n", execute, text);

	if (!send_with(fd, request, passed))
		return false;
	reply = read_reply(fd);
	if (reply && strstr(reply, "\"error\""))
		printf("%s: %s\n", execute, reply);
	return reply && strstr(reply, "\"return\"");
}

/* The socket is handed over, and then a viewer is greeted there. */
static bool listen_command(int fd, const struct plan_command *command)
{
	_cleanup_json_ struct json *named = json_new_object();
	_cleanup_close_ int viewer = -1;
	int listener = real_listen(command->path);
	char greeting[4] = "";
	bool ok;

	json_put_string(named, "fdname", PLAN_LISTEN_FDNAME);
	ok = ask(fd, "getfd", named, listener) && ask(fd, command->execute, command->arguments, -1);
	close(listener);
	if (!ok)
		return false;
	viewer = connect_to(command->path);
	return read(viewer, greeting, 3) == 3 && streq(greeting, "RFB");
}

static bool run_commands(int fd, const struct plan *plan)
{
	for (size_t i = 0; i < plan->n_commands; i++) {
		const struct plan_command *command = &plan->commands[i];

		if (command->secret_file)
			json_put_string(command->arguments, command->secret_key, "secret12");
		if (command->listen_fd ? !listen_command(fd, command)
				       : !ask(fd, command->execute, command->arguments, -1))
			return false;
	}
	return true;
}

static bool converse(int fd, const struct plan *plan)
{
	_cleanup_free_ char *greeting = read_reply(fd);

	return greeting && ask(fd, "qmp_capabilities", NULL, -1) && run_commands(fd, plan) && ask(fd, "quit", NULL, -1);
}

/* 0: as it should be. */
static int judge(const struct real *real, bool answered, int status)
{
	_cleanup_free_ char *path = xprintf("%s/stderr", real->directory), *words = NULL;
	const char *refused = json_get_string(real->c->document, "refused", NULL);
	struct error err = ERROR_INIT;

	if (file_read_at(AT_FDCWD, path, 65536, &words, NULL, &err) < 0)
		golden_die("%s", err.message);
	if (answered && WIFEXITED(status) && WEXITSTATUS(status) == 0) {
		printf("ok%s%s\n", *words ? "; QEMU says: " : "", words);
		return 0;
	}
	if (refused && strstr(words, refused)) {
		printf("ok (refused as it may be here: %s)\n", refused);
		return 0;
	}
	printf("FAILED: %s, status %x: %s\n", answered ? "answered" : "no answer", (unsigned int)status, words);
	return 1;
}

static int run(const struct real *real)
{
	const struct plan *plan = real->plan;
	_cleanup_free_ int *fds = xcalloc(plan->n_fds, sizeof(*fds));
	_cleanup_free_ char *control_path = xprintf("%s/control", real->directory);
	int control, status = 0;
	bool answered;
	pid_t pid;

	for (size_t i = 0; i < plan->n_fds; i++)
		fds[i] = real_high(real_open(real, &plan->fds[i]));
	control = connect_to(control_path);
	pid = fork();
	if (pid == 0)
		become_qemu(real, fds);
	for (size_t i = 0; i < plan->n_fds; i++)
		close(fds[i]);
	answered = converse(control, plan);
	if (!answered)
		kill(pid, SIGKILL);
	if (waitpid(pid, &status, 0) != pid)
		golden_die("waitpid: %m");
	close(control);
	return judge(real, answered, status);
}

int main(int argc, char **argv)
{
	_cleanup_probe_ struct probe *probe = NULL;
	_cleanup_golden_ struct golden_case c = { 0 };
	_cleanup_plan_ struct plan *plan = NULL;
	struct error err = ERROR_INIT;

	if (argc != 4)
		golden_die("usage: real_qemu FIXTURE DIRECTORY CASE.json");
	probe = golden_probe(argv[1]);
	golden_read(&c, argv[3], argv[2], probe, NULL, &err);
	c.facts.kvm = false; /* emulation will do, and is everywhere */
	c.facts.vhost_net = c.facts.vhost_net && access("/dev/vhost-net", R_OK | W_OK) == 0;
	if (err.kind != ERROR_NONE || plan_make(&c.input, &plan, &err) < 0) {
		printf("no plan: %s\n", err.message);
		return 0;
	}

	const struct real real = { argv[2], &c, plan };
	make_network();
	make_places(&real);
	return run(&real);
}
