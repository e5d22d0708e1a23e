/* From the keys of a NIC to a binding. Pure. */
#include "vm/nic_binding.h"

#include "base/strv.h"
#include "base/text.h"
#include "vm/filter_parameters.h"

bool nic_is_filtered(const struct nic *nic)
{
	return nic->filter || nic->groups;
}

bool spec_is_filtered(const struct spec *spec)
{
	for (size_t i = 0; i < spec->n_nics; i++)
		if (nic_is_filtered(&spec->nics[i]))
			return true;
	return false;
}

static const struct filter_parameter *given(const struct filter_binding *binding, const char *name)
{
	for (size_t i = 0; i < binding->n_parameters; i++)
		if (streq(binding->parameters[i].name, name))
			return &binding->parameters[i];
	return NULL;
}

static char ***values(struct filter_binding *binding, const char *name)
{
	return &filter_parameters_get(&binding->parameters, &binding->n_parameters, name)->values;
}

/* Who says how addresses are learned wants them to be. */
static bool is_learning(const struct filter_binding *binding)
{
	const struct filter_parameter *learning = given(binding, "CTRL_IP_LEARNING");

	return learning && !streq(learning->values[0], filter_learning_to_string(FILTER_LEARNING_NONE));
}

static void add_addresses(struct filter_binding *binding, const struct nic *nic)
{
	if (is_learning(binding))
		return;
	if (*nic->ip && !given(binding, "IP"))
		strv_add(values(binding, "IP"), nic->ip);
	if (*nic->ip6 && !given(binding, "IPV6")) {
		char ***list = values(binding, "IPV6");

		strv_take(list, filter_link_local(nic->mac));
		strv_add(list, nic->ip6);
	}
}

struct filter_binding *nic_binding(const struct spec *spec, size_t i, const char *tap)
{
	const struct nic *nic = &spec->nics[i];
	struct filter_binding *binding = filter_binding_new(tap, nic->mac);

	text_replace(&binding->instance, spec->name);
	binding->nic = (int64_t)i;
	if (nic->mode == NIC_BRIDGED)
		text_replace(&binding->bridge, nic->link);
	binding->groups = strv_copy(nic->groups);
	if (nic->filter) {
		text_replace(&binding->filter, nic->filter->filter);
		for (size_t k = 0; k < nic->filter->n_parameters; k++)
			strv_extend(values(binding, nic->filter->parameters[k].name),
				    nic->filter->parameters[k].values);
	}
	add_addresses(binding, nic);
	return binding;
}
