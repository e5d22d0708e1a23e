/* Values of filters that are lists of words, or text. Each fills value->text and what its kind has
 * (vm/filter_model.h). ERROR_SPEC. Only filter_value.c includes this. */
#ifndef KVMCTL_VM_FILTER_VALUE_LISTS_H
#define KVMCTL_VM_FILTER_VALUE_LISTS_H

#include "vm/filter_model.h"

int filter_read_tcp_flags(const char *text, struct filter_value *value, struct error *err);
int filter_read_states(const char *text, struct filter_value *value, struct error *err);
int filter_read_set_name(const char *text, int64_t max, struct filter_value *value, struct error *err);
int filter_read_set_flags(const char *text, struct filter_value *value, struct error *err);
int filter_read_comment(const char *text, struct filter_value *value, struct error *err);

#endif
