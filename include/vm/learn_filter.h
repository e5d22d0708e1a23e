/* The kernel's own look at frames, so that only those that are worth one reach the learner: a classic BPF program for an AF_PACKET
 * socket. It lets pass somewhat more than learn_frame_parse() understands, never less. */
#ifndef KVMCTL_VM_LEARN_FILTER_H
#define KVMCTL_VM_LEARN_FILTER_H

#include <linux/filter.h>
#include <stddef.h>
#include <stdint.h>

#define LEARN_FILTER_MAX 250 /* instructions: jumps have eight bits */
#define LEARN_SNAP 2048      /* bytes of a frame that are looked at */

/* wishes: bits of enum learn_wish. Returns the number of instructions. */
size_t learn_filter_make(unsigned wishes, const uint8_t mac[6], struct sock_filter ret[LEARN_FILTER_MAX]);

#endif
