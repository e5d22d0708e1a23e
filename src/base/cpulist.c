/* Sets of CPUs and their text. */
#include "base/cpulist.h"

#include "base/parse.h"
#include "base/strv.h"
#include "base/text.h"

/* "3" or "0-2" into the set. */
static int parse_range(const char *text, cpu_set_t *set, struct error *err)
{
	const char *dash = strchr(text, '-');
	_cleanup_free_ char *low = xstrndup(text, dash ? (size_t)(dash - text) : strlen(text));
	int64_t first, last;

	if (parse_int(low, "CPU", 0, CPULIST_MAX_CPU, &first, err) < 0)
		return -1;
	last = first;
	if (dash && parse_int(dash + 1, "CPU", 0, CPULIST_MAX_CPU, &last, err) < 0)
		return -1;
	if (last < first)
		return error_set(err, ERROR_SPEC, "the range \"%s\" is the wrong way round", text);
	for (int64_t cpu = first; cpu <= last; cpu++)
		CPU_SET((size_t)cpu, set);
	return 0;
}

static int parse_list(const char *text, struct cpulist *list, struct error *err)
{
	_cleanup_strv_ char **parts = strv_split(text, ',');
	cpu_set_t excluded;

	CPU_ZERO(&excluded);
	for (size_t i = 0; parts && parts[i]; i++) {
		const char *part = parts[i];

		if (*part == '^' ? parse_range(part + 1, &excluded, err) < 0 : parse_range(part, &list->set, err) < 0)
			return -1;
	}
	if (CPU_COUNT(&list->set) == 0)
		return error_set(err, ERROR_SPEC, "it names no CPU");
	/* Without those that are excluded, wherever in the list they stand. */
	CPU_AND(&excluded, &excluded, &list->set);
	CPU_XOR(&list->set, &list->set, &excluded);
	if (CPU_COUNT(&list->set) == 0)
		return error_set(err, ERROR_SPEC, "it excludes all that it names");
	return 0;
}

int cpulist_parse(const char *text, struct cpulist *ret, struct error *err)
{
	struct cpulist list = { .all = streq(text, "all") };

	CPU_ZERO(&list.set);
	if (!list.all && parse_list(text, &list, err) < 0) {
		_cleanup_free_ char *shown = text_printable(text, strlen(text), 80);

		error_prefix(err, "CPU list \"%s\"", shown);
		return error_hint(err, "write it as 0-2,4 or 0-7,^3 or all");
	}
	*ret = list;
	return 0;
}

/* One list binds the whole process, several the vCPUs: who reads it decides by *ret_n. */
int cpumask_parse(const char *text, struct cpulist **ret, size_t *ret_n, struct error *err)
{
	_cleanup_strv_ char **parts = strv_split(text, ':');
	_cleanup_free_ struct cpulist *lists = NULL;
	size_t n = strv_length(parts);

	if (!n)
		return error_set(err, ERROR_SPEC, "the CPU mask is empty");
	lists = xcalloc(n, sizeof(*lists));
	for (size_t i = 0; i < n; i++)
		if (cpulist_parse(parts[i], &lists[i], err) < 0)
			return -1;
	*ret = take_ptr(lists);
	*ret_n = n;
	return 0;
}

/* Ranges, as the kernel writes them: what we print can be read back by both. */
char *cpuset_to_text(const cpu_set_t *set)
{
	_cleanup_strv_ char **ranges = NULL;

	for (size_t cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		size_t first = cpu;

		if (!CPU_ISSET(cpu, set))
			continue;
		while (cpu + 1 < CPU_SETSIZE && CPU_ISSET(cpu + 1, set))
			cpu++;
		if (cpu == first)
			strv_addf(&ranges, "%zu", first);
		else
			strv_addf(&ranges, "%zu-%zu", first, cpu);
	}
	return strv_join(ranges, ",");
}

char *cpulist_to_text(const struct cpulist *list)
{
	return list->all ? xstrdup("all") : cpuset_to_text(&list->set);
}
