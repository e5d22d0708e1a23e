/* CPU masks: what is read is written and read again as the same. */
#include <stdint.h>

#include "base/cpulist.h"
#include "base/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_free_ char *text = xstrndup((const char *)data, size);
	_cleanup_free_ struct cpulist *lists = NULL;
	_cleanup_error_ struct error err = ERROR_INIT;
	size_t n = 0;

	if (cpumask_parse(text, &lists, &n, &err) < 0)
		return 0;
	for (size_t i = 0; i < n; i++) {
		_cleanup_free_ char *back = cpulist_to_text(&lists[i]);
		struct cpulist again;

		if (cpulist_parse(back, &again, &err) < 0 || again.all != lists[i].all ||
		    !CPU_EQUAL(&again.set, &lists[i].set))
			abort();
	}
	return 0;
}
