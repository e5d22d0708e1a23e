/* Terminal modes (termios(3)), and typing in one of them. */
#include "host/terminal.h"

#include <sys/signalfd.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"

#define BACKSPACE 0x7f

int terminal_raw(struct terminal *terminal, int fd, struct error *err)
{
	struct termios raw;
	sigset_t wait;

	sigemptyset(&wait);
	sigaddset(&wait, SIGTERM);
	sigaddset(&wait, SIGHUP);
	sigaddset(&wait, SIGINT);
	if (sigprocmask(SIG_BLOCK, &wait, &terminal->mask) < 0)
		return error_errno(err, ERROR_OTHER, errno, "cannot hold back signals");
	terminal->fd = fd;
	terminal->signals = signalfd(-1, &wait, SFD_CLOEXEC | SFD_NONBLOCK);
	if (terminal->signals < 0) {
		error_errno(err, ERROR_OTHER, errno, "cannot watch signals");
		(void)sigprocmask(SIG_SETMASK, &terminal->mask, NULL);
		return -1;
	}
	if (tcgetattr(fd, &terminal->before) < 0)
		return 0;
	raw = terminal->before;
	cfmakeraw(&raw);
	terminal->raw = tcsetattr(fd, TCSANOW, &raw) == 0;
	return 0;
}

void terminal_restore(struct terminal *terminal)
{
	/* TCSADRAIN: what was written in raw mode is out first. */
	if (terminal->raw)
		(void)tcsetattr(terminal->fd, TCSADRAIN, &terminal->before);
	if (terminal->signals >= 0) {
		close_fd(&terminal->signals);
		(void)sigprocmask(SIG_SETMASK, &terminal->mask, NULL);
	}
	*terminal = TERMINAL_INIT;
}

/* One byte; -1 with err when there will be none. */
static int read_key(const struct terminal *terminal, struct deadline deadline, struct error *err)
{
	struct pollfd polls[] = { { terminal->fd, POLLIN, 0 }, { terminal->signals, POLLIN, 0 } };
	unsigned char key;

	if (deadline_poll(polls, ELEMENTS(polls), deadline) == 0)
		return error_set(err, ERROR_TIMEOUT, "nothing was typed in time");
	/* In raw mode what would have been SIGINT, or the end of the input, is a byte like any other. */
	if (polls[1].revents || read(terminal->fd, &key, 1) != 1 || key == CTRL('C') || key == CTRL('D'))
		return error_set(err, ERROR_USAGE, "given up at the prompt");
	return key;
}

/* There is no line editing in raw mode either: the last byte can be taken back, that is all. */
static int read_line(const struct terminal *terminal, char *line, size_t max, struct deadline deadline,
		     struct error *err)
{
	size_t n = 0;

	for (;;) {
		int key = read_key(terminal, deadline, err);

		if (key < 0)
			return -1;
		if (key == '\r' || key == '\n')
			return 0;
		if (key == BACKSPACE || key == CTRL('H'))
			n -= n > 0;
		else if (n < max)
			line[n++] = (char)key;
		else
			return error_set(err, ERROR_USAGE, "more than %zu bytes were typed", max);
		line[n] = '\0';
	}
}

int terminal_ask_secret(int fd, const char *prompt, size_t max, struct deadline deadline, char **ret, struct error *err)
{
	_cleanup_free_ char *line = xcalloc(max + 1, 1);
	struct terminal terminal = TERMINAL_INIT;

	/* The prompt comes when nothing is echoed any more: who is quick to type is not shown either. */
	if (terminal_raw(&terminal, fd, err) < 0)
		return -1;
	(void)file_write_all(STDERR_FILENO, prompt, strlen(prompt));
	int result = read_line(&terminal, line, max, deadline, err);
	(void)file_write_all(STDERR_FILENO, "\r\n", 2);
	terminal_restore(&terminal);
	if (result == 0)
		*ret = xstrdup(line);
	explicit_bzero(line, max);
	return result;
}
