/* The CPU chapter: model and topology. */
#include "base/text.h"
#include "vm/plan_build.h"

/* "host,-vmx" is the model "host" with features. */
static void model(struct builder *b)
{
	const char *type = b->hv->cpu_type;
	_cleanup_free_ char *name = xstrndup(type, strcspn(type, ","));

	if (is_empty(type))
		return;
	if (streq(name, "host") && !b->plan->kvm)
		problems_add(&b->problems, "hvparams.cpu_type",
			     "\"host\" needs KVM, and this guest is emulated; use \"max\"");
	else if (!probe_has_cpu(b->probe, name) && !streq(name, "host"))
		problems_add(&b->problems, "hvparams.cpu_type",
			     "QEMU %d.%d (\"%s\") has no CPU model \"%s\"; `%s -cpu help` lists them", b->probe->major,
			     b->probe->minor, b->hv->kvm_path, name, b->hv->kvm_path);
	options_text(&b->options, "-cpu", "%s", type);
}

/* Unset ones are left out: QEMU (from 9.0) refuses zeros, and works them out by rules that
 * belong to the machine type. */
static void topology(struct builder *b)
{
	struct json *smp = json_new_object();

	json_put_int(smp, "cpus", b->spec.vcpus);
	if (b->hv->cpu_sockets)
		json_put_int(smp, "sockets", b->hv->cpu_sockets);
	if (b->hv->cpu_cores)
		json_put_int(smp, "cores", b->hv->cpu_cores);
	if (b->hv->cpu_threads)
		json_put_int(smp, "threads", b->hv->cpu_threads);
	options_keyval(&b->options, "-smp", smp);
}

void plan_cpu(struct builder *b)
{
	model(b);
	topology(b);
}
