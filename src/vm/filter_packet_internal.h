/* Between the readers of packets (filter_packet.c, _words.c), what fills them up (_fill.c) and what writes them (_print.c). */
#ifndef KVMCTL_VM_FILTER_PACKET_INTERNAL_H
#define KVMCTL_VM_FILTER_PACKET_INTERNAL_H

#include "vm/filter_packet.h"

struct packet_reading {
	char **tokens, **said;
	size_t at;
	struct filter_packet *packet;
	struct error *err;
};

/* --- _words.c --- */
/* ERROR_USAGE, with an example: always -1. */
int packet_complain(struct packet_reading *r, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The token so far ahead; "": there is none. */
const char *packet_peek(const struct packet_reading *r, size_t ahead);
/* What stands behind the word; NULL: nothing, and that is said. */
const char *packet_value(struct packet_reading *r, const char *word);
/* Sets a field, which must not be said already: as a protocol has it, or as the packet's own. */
int packet_set_as(struct packet_reading *r, enum filter_attribute_id id, const struct filter_protocol_row *protocol,
		  const char *text);
int packet_set(struct packet_reading *r, enum filter_attribute_id id, const char *text);
bool packet_is_arp(const struct packet_reading *r);
int packet_read_word(struct packet_reading *r);

/* --- others --- */
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
