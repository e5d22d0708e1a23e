/* Pinning: the whole QEMU by one list, or vCPU by vCPU. */
#include "vm/pinning.h"

#include "base/cpulist.h"
#include "base/text.h"
#include "host/affinity.h"
#include "qemu/machine.h"

static int pin_whole(pid_t qemu, const struct cpulist *list, struct error *err)
{
	cpu_set_t set;

	if (affinity_resolve(list, &set, err) < 0)
		return -1;
	return affinity_set_process(qemu, &set, NULL, 0, err);
}

static int pin_each(struct qmp *qmp, const struct cpulist *lists, size_t n, struct deadline deadline, struct error *err)
{
	_cleanup_free_ pid_t *threads = NULL;
	_cleanup_free_ cpu_set_t *sets = xcalloc(n, sizeof(*sets));
	size_t n_threads;

	/* All lists first: a bad one changes nothing. */
	for (size_t i = 0; i < n; i++)
		if (affinity_resolve(&lists[i], &sets[i], err) < 0)
			return error_prefix(err, "vCPU %zu", i);
	if (machine_vcpu_threads(qmp, deadline, &threads, &n_threads, err) < 0)
		return -1;
	if (n_threads != n)
		return error_set(err, ERROR_SPEC, "the mask has %zu lists for %zu vCPUs", n, n_threads);
	for (size_t i = 0; i < n; i++)
		if (affinity_set_thread(threads[i], &sets[i], err) < 0)
			return error_prefix(err, "vCPU %zu", i);
	return 0;
}

int pinning_apply(struct qmp *qmp, pid_t qemu, const char *mask, struct deadline deadline, struct error *err)
{
	_cleanup_free_ struct cpulist *lists = NULL;
	size_t n;

	if (cpumask_parse(mask, &lists, &n, err) < 0)
		return -1;
	return n == 1 ? pin_whole(qemu, &lists[0], err) : pin_each(qmp, lists, n, deadline, err);
}
