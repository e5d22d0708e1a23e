/* What kvmctl-filter.so exports: one const structure. The module knows nothing of kvmctl, so it speaks C types only. */
#ifndef KVMCTL_VM_FILTER_MODULE_H
#define KVMCTL_VM_FILTER_MODULE_H

#include <stddef.h>

#define FILTER_MODULE_VERSION 1

/* Who gets what is in the XML, in order. Texts are UTF-8 and live for the call. */
struct filter_xml_sink {
	void *data;
	/* attributes: name, value, name, value, ..., NULL */
	void (*open)(void *data, int line, const char *name, const char *const *attributes);
	void (*close)(void *data);
	void (*text)(void *data, int line, const char *text, size_t length); /* perhaps in parts */
	void (*comment)(void *data, int line, const char *text);
	/* Not well-formed, or refused: reading ends there or soon. */
	void (*wrong)(void *data, int line, const char *message);
};

struct filter_module {
	int version;
	/* Reads text, with no document types (so no entities), no files, no network. */
	void (*read_xml)(const char *text, size_t length, int max_depth, const struct filter_xml_sink *sink);
};

#endif
