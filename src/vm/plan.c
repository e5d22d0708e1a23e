/* The plan: the list of its chapters, and the putting together of what they say. */
#include "vm/plan.h"

#include "base/strv.h"
#include "base/text.h"
#include "vm/plan_build.h"

static void (*const chapters[])(struct builder *b) = {
	plan_machine,  plan_cpu,    plan_memory,    plan_firmware, plan_identity,
	plan_monitors, plan_serial, plan_display,   plan_input,    plan_sound,
	plan_board,    plan_disks,  plan_removable, plan_nics,     plan_migration,
};

/* The guest's view of a running instance wins over the spec: its recorded guest-visible
 * parameters are read over the spec's. */
static void merge_recorded(struct hvparams *hv, const struct hvparams *own, const struct json *recorded,
			   struct problems *problems)
{
	_cleanup_json_ struct json *values = hvparams_to_json(own, false);

	hvparams_init(hv);
	hvparams_read(hv, values, "hvparams", false, problems);
	hvparams_read(hv, recorded, "recorded hvparams", false, problems);
	memcpy(hv->given, own->given, sizeof(hv->given));
}

/* What must not change while the guest lives, with the defaults resolved that depend on the
 * host or on host-visible parameters. */
static void record_hardware(struct builder *b, struct json *addresses)
{
	struct hardware *hardware = &b->plan->hardware;
	struct json *all = hvparams_to_json(b->hv, false);

	for (size_t i = 0; i < HV_MAX; i++)
		if (param_rows[i].seen != SEEN_GUEST)
			json_remove(all, param_rows[i].name);
	json_put_string(all, "machine", b->q35 ? "q35" : "pc");
	if (hardware->machine)
		json_put_string(all, "machine_version", hardware->machine);
	json_put_string(all, "vga", b->vga);
	json_put_string(all, "usb_mouse", b->mouse);
	hardware->hv = all;
	hardware->addresses = addresses;
}

/* Places for the PCI devices; the root ports are made before what is behind them. */
static void place_devices(struct builder *b)
{
	struct json *addresses, *ports;

	pci_assign(&b->pci, b->input->recorded ? b->input->recorded->addresses : NULL, &addresses, &b->problems);
	record_hardware(b, addresses);
	ports = pci_root_ports(&b->pci);
	for (size_t i = 0; i < json_length(ports); i++)
		options_json(&b->options, OPTION_DEVICE, json_ref(json_at(ports, i)));
	json_free(ports);
}

/* kvm_extra comes last: where QEMU takes the later of two options, it is the administrator who
 * has the last word. */
static void write_argv(struct builder *b)
{
	_cleanup_strv_ char **extra = NULL;
	struct error err = ERROR_INIT;

	strv_add(&b->plan->argv, b->hv->kvm_path);
	options_to_argv(&b->options, b->probe, &b->plan->argv);
	options_to_argv(&b->devices, b->probe, &b->plan->argv);
	if (strv_split_shell(b->hv->kvm_extra, &extra, &err) < 0)
		problems_add_error(&b->problems, "hvparams.kvm_extra", &err);
	strv_extend(&b->plan->argv, extra);
}

/* What is left of a plan that was made, or was not. */
static void builder_clear(struct builder *b)
{
	plan_free(b->plan);
	options_free(&b->options);
	options_free(&b->devices);
	pci_clear(&b->pci);
	problems_free(&b->problems);
}

/* All chapters speak even when one has found a problem: a spec that is wrong in five places is
 * corrected once. Their order is the order of the descriptors' numbers, and so of the golden
 * files; nothing else hangs on it, for QEMU sorts its options by itself. */
struct plan *plan_collect(const struct plan_input *input, struct problems *problems)
{
	_cleanup_(builder_clear) struct builder b = {
		.input = input,
		.spec = *input->spec,
		.settings = input->settings,
		.probe = input->probe,
		.facts = input->facts,
		.vga = "none",
		.mouse = "",
		.problems = *problems,
	};
	struct hvparams merged;
	size_t before = problems->n;
	bool recorded = input->recorded && input->recorded->hv;

	if (recorded) {
		merge_recorded(&merged, &input->spec->hv, input->recorded->hv, &b.problems);
		b.spec.hv = merged;
	}
	b.hv = &b.spec.hv;
	b.plan = xcalloc(1, sizeof(*b.plan));
	for (size_t i = 0; i < ELEMENTS(chapters); i++)
		chapters[i](&b);
	place_devices(&b);
	write_argv(&b);
	if (recorded)
		hvparams_free(&merged);
	*problems = b.problems;
	b.problems = (struct problems){ 0 };
	return problems->n > before ? NULL : take_ptr(b.plan);
}

int plan_make(const struct plan_input *input, struct plan **ret, struct error *err)
{
	_cleanup_problems_ struct problems problems = { 0 };
	struct plan *plan = plan_collect(input, &problems);

	if (problems_to_error(&problems, ERROR_SPEC, input->spec->name, err) < 0)
		return -1;
	*ret = plan;
	return 0;
}

static void fd_clear(struct plan_fd *fd)
{
	for (size_t i = 0; i < fd->n_links; i++)
		free(fd->links[i].name);
	free(fd->links);
	free(fd->path);
}

static void contents_free(struct plan *plan)
{
	for (size_t i = 0; i < plan->n_fds; i++)
		fd_clear(&plan->fds[i]);
	for (size_t i = 0; i < plan->n_nics; i++) {
		free(plan->nics[i].netdev_id);
		free(plan->nics[i].device_id);
	}
	for (size_t i = 0; i < plan->n_commands; i++) {
		free(plan->commands[i].execute);
		free(plan->commands[i].secret_file);
		free(plan->commands[i].path);
		json_free(plan->commands[i].arguments);
	}
	free(plan->fds);
	free(plan->nics);
	free(plan->commands);
}

void plan_free(struct plan *plan)
{
	if (!plan)
		return;
	contents_free(plan);
	strv_free(plan->argv);
	strv_free(plan->warnings);
	hardware_free(&plan->hardware);
	free(plan->chroot);
	free(plan->vnc);
	free(plan->spice);
	free(plan);
}

void plan_free_ptr(struct plan **plan)
{
	plan_free(*plan);
}
