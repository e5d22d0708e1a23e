/* Numbers and words from text: the whole string, in a range, with the key in the error (kind ERROR_SPEC). */
#ifndef KVMCTL_BASE_PARSE_H
#define KVMCTL_BASE_PARSE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

/* Decimal, an optional '-', no blanks, no '+'. `what` names the thing in the error. */
int parse_int(const char *s, const char *what, int64_t min, int64_t max, int64_t *ret, struct error *err);
/* true/false, yes/no, on/off, 1/0. */
int parse_bool(const char *s, const char *what, bool *ret, struct error *err);
/* Seconds as "12", "1.5", with an optional s, m, h; in milliseconds. */
int parse_seconds(const char *s, const char *what, int64_t *ret_ms, struct error *err);
/* A UUID in the 8-4-4-4-12 form; ret in lower case, 37 bytes. */
int parse_uuid(const char *s, const char *what, char ret[37], struct error *err);
/* A MAC address of six octets, ret in lower case, 18 bytes; a multicast or all-zero address is refused. */
int parse_mac(const char *s, const char *what, char ret[18], struct error *err);
/* The six octets of any MAC address, each written with one or two hex digits. False: it is none. */
bool parse_mac_octets(const char *s, uint8_t ret[6]);

#endif
