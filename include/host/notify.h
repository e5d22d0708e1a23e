/* sd_notify(3): the protocol alone, one datagram. */
#ifndef KVMCTL_HOST_NOTIFY_H
#define KVMCTL_HOST_NOTIFY_H

/* state: "READY=1\nSTATUS=..." Nothing happens without NOTIFY_SOCKET. 0, or -1 with errno. */
int notify_send(const char *state);

#endif
