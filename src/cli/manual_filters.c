/* What kvmctl-filters(7) has of the tables: protocols, attributes, the filters that come with kvmctl. */
#include "cli/manual_filters.h"

#include <inttypes.h>

#include "base/strv.h"
#include "base/text.h"
#include "vm/filter_store.h"
#include "vm/tables_doc.h"

static void tag(const char *name, const char *more, FILE *out)
{
	fputs(".TP\n\\fB", out);
	tables_roff(name, out);
	fputs("\\fR", out);
	if (!is_empty(more)) {
		fputs(" (", out);
		tables_roff(more, out);
		fputs(")", out);
	}
	fputc('\n', out);
}

static void sentence(const char *text, FILE *out)
{
	tables_roff(text, out);
	fputc('\n', out);
}

void manual_filter_protocols(FILE *out)
{
	for (size_t i = 0; i < FILTER_PROTOCOL_MAX; i++) {
		const struct filter_protocol_row *row = &filter_protocols[i];

		tag(row->name, row->layer == FILTER_LAYER_LINK ? "frames" : "packets", out);
		sentence(row->doc, out);
	}
}

static char *words_of(const struct filter_word *words)
{
	_cleanup_strv_ char **names = NULL;

	for (; words->name; words++)
		strv_add(&names, words->name);
	return strv_join(names, ", ");
}

/* What a value looks like. */
static char *values_of(const struct filter_attribute_row *row)
{
	_cleanup_free_ char *words = NULL;

	switch (row->kind) {
	case FILTER_KIND_NUMBER:
		words = words_of(row->words);
		return xprintf("%" PRId64 " to %" PRId64 "%s%s", row->min, row->max, *words ? ", or " : "", words);
	case FILTER_KIND_BOOLEAN:
		return xstrdup("true, yes, 1, false, no, 0");
	case FILTER_KIND_MAC:
		return xstrdup("MAC address");
	case FILTER_KIND_MAC_MASK:
		return xstrdup("mask, as ff:ff:ff:00:00:00");
	case FILTER_KIND_ADDRESS:
		return xstrdup("address");
	case FILTER_KIND_ADDRESS_MASK:
		return xstrdup("mask: a number of bits, or as 255.255.255.0");
	case FILTER_KIND_TCP_FLAGS:
		return xstrdup("MASK/FLAGS");
	case FILTER_KIND_STATES:
		return xstrdup("list");
	case FILTER_KIND_SET_NAME:
		return xprintf("at most %" PRId64 " characters", row->max);
	case FILTER_KIND_SET_FLAGS:
		return xstrdup("list of src, dst");
	case FILTER_KIND_COMMENT:
		return xprintf("text of at most %" PRId64 " characters", row->max);
	case FILTER_KIND_MAX:
		break;
	}
	abort();
}

/* Names of the protocols that have it; whole layers by their own. */
static char *protocols_of(const struct filter_attribute_row *row)
{
	static const char *const layers[] = { "all of frames", "all of packets" };
	_cleanup_strv_ char **names = NULL;

	for (int layer = FILTER_LAYER_LINK; layer <= FILTER_LAYER_NETWORK; layer++) {
		_cleanup_strv_ char **mine = NULL;
		size_t n = 0;

		for (size_t i = 0; i < FILTER_PROTOCOL_MAX; i++) {
			n += (int)filter_protocols[i].layer == layer;
			if ((int)filter_protocols[i].layer == layer &&
			    filter_protocol_has(&filter_protocols[i], row->id))
				strv_add(&mine, filter_protocols[i].name);
		}
		if (strv_length(mine) == n)
			strv_add(&names, layers[layer]);
		else
			strv_extend(&names, mine);
	}
	return strv_join(names, ", ");
}

void manual_filter_attributes(FILE *out)
{
	for (size_t i = 0; i < FILTER_ATTRIBUTE_MAX; i++) {
		const struct filter_attribute_row *row = &filter_attributes[i];
		_cleanup_free_ char *values = values_of(row), *protocols = protocols_of(row);

		tag(row->name, values, out);
		sentence(row->doc, out);
		fputs("Of: ", out);
		tables_roff(protocols, out);
		fputs(".\n", out);
		if (row->alias) {
			fputs("Also: ", out);
			tables_roff(row->alias, out);
			fputs(".\n", out);
		}
		if (row->needs != FILTER_ATTRIBUTE_NONE) {
			fputs("Needs ", out);
			tables_roff(filter_attributes[row->needs].name, out);
			fputs(" beside it.\n", out);
		}
	}
}

/* The comment at the beginning of each, its lines as one. */
int manual_shipped_filters(FILE *out, struct error *err)
{
	_cleanup_filter_store_ struct filter_store store = { 0 };
	_cleanup_strv_ char **names = NULL;

	filter_store_open("/nonexistent", &store);
	if (filter_store_list(&store, &names, err) < 0)
		return -1;
	for (char **name = names; name && *name; name++) {
		_cleanup_filter_ struct filter *filter = NULL;

		if (filter_store_read(&store, *name, &filter, NULL, err) < 0)
			return -1;
		tag(*name, NULL, out);
		for (char *const *comment = filter->comments; comment && *comment; comment++) {
			_cleanup_strv_ char **words = strv_split(*comment, '\n');

			for (char **line = words; line && *line; line++) {
				_cleanup_free_ char *trimmed = text_trim(*line);
				if (*trimmed)
					sentence(trimmed, out);
			}
		}
	}
	return 0;
}
