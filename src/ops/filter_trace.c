/* filter trace: which rules decide about the frames of a NIC, while they come. */
#include "ops/verbs.h"

#include <net/if.h>
#include <unistd.h>

#include "base/text.h"
#include "host/link.h"
#include "host/nft.h"
#include "ops/act_filter_look.h"
#include "vm/filter_packet.h"
#include "vm/filter_trace.h"

#define FRAMES_PER_SECOND 200
#define FRAMES_KNOWN 256
#define RELIST_MS 1000

struct known_frame {
	uint32_t id;
	unsigned iif, oif; /* at the hook where it is */
	char *packet;
};

struct trace {
	struct filter_binding *binding;
	unsigned index; /* of the interface */
	struct filter_looked looked;
	struct filter_rows rows;
	struct deadline relist;                  /* not before: rules that are gone are asked for once in a while */
	struct known_frame frames[FRAMES_KNOWN]; /* the latest */
	size_t next;
	int (*tell)(const struct json *decision, void *arg);
	void *arg;
};

static void trace_clear(struct trace *t)
{
	filter_binding_free(t->binding);
	filter_looked_clear(&t->looked);
	filter_rows_clear(&t->rows);
	for (size_t i = 0; i < FRAMES_KNOWN; i++)
		free(t->frames[i].packet);
}

/* --- frames --- */

/* The latest of that number; the kernel may give it again. */
static struct known_frame *find_frame(struct trace *t, uint32_t id)
{
	for (size_t i = 1; i <= FRAMES_KNOWN; i++) {
		struct known_frame *frame = &t->frames[(t->next + FRAMES_KNOWN - i) % FRAMES_KNOWN];

		if (frame->packet && frame->id == id)
			return frame;
	}
	return NULL;
}

static void note_frame(struct trace *t, const struct nft_trace_event *event)
{
	struct known_frame *frame = find_frame(t, event->id);
	bool known = frame;

	if (!event->has_headers)
		return;
	if (!frame) {
		frame = &t->frames[t->next];
		t->next = (t->next + 1) % FRAMES_KNOWN;
	}
	frame->id = event->id;
	frame->iif = event->iif;
	frame->oif = event->oif;
	/* The hooks of IP do not see the addresses of the frame. */
	if (known && event->link_n < 14)
		return;
	free(frame->packet);
	frame->packet = filter_packet_from_headers(event->link, event->link_n, event->network, event->network_n,
						   event->transport, event->transport_n);
}

/* --- rules --- */

static const struct filter_row *find_rule(struct trace *t, const char *chain, uint64_t handle)
{
	const struct filter_row *row = filter_rows_find(&t->rows, chain, handle);
	_cleanup_error_ struct error ignored = ERROR_INIT;
	_cleanup_free_ char *what = xprintf("chain bridge kvmctl %s", chain), *text = NULL;

	if (row || !deadline_passed(t->relist))
		return row;
	if (nft_list(what, NFT_JSON, &text, &ignored) == 0 && filter_rows_add(&t->rows, text, &ignored) == 0)
		row = filter_rows_find(&t->rows, chain, handle);
	if (!row)
		t->relist = deadline_in(RELIST_MS);
	return row;
}

static void put_where(struct json *document, const struct filter_chain_name *where, const char *interface)
{
	json_put_string(document, "interface", interface);
	json_put_string(document, "direction", filter_direction_to_string(where->direction));
	json_put_string(document, "layer", where->layer == FILTER_LAYER_LINK ? "link" : "network");
	json_put_string(document, "chain", where->chain);
}

static void put_rule(struct trace *t, const struct nft_trace_event *event, struct json *document)
{
	const struct filter_row *row = find_rule(t, event->chain, event->handle);
	_cleanup_free_ char *text = row ? act_filter_rule(&t->looked, row->filter, row->place) : NULL;

	json_put_string(document, "filter", row ? row->filter : NULL);
	json_put_string(document, "place", row ? row->place : NULL);
	json_put_string(document, "rule", text);
	if (row && !*row->place)
		json_put_string(document, "why", "the end of the chain accepts");
	else if (!row)
		json_put_string(document, "why", "by a rule that is not there any more");
}

