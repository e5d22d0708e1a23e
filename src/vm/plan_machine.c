/* The machine chapter: who it is, the machine type (resolved to its versioned name), the
 * accelerator, what ends it, how it boots. */
#include "base/strv.h"
#include "base/text.h"
#include "vm/plan_build.h"

/* "pc-i440fx-7.2" and "pc-1.3" are pc, "pc-q35-7.2" is q35; the aliases are the families' own
 * names. */
static bool of_family(const char *machine, bool q35)
{
	if (q35)
		return starts_with(machine, "pc-q35-");
	return starts_with(machine, "pc-") && !starts_with(machine, "pc-q35-");
}

/* By version, not by letters: 7.10 is after 7.9. */
static int newest_first(const void *a, const void *b)
{
	return strverscmp(*(char *const *)b, *(char *const *)a);
}

/* Those of the family that was asked for: the others would not help. */
static char *known_machines(const struct builder *b)
{
	_cleanup_strv_ char **names = NULL;

	for (size_t i = 0; i < b->probe->n_machines; i++)
		if (of_family(b->probe->machines[i].name, b->q35))
			strv_add(&names, b->probe->machines[i].name);
	if (names)
		qsort(names, strv_length(names), sizeof(*names), newest_first);
	return strv_join(names, " ");
}

static void unknown_machine(struct builder *b, const char *wanted)
{
	_cleanup_free_ char *known = known_machines(b);

	problems_add(&b->problems, "hvparams.machine_version",
		     "\"%s\" is no %s machine of QEMU %d.%d (\"%s\"), which has: %s", wanted, b->q35 ? "q35" : "pc",
		     b->probe->major, b->probe->minor, b->hv->kvm_path, known);
}

/* A recorded machine type stays, whatever the spec says by now. */
static bool decide_q35(const struct builder *b)
{
	if (b->input->recorded)
		return of_family(b->input->recorded->machine, true);
	return streq(b->hv->machine, "q35");
}

/* An alias ("pc") is another machine in the next QEMU. So the versioned name is used and
 * recorded: after an upgrade of QEMU a running guest reboots into the machine that it knows. */
static const struct probe_machine *resolve_machine(struct builder *b)
{
	const char *wanted = b->hv->machine_version;
	const struct probe_machine *machine;

	if (b->input->recorded)
		wanted = b->input->recorded->machine;
	else if (is_empty(wanted))
		wanted = b->q35 ? "q35" : "pc";
	machine = probe_machine(b->probe, wanted);
	if (!machine || !of_family(machine->name, b->q35)) {
		unknown_machine(b, wanted);
		return NULL;
	}
	if (machine->deprecated)
		build_warning(b,
			      "machine type \"%s\" is deprecated in QEMU %d.%d and will be removed; choose a newer "
			      "hvparams.machine_version",
			      machine->name, b->probe->major, b->probe->minor);
	if (b->spec.vcpus > machine->cpu_max && machine->cpu_max > 0)
		problems_add(&b->problems, "vcpus", "%lld is more than the %d of machine type \"%s\"",
			     (long long)b->spec.vcpus, machine->cpu_max, machine->name);
	return machine;
}

/* kvm_flag is a wish (""), a demand, or a refusal. The wish that fails is said: nobody should
 * wonder why a guest is slow. */
static bool decide_kvm(struct builder *b)
{
	const char *flag = b->hv->kvm_flag,
		   *why = b->probe->can.kvm ? b->facts->kvm_why : "this QEMU is built without it";
	bool usable = b->facts->kvm && b->probe->can.kvm;

	if (streq(flag, "disabled"))
		return false;
	if (usable)
		return true;
	if (streq(flag, "enabled"))
		problems_add(&b->problems, "hvparams.kvm_flag",
			     "KVM cannot be used: %s; see `kvmctl host verify`, or set \"disabled\" for emulation",
			     is_empty(why) ? "unknown reason" : why);
	else
		build_warning(b, "KVM cannot be used (%s): the guest is emulated (TCG), which is slow",
			      is_empty(why) ? "unknown reason" : why);
	return false;
}

/* Other chapters add to it (pflash0, memory-backend). dump-guest-core=off: a core of QEMU is
 * not to hold the guest's memory. */
static void machine_option(struct builder *b, const struct probe_machine *machine)
{
	b->machine = json_new_object();
	json_put_string(b->machine, "", machine ? machine->name : "none");
	build_machine(b, "accel", b->plan->kvm ? "kvm" : "tcg");
	build_machine(b, "dump-guest-core", "off");
	if (!b->hv->acpi && b->probe->can.machine_acpi)
		build_machine(b, "acpi", "off");
	options_keyval(&b->options, "-machine", b->machine);
	if (!b->hv->acpi && !b->probe->can.machine_acpi)
		options_flag(&b->options, "-no-acpi");
}

