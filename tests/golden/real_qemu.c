/* Runs the plan of one case with the real binary: every descriptor is provided as the plan
 * says, the identity is dropped as it says, and the reply to qmp_capabilities must come (only
 * then has QEMU made all devices); then the plan's commands must succeed, and `quit`.
 *
 * usage: real_qemu FIXTURE DIRECTORY CASE.json     (as root; DIRECTORY is the case's own and
 * empty) A case may say "refused": what QEMU may complain of here instead, because nothing is
 * there to connect to. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/if_tun.h>
#include <linux/loop.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "base/file.h"
#include "base/strv.h"
#include "base/text.h"
#include "golden/golden_case.h"

/* Of linux/ipv6.h, which cannot be included beside netinet/in.h. */
struct in6_ifreq {
	struct in6_addr ifr6_addr;
	uint32_t ifr6_prefixlen;
	int ifr6_ifindex;
};

#define MANY_FDS 200 /* ours are above, QEMU's below */
#define WAIT_MS 30000

static const char *directory;

static int high(int fd)
{
	int moved = fcntl(fd, F_DUPFD_CLOEXEC, MANY_FDS);

	if (moved < 0)
		golden_die("descriptor %d: %m", fd);
	close(fd);
	return moved;
}

/* --- the things that a plan names --- */

static void write_new(const char *path, const void *data, size_t length, off_t size)
{
	_cleanup_close_ int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0 || file_write_all(fd, data, length) < 0 || (size && ftruncate(fd, size) < 0))
		golden_die("%s: %m", path);
}

static void put32(unsigned char *at, uint32_t value)
{
	for (int i = 0; i < 4; i++)
		at[i] = (unsigned char)(value >> (24 - 8 * i));
}

/* Version 2, 1 MiB, four clusters: header, refcount table, refcount block, L1. */
static void make_qcow2(const char *path)
{
	unsigned char *image = xcalloc(4, 65536);

	memcpy(image, "QFI\xfb", 4);
	put32(image + 4, 2);
	put32(image + 20, 16);
	put32(image + 28, 1024 * 1024);
	put32(image + 36, 1);
	put32(image + 44, 3 * 65536);
	put32(image + 52, 65536);
	put32(image + 56, 1);
	put32(image + 65536 + 4, 2 * 65536);
	for (int i = 0; i < 4; i++)
		image[2 * 65536 + 2 * i + 1] = 1;
	write_new(path, image, (size_t)4 * 65536, 0);
	free(image);
}

/* Enough of the boot protocol for QEMU to load it. */
static void make_kernel(const char *path)
{
	unsigned char *kernel = xcalloc(1, 65536);

	kernel[0x1f1] = 1;
	kernel[0x1fe] = 0x55;
	kernel[0x1ff] = 0xaa;
	memcpy(kernel + 0x202, "HdrS\x06\x02", 6);
	kernel[0x211] = 1;
	memcpy(kernel + 0x22c, "\xff\xff\xff\x37", 4); /* how high the initrd may be */
	write_new(path, kernel, 65536, 0);
	free(kernel);
}

static void copy_file(const char *from, const char *to)
{
	_cleanup_free_ char *data = NULL;
	struct error err = ERROR_INIT;
	size_t length;

	if (file_read_at(AT_FDCWD, from, 16 * 1024 * 1024, &data, &length, &err) < 0)
		golden_die("%s", err.message);
	write_new(to, data, length, 0);
}

/* What lies under the case's directory is made when it is first asked for, by its name. */
static void provide(const char *path, const struct golden_case *c)
{
	const char *name = strrchr(path, '/') + 1;
	_cleanup_free_ char *parent = xstrndup(path, (size_t)(name - path - 1)),
			    *certificate = xprintf("tests/golden/tls/%s", name);
	struct error err = ERROR_INIT;

	if (!starts_with(path, directory) || access(path, F_OK) == 0)
		return;
	if (file_make_dirs(parent, 0755, &err) < 0)
		golden_die("%s", err.message);
	if (ends_with(name, ".qcow2"))
		make_qcow2(path);
	else if (ends_with(name, ".pem")) {
		if (access(certificate, F_OK) == 0)
			copy_file(certificate, path);
	} else if (streq(name, "vmlinuz"))
		make_kernel(path);
	else if (streq(name, "variables.fd"))
		copy_file(c->facts.firmware_vars, path);
	else if (streq(name, "password"))
		write_new(path, "secret12", 8, 0);
	else
		write_new(path, "", 0, streq(name, "floppy.img") ? 1474560 : 1024 * 1024);
}

