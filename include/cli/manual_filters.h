/* Fragments of kvmctl-filters(7), from the tables of filters and from those that come with kvmctl. */
#ifndef KVMCTL_CLI_MANUAL_FILTERS_H
#define KVMCTL_CLI_MANUAL_FILTERS_H

#include <stdio.h>

#include "base/error.h"

void manual_filter_protocols(FILE *out);
void manual_filter_attributes(FILE *out);
/* ERROR_HOST: they are not there; ERROR_SPEC. */
int manual_shipped_filters(FILE *out, struct error *err);

#endif
