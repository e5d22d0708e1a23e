/* The host itself as the other side: UDP by its sockets, so that its own packets take the way that they take. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>

#include "base/text.h"
#include "frames.h"

static unsigned port(char *const *words, const char *key)
{
	for (; *words; words++)
		if (starts_with(*words, key))
			return (unsigned)strtoul(*words + strlen(key), NULL, 0);
	return 0;
}

static int bound(unsigned number)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons((uint16_t)number) };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
		perror("socket of the host");
		exit(1);
	}
	return fd;
}

/* Whether what the host sends arrives on the guest's TAP. */
bool host_sends(int guest, char *const *words)
{
	unsigned from = port(words, "sport="), to = port(words, "dport=");
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons((uint16_t)to) };
	_cleanup_close_ int fd = bound(from);
	uint8_t data[4096];
	bool arrived = false;
	ssize_t n;

	inet_pton(AF_INET, GUEST_IP, &address.sin_addr);
	/* Refused by the rules it may be an error here: that is a drop. */
	if (sendto(fd, "kvmc", 4, 0, (struct sockaddr *)&address, sizeof(address)) < 0)
		return false;
	while ((n = read(guest, data, sizeof(data))) > 0)
		if (n >= 42 && data[12] == 8 && data[13] == 0 && data[23] == 17 &&
		    (unsigned)(data[34] << 8 | data[35]) == from && (unsigned)(data[36] << 8 | data[37]) == to)
			arrived = true;
	return arrived;
}

/* Whether what the guest sends arrives at a socket of the host. */
bool host_gets(int guest, char *const *words, const struct frame *frame)
{
	_cleanup_close_ int fd = bound(port(words, "dport="));
	char data[64];

	if (write(guest, frame->data, frame->n) < 0)
		return false;
	return recv(fd, data, sizeof(data), 0) >= 0;
}