/* A block device of the plan is one of ours: a loop device that goes with its last user. -1:
 * there are none here. */
static int loop_device(int flags)
{
	_cleanup_free_ char *file = xprintf("%s/loop.img", directory);
	_cleanup_close_ int control = open("/dev/loop-control", O_RDWR | O_CLOEXEC), backing = -1;
	struct loop_config config = { .info.lo_flags = LO_FLAGS_AUTOCLEAR };
	int number = control < 0 ? -1 : ioctl(control, LOOP_CTL_GET_FREE), fd;
	_cleanup_free_ char *device = xprintf("/dev/loop%d", number);

	write_new(file, "", 0, 1024 * 1024);
	backing = open(file, O_RDWR | O_CLOEXEC);
	config.fd = (uint32_t)backing;
	fd = number < 0 ? -1 : open(device, flags | O_CLOEXEC);
	if (fd < 0 || ioctl(fd, LOOP_CONFIGURE, &config) < 0)
		return -1;
	return fd;
}

static int open_file(const struct plan_fd *fd, const struct golden_case *c)
{
	int opened;

	if (starts_with(fd->path, "/dev/"))
		opened = loop_device(fd->flags);
	else {
		provide(fd->path, c);
		opened = open(fd->path, fd->flags | O_CLOEXEC);
	}
	if (opened < 0)
		golden_die("%s: %m", fd->path);
	return opened;
}

static int open_private(const struct plan_fd *fd, const struct golden_case *c)
{
	int copy = memfd_create("private", MFD_CLOEXEC);
	_cleanup_free_ char *data = NULL;
	struct error err = ERROR_INIT;
	size_t length = 0;

	provide(fd->path, c);
	if (file_read_at(AT_FDCWD, fd->path, 16 * 1024 * 1024, &data, &length, &err) < 0 && !fd->optional)
		golden_die("%s", err.message);
	if (copy < 0 || (length && file_write_all(copy, data, length) < 0) || lseek(copy, 0, SEEK_SET) < 0)
		golden_die("%s: %m", fd->path);
	return copy;
}

static int open_links(const struct plan_fd *fd, const struct plan *plan)
{
	_cleanup_free_ char *path = xprintf("%s/links-%d", directory, fd->number);
	struct stat st;

	if (mkdir(path, 0755) < 0)
		golden_die("%s: %m", path);
	for (size_t i = 0; i < fd->n_links; i++) {
		_cleanup_free_ char *name = xprintf("%s/%s", path, fd->links[i].name);
		_cleanup_free_ char *target = xprintf("/proc/self/fd/%d", fd->links[i].number);
		const struct plan_fd *linked = &plan->fds[fd->links[i].number - PLAN_FIRST_FD];

		if (linked->optional && stat(linked->path, &st) < 0)
			continue;
		if (symlink(target, name) < 0)
			golden_die("%s: %m", name);
	}
	return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static int open_tap(const struct plan_fd *fd, const struct plan *plan)
{
	int tap = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
	struct ifreq request = { .ifr_flags = IFF_TAP | IFF_NO_PI };

	if (plan->nics[fd->index].queues > 1)
		request.ifr_flags |= IFF_MULTI_QUEUE;
	if (plan->nics[fd->index].vnet_hdr)
		request.ifr_flags |= IFF_VNET_HDR;
	snprintf(request.ifr_name, sizeof(request.ifr_name), "gold%d", fd->index);
	if (tap < 0 || ioctl(tap, TUNSETIFF, &request) < 0)
		golden_die("TAP %s: %m", request.ifr_name);
	return tap;
}

static int listen_at(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 || listen(fd, 5) < 0)
		golden_die("%s: %m", path);
	return fd;
}

