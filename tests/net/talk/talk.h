/* Frames by which addresses are given and taken. */
#ifndef KVMCTL_TESTS_TALK_H
#define KVMCTL_TESTS_TALK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The frame that the words describe, or 0: no such kind.
 *
 *   ack       yiaddr= lease= server= chaddr=   from a DHCP server      release ciaddr=, decline requested=, discover   from a client
 *   reply6    address= valid= server=          from a DHCPv6 server    release6 address=                              from a client
 *   probe     target= esrc=                    by duplicate address detection
 *   advert    target= esrc=                    a neighbour advertisement
 */
size_t talk_frame(char *const *words, bool from_guest, uint8_t data[2048]);

#endif
