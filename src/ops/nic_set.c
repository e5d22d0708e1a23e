/* kvmctl nic-set: another bandwidth, or another state of the cable, of a NIC of a running instance.
 *
 * The record has what is in force: the NIC's part of the recorded spec is changed with it, so that a reboot, a move and a restore go on
 * with it, and info compares it with the file. The new record is first read as a spec: whatever is wrong with a value is said as for a
 * spec, before anything is touched. */
#include "ops/verbs.h"

#include <strings.h>

#include "base/log.h"
#include "base/text.h"
#include "ops/act_bandwidth.h"
#include "ops/act_control.h"
#include "ops/act_network.h"
#include "vm/state.h"

struct nic_set {
	struct control control;
	struct state *state;
	struct json *document; /* the recorded spec, changed */
	struct spec *was, *shall;
	struct network_nic *nics;
	size_t nic;
	const struct nic_change *change;
};

static void nic_set_clear(struct nic_set *set)
{
	free(set->nics);
	spec_free(set->was);
	spec_free(set->shall);
	json_free(set->document);
	state_free(set->state);
	control_close(&set->control);
}

static bool is_called(const struct nic_set *set, size_t i, const char *word)
{
	const struct nic *nic = &set->was->nics[i];
	_cleanup_free_ char *number = xprintf("%zu", i);

	return streq(word, number) || strcasecmp(word, nic->mac) == 0 ||
	       (*word && (streq(word, nic->name) || streq(word, set->nics[i].tap)));
}

static int find_nic(struct nic_set *set, const char *word, struct error *err)
{
	const char *name = set->control.instance.name;
	size_t found = 0;

	for (size_t i = set->was->n_nics; i-- > 0;) {
		if (is_called(set, i, word)) {
			set->nic = i;
			found++;
		}
	}
	if (found == 1)
		return 0;
	error_set(err, ERROR_USAGE, "instance \"%s\" has %s \"%s\"", name, found ? "several NICs" : "no NIC", word);
	return error_hint(err, "\"kvmctl info %s\" shows its NICs: say which by number, MAC address, name or TAP",
			  name);
}

/* A key that is 0 would be the default: it is left out, as a person would. */
static struct json *rate_to_json(const struct bandwidth_rate *rate)
{
	struct json *object = json_new_object();

	json_put_int(object, "average", rate->average);
	if (rate->peak)
		json_put_int(object, "peak", rate->peak);
	if (rate->burst)
		json_put_int(object, "burst", rate->burst);
	return object;
}

static void put_rate(struct json *nic, const char *key, const struct bandwidth_rate *rate)
{
	struct json *bandwidth = json_get(nic, "bandwidth");

	if (!rate)
		return;
	if (!bandwidth) {
		bandwidth = json_new_object();
		json_put(nic, "bandwidth", bandwidth);
	}
	if (rate->average || rate->peak || rate->burst)
		json_put(bandwidth, key, rate_to_json(rate));
	else
		json_remove(bandwidth, key);
}

static int read_record(struct nic_set *set, const char *word, struct error *err)
{
	struct context *context = set->control.context;
	const char *name = set->control.instance.name;
	int found = state_read(&context->rundir, name, &set->state, err);

	if (found < 0)
		return -1;
	if (!found)
		return error_set(err, ERROR_UNKNOWN, "nothing is recorded of instance \"%s\"", name);
	if (spec_from_json(set->state->spec, "recorded spec", name, context->settings, &set->was, err) < 0)
		return -1;
	set->nics = network_nics(context, set->was);
	return find_nic(set, word, err);
}

static int change_record(struct nic_set *set, struct error *err)
{
	const struct nic_change *change = set->change;
	struct control *control = &set->control;

	set->document = json_copy(set->state->spec);
	struct json *nic = json_at(json_get(set->document, "nics"), set->nic);
	put_rate(nic, "inbound", change->inbound);
	put_rate(nic, "outbound", change->outbound);
	if (change->link_up >= 0)
		json_put_string(nic, "link_state", change->link_up ? "up" : "down");
	if (spec_from_json(set->document, "this change", control->instance.name, control->context->settings,
			   &set->shall, err) == 0)
		return 0;
	err->kind = ERROR_USAGE; /* the values are arguments here */
	return -1;
}

/* What stays when the TAP is gone is on record before it is there. A limit that is nftables' once stays with nftables. */
static int record_limiter(struct nic_set *set, struct error *err)
{
	const struct nic *nic = &set->shall->nics[set->nic];
	struct network_nic *tap = &set->nics[set->nic];

	if (act_bandwidth_is_recorded(set->state->resources, tap->tap)) {
		tap->limiter = BANDWIDTH_NFT;
		return 0;
	}
	if (!set->change->outbound || !nic->bandwidth.outbound.average)
		return 0;
	tap->limiter = act_bandwidth_limiter(nic);
	if (tap->limiter != BANDWIDTH_NFT)
		return 0;
	act_bandwidth_record(nic, tap->tap, tap->limiter, set->state->resources);
	return state_write(&set->control.context->rundir, set->state, err);
}

static int set_cable(struct nic_set *set, bool up, struct error *err)
{
	const struct network_setup setup = { set->control.context, set->shall, set->nics };
	struct json *arguments = json_new_object();
	_cleanup_free_ char *device = xprintf("nic%zu", set->nic);

	/* The guest is the last to hear that it is connected, and the first that it is not. */
	if (up && network_link(&setup, set->nic, true, err) < 0) {
		json_free(arguments);
		return -1;
	}
	json_put_string(arguments, "name", device);
	json_put_bool(arguments, "up", up);
	if (control_execute(&set->control, "set_link", arguments, err) < 0)
		return -1;
	return up ? 0 : network_link(&setup, set->nic, false, err);
}

/* Of one spec or the other: what was asked for, also where it is so by the record, which a kvmctl that was killed may have left behind
 * the truth. */
static int put_into_force(struct nic_set *set, const struct spec *spec, struct error *err)
{
	const struct nic *nic = &spec->nics[set->nic];
	const struct network_nic *tap = &set->nics[set->nic];

	if ((set->change->inbound || set->change->outbound) && nic->mode != NIC_USER &&
	    act_bandwidth_set(nic, tap->tap, tap->limiter, err) < 0)
		return -1;
	return set->change->link_up >= 0 ? set_cable(set, nic->link_up, err) : 0;
}

static int carry_out(struct nic_set *set, struct error *err)
{
	_cleanup_error_ struct error second = ERROR_INIT;
	struct state *state = set->state;

	if (record_limiter(set, err) < 0)
		return -1;
	if (put_into_force(set, set->shall, err) < 0) {
		if (put_into_force(set, set->was, &second) < 0)
			log_warning("%s: not all is as it was: %s", set->control.instance.name, second.message);
		return error_prefix(err, "nics[%zu]", set->nic);
	}
	json_free(state->spec);
	state->spec = take_ptr(set->document);
	text_replace(&state->spec_digest, ""); /* of no file any more: info has to compare */
	return state_write(&set->control.context->rundir, state, err);
}

int op_nic_set(struct context *context, const char *name, const char *nic, const struct nic_change *change,
	       struct error *err)
{
	_cleanup_(nic_set_clear) struct nic_set set = { .control = CONTROL_INIT, .change = change };

	if (control_open(context, name, "nic-set", &set.control, err) < 0 || read_record(&set, nic, err) < 0 ||
	    change_record(&set, err) < 0)
		return -1;
	return carry_out(&set, err);
}