static int open_fd(const struct plan_fd *fd, const struct golden_case *c, const struct plan *plan)
{
	_cleanup_free_ char *socket_path = xprintf("%s/%s", directory, plan_fd_kind_to_string(fd->kind));

	switch (fd->kind) {
	case PLAN_FD_CONTROL:
	case PLAN_FD_QUERY:
	case PLAN_FD_EVENT:
	case PLAN_FD_SERIAL:
	case PLAN_FD_AGENT:
		return listen_at(socket_path);
	case PLAN_FD_SERIAL_LOG:
		return open(socket_path, fd->flags | O_CREAT | O_CLOEXEC, 0600);
	case PLAN_FD_TAP:
		return open_tap(fd, plan);
	case PLAN_FD_VHOST:
		return open("/dev/vhost-net", O_RDWR | O_CLOEXEC);
	case PLAN_FD_FILE:
		return open_file(fd, c);
	case PLAN_FD_PRIVATE:
		return open_private(fd, c);
	case PLAN_FD_DIR:
		return open_links(fd, plan);
	case PLAN_FD_KIND_MAX:
	default:
		return -1;
	}
}

/* --- QEMU --- */

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
	tap = high(open("/dev/net/tun", O_RDWR | O_CLOEXEC));
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
static void make_places(const struct golden_case *c)
{
	static const char *const names[] = { "chroot", "vnc", "huge" };

	for (size_t i = 0; i < ELEMENTS(names); i++) {
		_cleanup_free_ char *path =
			xprintf("%s/%s%s%s", directory, names[i], i == 2 ? "/" : "", i == 2 ? c->spec->name : "");
		struct error err = ERROR_INIT;

		if (file_make_dirs(path, 0755, &err) < 0)
			golden_die("%s", err.message);
	}
}

static void become_qemu(const struct plan *plan, const struct facts *facts, const int *fds)
{
	_cleanup_free_ char *log = xprintf("%s/stderr", directory);
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
	int listener = listen_at(command->path);
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
static int judge(const struct golden_case *c, bool answered, int status)
{
	_cleanup_free_ char *path = xprintf("%s/stderr", directory), *words = NULL;
	const char *refused = json_get_string(c->document, "refused", NULL);
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

static int run(const struct golden_case *c, const struct plan *plan)
{
	_cleanup_free_ int *fds = xcalloc(plan->n_fds, sizeof(*fds));
	_cleanup_free_ char *control_path = xprintf("%s/control", directory);
	int control, status = 0;
	bool answered;
	pid_t pid;

	for (size_t i = 0; i < plan->n_fds; i++)
		fds[i] = high(open_fd(&plan->fds[i], c, plan));
	control = connect_to(control_path);
	pid = fork();
	if (pid == 0)
		become_qemu(plan, &c->facts, fds);
	for (size_t i = 0; i < plan->n_fds; i++)
		close(fds[i]);
	answered = converse(control, plan);
	if (!answered)
		kill(pid, SIGKILL);
	if (waitpid(pid, &status, 0) != pid)
		golden_die("waitpid: %m");
	close(control);
	return judge(c, answered, status);
}

int main(int argc, char **argv)
{
	_cleanup_probe_ struct probe *probe = NULL;
	_cleanup_golden_ struct golden_case c = { 0 };
	_cleanup_plan_ struct plan *plan = NULL;
	struct error err = ERROR_INIT;

	if (argc != 4)
		golden_die("usage: real_qemu FIXTURE DIRECTORY CASE.json");
	directory = argv[2];
	probe = golden_probe(argv[1]);
	golden_read(&c, argv[3], directory, probe, NULL, &err);
	c.facts.kvm = false; /* emulation will do, and is everywhere */
	c.facts.vhost_net = c.facts.vhost_net && access("/dev/vhost-net", R_OK | W_OK) == 0;
	if (err.kind != ERROR_NONE || plan_make(&c.input, &plan, &err) < 0) {
		printf("no plan: %s\n", err.message);
		return 0;
	}
	make_network();
	make_places(&c);
	return run(&c, plan);
}
