/* Questions and orders to a running QEMU. */
#include "qemu/machine.h"

#include "base/text.h"

#define MIB (1024 * 1024)

/* By index and not in the order of the answer, which QEMU does not promise. */
int machine_vcpu_threads(struct qmp *qmp, struct deadline deadline, pid_t **ret, size_t *ret_n, struct error *err)
{
	_cleanup_json_ struct json *reply = NULL;

	if (qmp_execute(qmp, "query-cpus-fast", NULL, deadline, &reply, err) < 0)
		return -1;
	size_t n = json_length(reply);
	_cleanup_free_ pid_t *threads = xcalloc(n + 1, sizeof(*threads));
	for (size_t i = 0; i < n; i++) {
		struct json *cpu = json_at(reply, i);
		int64_t index = json_get_int(cpu, "cpu-index", -1), thread = json_get_int(cpu, "thread-id", -1);

		if (index < 0 || (size_t)index >= n || thread <= 0)
			return error_set(err, ERROR_QEMU,
					 "QEMU: query-cpus-fast answered without cpu-index or thread-id");
		threads[index] = (pid_t)thread;
	}
	*ret = take_ptr(threads);
	*ret_n = n;
	return 0;
}

int machine_balloon(struct qmp *qmp, int64_t mib, struct deadline deadline, struct error *err)
{
	struct json *arguments = json_new_object();

	json_put_int(arguments, "value", mib * MIB);
	return qmp_execute(qmp, "balloon", arguments, deadline, NULL, err);
}

int machine_balloon_actual(struct qmp *qmp, struct deadline deadline, int64_t *ret, struct error *err)
{
	_cleanup_json_ struct json *reply = NULL;

	if (qmp_execute(qmp, "query-balloon", NULL, deadline, &reply, err) < 0)
		return -1;
	int64_t actual = json_get_int(reply, "actual", 0);
	if (actual <= 0)
		return error_set(err, ERROR_QEMU, "QEMU: query-balloon answered without \"actual\"");
	*ret = actual / MIB;
	return 0;
}
