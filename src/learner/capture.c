/* The packet socket. The kernel hands over copies of what goes in and out at the interface, before filters drop what the guest sends. */
#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "learner/learner.h"
#include "vm/learn_filter.h"

/* Of frames that wait; what does not fit is lost, as when nobody looks (NWF-74). */
#define RECEIVE_BUFFER (64 * 1024)

int capture_open(const char *interface, int *ret, struct error *err)
{
	static const uint8_t nobody[6];
	struct sockaddr_ll address = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL) };
	_cleanup_close_ int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int size = RECEIVE_BUFFER;

	if (fd < 0)
		return error_errno(err, ERROR_HOST, errno, "cannot open a packet socket");
	address.sll_ifindex = (int)if_nametoindex(interface);
	if (address.sll_ifindex == 0)
		return error_errno(err, ERROR_HOST, ENODEV, "cannot listen at \"%s\"", interface);
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	if (capture_filter(fd, 0, nobody) < 0)
		return error_errno(err, ERROR_HOST, errno, "cannot filter what a packet socket gets");
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		return error_errno(err, ERROR_HOST, errno, "cannot listen at \"%s\"", interface);
	*ret = take_fd(&fd);
	return 0;
}

int capture_filter(int fd, unsigned wishes, const uint8_t mac[6])
{
	struct sock_filter code[LEARN_FILTER_MAX];
	struct sock_fprog program = { .filter = code };

	program.len = (unsigned short)learn_filter_make(wishes, mac, code);
	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program));
}

size_t capture_read(int fd, uint8_t *data, size_t size, bool *ret_from_guest)
{
	struct sockaddr_ll from = { 0 };
	socklen_t length = sizeof(from);
	ssize_t n = recvfrom(fd, data, size, MSG_DONTWAIT, (struct sockaddr *)&from, &length);

	*ret_from_guest = from.sll_pkttype != PACKET_OUTGOING;
	return n < 0 ? 0 : (size_t)n;
}

/* The socket says ENETDOWN when the interface goes down; when it goes for good its index is lost, without another word. */
enum capture_state capture_look(int fd, const char *interface)
{
	struct sockaddr_ll address = { 0 };
	socklen_t length = sizeof(address);
	struct ifreq request = { 0 };

	if (getsockname(fd, (struct sockaddr *)&address, &length) < 0 || address.sll_ifindex <= 0)
		return CAPTURE_GONE;
	(void)snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", interface);
	/* Another name says nothing of the interface itself. */
	if (ioctl(fd, SIOCGIFFLAGS, &request) < 0)
		return CAPTURE_DOWN;
	return request.ifr_flags & IFF_UP ? CAPTURE_UP : CAPTURE_DOWN;
}
