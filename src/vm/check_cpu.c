/* Syntax checks: CPUs and memory. */
#include "vm/checks.h"

#include "base/cpulist.h"
#include "base/text.h"

void check_cpu_mask(const struct spec *spec, const char *path, struct problems *problems)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	_cleanup_free_ struct cpulist *lists = NULL;
	size_t n = 0;
	if (cpumask_parse(spec->hv.cpu_mask, &lists, &n, &err) < 0)
		problems_add_error(problems, path, &err);
	else if (n > 1 && n != (size_t)spec->vcpus)
		problems_add(problems, path,
			     "has %zu lists, but the instance has %lld vCPUs; give one list, or one for each vCPU", n,
			     (long long)spec->vcpus);
}

void check_cpu_type(const struct spec *spec, const char *path, struct problems *problems)
{
	if (strchr(spec->hv.cpu_type, ' '))
		problems_add(problems, path, "\"%s\" has a blank; features are separated by commas", spec->hv.cpu_type);
}

/* QEMU wants sockets * cores * threads == vCPUs, and computes those that are left out. */
void check_cpu_topology(const struct spec *spec, const char *path, struct problems *problems)
{
	const struct hvparams *hv = &spec->hv;
	int64_t sockets = hv->cpu_sockets ? hv->cpu_sockets : 1, cores = hv->cpu_cores ? hv->cpu_cores : 1;
	int64_t threads = hv->cpu_threads ? hv->cpu_threads : 1, product = sockets * cores * threads;
	bool all = hv->cpu_sockets && hv->cpu_cores && hv->cpu_threads;
	if (all ? product != spec->vcpus : spec->vcpus % product != 0)
		problems_add(problems, path,
			     "cpu_sockets %lld, cpu_cores %lld and cpu_threads %lld do not make up %lld vCPUs; their "
			     "product must %s",
			     (long long)hv->cpu_sockets, (long long)hv->cpu_cores, (long long)hv->cpu_threads,
			     (long long)spec->vcpus, all ? "be that" : "divide that (0 is left to QEMU)");
}

void check_mem_path(const struct spec *spec, const char *path, struct problems *problems)
{
	if (*spec->hv.mem_path && streq(spec->hv.memory_backend, "memfd"))
		problems_add(problems, path, "cannot be together with memory_backend \"memfd\"");
}

void check_memory_backend(const struct spec *spec, const char *path, struct problems *problems)
{
	if (streq(spec->hv.memory_backend, "hugetlbfs") && !*spec->hv.mem_path)
		problems_add(problems, path, "\"hugetlbfs\" needs mem_path, a directory on hugetlbfs");
}
