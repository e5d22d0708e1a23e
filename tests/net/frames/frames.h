/* Frames made by hand. */
#ifndef KVMCTL_TESTS_FRAMES_H
#define KVMCTL_TESTS_FRAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "filter_case.h"

#define GUEST_MAC "52:54:00:00:00:01"
#define LAN_MAC "52:54:00:00:00:02"
#define HOST_MAC "52:54:00:00:00:fe"
#define HOST_IP "10.255.255.254"
#define GUEST_IP "10.0.0.1"
#define LAN_IP "10.0.0.2"
#define GUEST_IPV6 "fd00::1"
#define LAN_IPV6 "fd00::2"

struct frame {
	uint8_t data[2048];
	size_t n;
};

/* The frame that the words describe; words: a kind, then key=value.
 *
 *   eth      type=0x88cc                      rarp, arp   op= hw= proto= sha= spa= tha= tpa= hlen= plen=
 *   stp      btype= bflags= rprio= raddr= rcost= sprio= saddr= port= age= maxage= hello= delay=
 *   ip ip6   proto= and tcp udp udplite sctp icmp igmp esp ah, each also with a 6 behind it
 *
 *   all: esrc= edst= vlan= (a tag), outer=0x88a8 (what type of tag)   IP: src= dst= dscp= frag= (offset; with a + behind it: more follow)
 *   IPv6: ext=hop|dst (a header in between)    ports: sport= dport=   tcp: flags=syn,ack opt=   icmp: type= code= target= (of ND)
 *
 * What is not said is as a packet of the guest to the LAN has it (guest: the other way round when false). Ends the program when it
 * does not understand. */
void frame_build(char *const *words, bool from_guest, struct frame *ret);

/* A TAP that is there, not blocking. Ends the program when it cannot be opened. */
int frame_open_tap(const char *name);

/* With the host as the other side: UDP, words as above (sport=, dport=). */
bool host_sends(int guest, char *const *words);
bool host_gets(int guest, char *const *words, const struct frame *frame);

/* Without a kernel: what `filter explain` says of the same frames. */
struct explainer;
struct explainer *explainer_new(struct filter_case *c, const struct filter_kernel *kernel);
void explainer_flush(struct explainer *e);       /* connections are forgotten */
void explainer_free(struct explainer *e);
/* "GROUP ADDRESS": who is a member of a security group. */
void explainer_member(struct explainer *e, const char *member, bool remove);
/* words: "out", verdict, kind, ...; "pass", "drop", "reject", or NULL: this frame cannot be said in words. *ret_text: the words. */
const char *explain_frame(struct explainer *e, char *const *words, char **ret_text);

#endif