/* Empty means reset, which is QEMU's default too, but here it is said. */
static const char *watchdog_action(const struct builder *b)
{
	if (is_empty(b->hv->watchdog))
		return "";
	return is_empty(b->hv->watchdog_action) ? "reset" : b->hv->watchdog_action;
}

/* QEMUs before 6.0 have no -action. They pause at a panic and then end, unless -no-shutdown
 * keeps them at a guest's power-off as well: what on_crash "preserve" promises cannot be had
 * there. */
static void old_actions(struct builder *b)
{
	if (streq(b->hv->reboot_behavior, "exit"))
		options_flag(&b->options, "-no-reboot");
	if (!is_empty(b->hv->watchdog))
		options_text(&b->options, "-watchdog-action", "%s", watchdog_action(b));
	if (streq(b->hv->on_crash, "preserve"))
		problems_add(&b->problems, "hvparams.on_crash",
			     "QEMU %d.%d cannot keep a guest that panicked: \"preserve\" needs 6.0 or later; use "
			     "\"destroy\" or \"restart\"",
			     b->probe->major, b->probe->minor);
}

/* What ends QEMU. A panic ends it too (QEMU's default) unless it is to be preserved; the
 * supervisor restarts. */
static void actions(struct builder *b)
{
	struct json *action;

	if (!b->probe->can.action) {
		old_actions(b);
		return;
	}
	action = json_new_object();
	json_put_string(action, "reboot", streq(b->hv->reboot_behavior, "exit") ? "shutdown" : "reset");
	json_put_string(action, "panic", streq(b->hv->on_crash, "preserve") ? "pause" : "shutdown");
	if (!is_empty(b->hv->watchdog))
		json_put_string(action, "watchdog", watchdog_action(b));
	options_keyval(&b->options, "-action", action);
}

/* As Ganeti puts it together: root=, the arguments, the console. */
static char *kernel_command_line(const struct builder *b)
{
	_cleanup_strv_ char **words = NULL;

	if (!is_empty(b->hv->root_path))
		strv_addf(&words, "root=%s", b->hv->root_path);
	if (!is_empty(b->hv->kernel_args))
		strv_add(&words, b->hv->kernel_args);
	if (b->hv->serial_console)
		strv_addf(&words, "console=ttyS0,%lld", (long long)b->hv->serial_speed);
	return strv_join(words, " ");
}

/* strict: the firmware tries nothing that was not asked for, so that a guest with a broken disk
 * does not boot from whoever answers on the network. */
static void boot(struct builder *b)
{
	_cleanup_free_ char *kernel = NULL, *initrd = NULL, *command_line = NULL;

	if (!b->kernel) {
		options_text(&b->options, "-boot", "strict=on");
		return;
	}
	kernel = build_readable(b, b->hv->kernel_path, false);
	options_text(&b->options, "-kernel", "%s", kernel);
	if (!is_empty(b->hv->initrd_path)) {
		initrd = build_readable(b, b->hv->initrd_path, false);
		options_text(&b->options, "-initrd", "%s", initrd);
	}
	command_line = kernel_command_line(b);
	options_text(&b->options, "-append", "%s", command_line);
}

/* -S: QEMU always starts stopped; `cont` comes when everything is set. */
void plan_machine(struct builder *b)
{
	const struct probe_machine *machine;

	options_text(&b->options, "-name", "guest=%s,debug-threads=on", b->spec.name);
	options_text(&b->options, "-uuid", "%s", b->spec.uuid);
	options_flag(&b->options, "-nodefaults");
	options_flag(&b->options, "-no-user-config");
	options_flag(&b->options, "-S");
	b->kernel = !is_empty(b->hv->kernel_path);
	b->q35 = decide_q35(b);
	pci_init(&b->pci, b->q35, (int)b->hv->kvm_pci_reservations);
	b->plan->kvm = decide_kvm(b);
	machine = resolve_machine(b);
	b->plan->hardware.machine = xstrdup(machine ? machine->name : NULL);
	machine_option(b, machine);
	options_text(&b->options, "-rtc", "base=%s", b->hv->use_localtime ? "localtime" : "utc");
	actions(b);
	boot(b);
	if (b->input->incoming)
		options_text(&b->options, "-incoming", "defer");
}