static void put_foreign(const struct nft_trace_event *event, struct json *document)
{
	json_put_stringf(document, "why", "not kvmctl's: table %s, chain %s, rule %llu", event->table, event->chain,
			 (unsigned long long)event->handle);
}

/* Whether the frame, where it is, comes from or goes to the interface. */
static bool is_ours(const struct trace *t, const struct known_frame *frame, enum filter_direction direction)
{
	return frame && (direction == FILTER_OUT ? frame->iif : frame->oif) == t->index;
}

/* 1: a decision was told; -1: nobody wants to hear more. */
static int tell(struct trace *t, const struct nft_trace_event *event)
{
	_cleanup_filter_trace_step_ struct filter_trace_step step = { 0 };
	struct known_frame *frame = find_frame(t, event->id);

	filter_trace_read(event, &step);
	if (step.kind == FILTER_TRACE_NOTHING ||
	    (step.kind == FILTER_TRACE_END && !is_ours(t, frame, step.where.direction)))
		return 0;

	_cleanup_json_ struct json *document = json_new_object();
	json_put_stringf(document, "id", "%08x", event->id);
	json_put_string(document, "packet", frame ? frame->packet : NULL);
	json_put_string(document, "verdict", filter_action_to_string(step.verdict));
	if (step.kind == FILTER_TRACE_FOREIGN)
		put_foreign(event, document);
	else
		put_where(document, &step.where,
			  step.kind == FILTER_TRACE_END ? t->binding->interface : step.where.interface);
	if (step.kind == FILTER_TRACE_RULE)
		put_rule(t, event, document);
	else if (step.kind == FILTER_TRACE_END)
		json_put_string(document, "why", "no rule decides, and the end accepts");
	return t->tell(document, t->arg) < 0 ? -1 : 1;
}

/* --- all of it --- */

static int begin(struct context *context, const char *name, struct trace *t, struct error *err)
{
	_cleanup_filter_existing_ struct filter_existing existing = { 0 };
	_cleanup_problems_ struct problems ignored = { 0 };
	int index;

	if (act_filter_find(context, name, &t->binding, err) < 0 ||
	    link_index(t->binding->interface, &index, err) < 0 ||
	    act_filter_in_kernel(t->binding->interface, &existing, err) < 0)
		return -1;
	t->index = (unsigned)index;
	(void)act_filter_tree(context, t->binding, &t->looked, &ignored);
	return 0;
}

int op_filter_trace(struct context *context, const char *name, const struct filter_trace_bounds *bounds,
		    int (*fn)(const struct json *decision, void *arg), void *arg, size_t *ret_lost, struct error *err)
{
	_cleanup_(trace_clear) struct trace t = { .tell = fn, .arg = arg };
	_cleanup_nft_held_ struct nft_held *held = NULL;
	_cleanup_close_ int fd = -1;
	struct nft_trace_event event;
	size_t told = 0;
	int status;

	*ret_lost = 0;
	if (begin(context, name, &t, err) < 0)
		return -1;

	_cleanup_free_ char *rules = filter_trace_rules(t.binding->interface, FRAMES_PER_SECOND);
	if (nft_trace_open(&fd, err) < 0 || nft_hold(rules, &held, err) < 0)
		return -1;

	struct deadline deadline = context_step(context, bounds->for_ms);
	while ((status = nft_trace_next(fd, deadline, &event, ret_lost, err)) > 0) {
		note_frame(&t, &event);
		status = tell(&t, &event);
		if (status < 0 || (status > 0 && ++told >= bounds->decisions))
			return 0;
	}
	return status;
}
