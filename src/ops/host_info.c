/* host info: what a cluster manager's node report wants: memory, CPUs, the hypervisor. */
#include "ops/verbs.h"

#include <sys/utsname.h>

#include "base/strv.h"
#include "base/text.h"
#include "host/kvm.h"
#include "host/machine.h"
#include "vm/binary.h"

/* MiB of the host's memory that QEMUs of this run directory hold. An instance that cannot be looked at
 * counts nothing. */
static int64_t held_by_instances(struct context *context)
{
	_cleanup_strv_ char **names = NULL;
	_cleanup_error_ struct error ignored = ERROR_INIT;
	int64_t pages = 0;

	if (rundir_names(&context->rundir, &names, &ignored) < 0)
		return 0;
	for (char **name = names; name && *name; name++) {
		_cleanup_instance_ struct instance instance = { 0 };
		if (instance_look(&context->rundir, *name, &context->here, &instance, &ignored) == 0)
			pages += (int64_t)instance.proc.rss_pages;
	}
	return pages * sysconf(_SC_PAGESIZE) / (1024 * 1024);
}

/* "used by the host" is what Ganeti calls memory_dom0: all that neither guests nor anybody can have. */
static int put_memory(struct context *context, struct json *document, struct error *err)
{
	struct machine_memory memory = { 0 };

	if (machine_memory(&memory, err) < 0)
		return -1;
	int64_t used = memory.total - memory.free - held_by_instances(context);
	json_put_int(document, "memory_total", memory.total);
	json_put_int(document, "memory_free", memory.free);
	json_put_int(document, "memory_used", used > 0 ? used : 0);
	json_put_int(document, "memory_available", memory.available);
	json_put_int(document, "hugepages_total", memory.hugepages_total);
	json_put_int(document, "hugepages_free", memory.hugepages_free);
	json_put_int(document, "hugepage_kib", memory.hugepage_kib);
	return 0;
}

static int put_cpus(struct json *document, struct error *err)
{
	struct machine_cpus cpus = { 0 };

	if (machine_cpus(&cpus, err) < 0)
		return -1;
	json_put_string(document, "cpu_model", cpus.model);
	json_put_int(document, "cpus", cpus.online);
	json_put_int(document, "sockets", cpus.sockets);
	json_put_int(document, "cores_per_socket", cpus.cores_per_socket);
	json_put_int(document, "threads_per_core", cpus.threads_per_core);
	json_put_int(document, "nodes", cpus.nodes);
	free(cpus.model);
	return 0;
}

/* A QEMU that cannot be asked is part of the answer, no failure. */
static void put_qemu(struct context *context, struct json *document)
{
	_cleanup_free_ char *path = binary_default(context->settings);
	_cleanup_probe_ struct probe *probe = NULL;
	_cleanup_error_ struct error why = ERROR_INIT;
	struct deadline deadline = context_step(context, context->settings->timeouts.start);

	json_put_string(document, "qemu_path", path);
	if (binary_probe(path, context->settings, deadline, &probe, &why) < 0) {
		json_put(document, "qemu_version", NULL);
		json_put_string(document, "qemu_why", why.message);
		return;
	}
	json_put_stringf(document, "qemu_version", "%d.%d.%d", probe->major, probe->minor, probe->micro);
	json_put(document, "qemu_why", NULL);
}

int op_host_info(struct context *context, struct json **ret, struct error *err)
{
	_cleanup_json_ struct json *document = json_new_object();
	_cleanup_free_ char *why = NULL;
	struct utsname names;

	uname(&names);
	json_put_string(document, "hostname", names.nodename);
	json_put_string(document, "kernel", names.release);
	json_put_string(document, "kvmctl_version", KVMCTL_VERSION);
	if (put_memory(context, document, err) < 0 || put_cpus(document, err) < 0)
		return -1;
	json_put_bool(document, "kvm", kvm_usable(&why));
	json_put_string(document, "kvm_why", is_empty(why) ? NULL : why);
	put_qemu(context, document);
	*ret = take_ptr(document);
	return 0;
}
