/* Between the reader of packets (filter_packet.c), what fills them up (_fill.c) and what writes them (_print.c). */
#ifndef KVMCTL_VM_FILTER_PACKET_INTERNAL_H
#define KVMCTL_VM_FILTER_PACKET_INTERNAL_H

#include "vm/filter_packet.h"

/* "tcp" */
const char *packet_kind_name(enum filter_protocol protocol);
/* Whether the attribute's name is a word for packets of protocols that have it. */
bool packet_attribute_is_word(const struct filter_attribute_row *row);

bool packet_protocol_has_ports(enum filter_protocol protocol);
/* The low 32 bits of a field. */
uint32_t packet_number(const struct filter_packet *packet, enum filter_attribute_id id);
/* Everything that was not said, and what follows from what was. */
void packet_fill(struct filter_packet *packet, const struct filter_packet_defaults *defaults);

#endif
