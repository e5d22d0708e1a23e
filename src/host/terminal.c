/* Terminal modes (termios(3)). */
#include "host/terminal.h"

#include <unistd.h>

void terminal_raw(struct terminal *terminal, int fd)
{
	struct termios raw;

	terminal->fd = fd;
	if (tcgetattr(fd, &terminal->before) < 0)
		return;
	raw = terminal->before;
	cfmakeraw(&raw);
	terminal->raw = tcsetattr(fd, TCSANOW, &raw) == 0;
}

void terminal_restore(struct terminal *terminal)
{
	/* TCSADRAIN: what was written in raw mode is out first. */
	if (terminal->raw)
		(void)tcsetattr(terminal->fd, TCSADRAIN, &terminal->before);
	terminal->raw = false;
}
