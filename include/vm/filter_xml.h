/* Filters as XML, libvirt's nwfilter format. libxml2 is loaded when something is read (kvmctl-filter.so);
 * writing needs nothing. */
#ifndef KVMCTL_VM_FILTER_XML_H
#define KVMCTL_VM_FILTER_XML_H

#include "vm/filter_model.h"

/* Strict: unknown elements and attributes, document types (and with them entities), processing
 * instructions, more than FILTER_MAX_BYTES or a few levels are refused. `what` names the text in errors
 * ("filter \"x.xml\""). ERROR_SPEC: all mistakes at once, each with its line. ERROR_HOST: no module. */
int filter_from_xml(const char *text, size_t length, const char *what, struct filter **ret, struct error *err);

/* As libvirt writes it, comments included. Owned by the caller. What filter_from_xml makes of it is equal. */
char *filter_to_xml(const struct filter *filter);

#endif
