/* kvmctl-filter.so: the part of kvmctl that links libxml2 (its SAX2 interface: no tree is made). */
#include "filter_module.h"

#include <libxml/parser.h>
#include <libxml/parserInternals.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct reader {
	xmlParserCtxtPtr context;
	const struct filter_xml_sink *sink;
	int depth, max_depth;
	bool stopped;
};

static int line_of(const struct reader *reader)
{
	return reader->context->input ? reader->context->input->line : 0;
}

static void stop(struct reader *reader, const char *why)
{
	if (!reader->stopped)
		reader->sink->wrong(reader->sink->data, line_of(reader), why);
	reader->stopped = true;
	xmlStopParser(reader->context);
}

/* "PREFIX:NAME", or NAME. */
static char *qualified(const xmlChar *prefix, const xmlChar *name)
{
	size_t n = (prefix ? strlen((const char *)prefix) + 1 : 0) + strlen((const char *)name) + 1;
	char *text = malloc(n);

	if (!text)
		abort();
	snprintf(text, n, "%s%s%s", prefix ? (const char *)prefix : "", prefix ? ":" : "", (const char *)name);
	return text;
}

static char *copied(const xmlChar *begin, const xmlChar *end)
{
	char *text = strndup((const char *)begin, (size_t)(end - begin));

	if (!text)
		abort();
	return text;
}

/* libxml2 gives five pointers an attribute: name, prefix, namespace, where the value begins and ends. */
static char **attribute_list(int n, const xmlChar **attributes, int n_namespaces)
{
	char **list = calloc((size_t)n * 2 + (n_namespaces ? 2 : 0) + 1, sizeof(*list));
	size_t k = 0;

	if (!list)
		abort();
	if (n_namespaces) {
		list[k++] = copied((const xmlChar *)"xmlns", (const xmlChar *)"xmlns" + 5);
		list[k++] = copied((const xmlChar *)"", (const xmlChar *)"");
	}
	for (int i = 0; i < n; i++, attributes += 5) {
		list[k++] = qualified(attributes[1], attributes[0]);
		list[k++] = copied(attributes[3], attributes[4]);
	}
	return list;
}

static void free_list(char **list)
{
	for (size_t i = 0; list[i]; i++)
		free(list[i]);
	free(list);
}

static void start_element(void *data, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri, int n_namespaces,
			  const xmlChar **namespaces, int n_attributes, int n_defaulted, const xmlChar **attributes)
{
	struct reader *reader = data;
	char *element, **list;

	(void)uri;
	(void)namespaces;
	(void)n_defaulted;
	if (reader->stopped)
		return;
	if (++reader->depth > reader->max_depth) {
		stop(reader, "elements stand too deep in one another");
		return;
	}
	element = qualified(prefix, name);
	list = attribute_list(n_attributes, attributes, n_namespaces);
	reader->sink->open(reader->sink->data, line_of(reader), element, (const char *const *)list);
	free_list(list);
	free(element);
}

static void end_element(void *data, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri)
{
	struct reader *reader = data;

	(void)name;
	(void)prefix;
	(void)uri;
	if (reader->stopped)
		return;
	reader->depth--;
	reader->sink->close(reader->sink->data);
}

static void characters(void *data, const xmlChar *text, int length)
{
	struct reader *reader = data;

	if (!reader->stopped)
		reader->sink->text(reader->sink->data, line_of(reader), (const char *)text, (size_t)length);
}

static void comment(void *data, const xmlChar *text)
{
	struct reader *reader = data;

	if (!reader->stopped)
		reader->sink->comment(reader->sink->data, line_of(reader), (const char *)text);
}

static void document_type(void *data, const xmlChar *name, const xmlChar *external, const xmlChar *system)
{
	(void)name;
	(void)external;
	(void)system;
	stop(data, "a document type is refused");
}

static void instruction(void *data, const xmlChar *target, const xmlChar *text)
{
	(void)target;
	(void)text;
	stop(data, "a processing instruction is refused");
}

/* Only those of XML itself; the parser says that others are not declared. */
static xmlEntityPtr entity(void *data, const xmlChar *name)
{
	(void)data;
	return xmlGetPredefinedEntity(name);
}

static void failed(void *data, xmlErrorPtr error)
{
	struct reader *reader = data;
	char words[256];
	size_t n;

	if (error->level < XML_ERR_ERROR || reader->stopped)
		return;
	snprintf(words, sizeof(words), "%s", error->message ? error->message : "this is no XML");
	n = strcspn(words, "\n");
	words[n] = '\0';
	reader->sink->wrong(reader->sink->data, error->line, words);
	reader->stopped = error->level == XML_ERR_FATAL;
}

static void read_xml(const char *text, size_t length, int max_depth, const struct filter_xml_sink *sink)
{
	struct reader reader = { .sink = sink, .max_depth = max_depth };
	xmlSAXHandler handler = {
		.initialized = XML_SAX2_MAGIC,
		.startElementNs = start_element,
		.endElementNs = end_element,
		.characters = characters,
		.ignorableWhitespace = characters,
		.cdataBlock = characters,
		.comment = comment,
		.processingInstruction = instruction,
		.internalSubset = document_type,
		.getEntity = entity,
		.serror = failed,
	};

	if (length == 0 || length > INT_MAX) {
		sink->wrong(sink->data, 0, length ? "it is too long" : "it is empty");
		return;
	}
	reader.context = xmlCreateMemoryParserCtxt(text, (int)length);
	if (!reader.context)
		abort();
	*reader.context->sax = handler;
	reader.context->userData = &reader;
	/* NOENT: "&amp;" in attributes comes as "&". There are no other entities: document types are refused. */
	xmlCtxtUseOptions(reader.context, XML_PARSE_NONET | XML_PARSE_NOENT);
	xmlParseDocument(reader.context);
	xmlFreeDoc(reader.context->myDoc);
	xmlFreeParserCtxt(reader.context);
}

extern const struct filter_module filter_module;
const struct filter_module filter_module = { FILTER_MODULE_VERSION, read_xml };
