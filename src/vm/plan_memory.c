/* The memory chapter: the size, and what is behind it.
 *
 * A backend is called "pc.ram", as the memory that QEMU makes by itself: the name is part of
 * the migration stream. */
#include "base/text.h"
#include "vm/plan_build.h"

#define MIB (1024 * 1024)

/* The whole memory in one backend; QEMU wants the same size here and in -m. */
static struct json *backend(struct builder *b, const char *type)
{
	struct json *object = json_new_object();

	json_put_string(object, "qom-type", type);
	json_put_string(object, "id", "pc.ram");
	json_put_int(object, "size", b->spec.maxmem * MIB);
	return object;
}

/* mem-path is a directory of the instance's own, made for the uid that QEMU runs as: in a
 * directory QEMU makes a file without a name, so that nothing stays behind whatever happens to
 * QEMU. */
static void hugetlbfs(struct builder *b)
{
	struct json *object = backend(b, "memory-backend-file");

	json_put_stringf(object, "mem-path", "%s/%s", b->hv->mem_path, b->spec.name);
	json_put_bool(object, "prealloc", true);
	options_json(&b->options, OPTION_OBJECT, object);
	build_machine(b, "memory-backend", "pc.ram");
}

/* maxmem is what the guest is built with; the balloon takes it down from there once it runs. */
void plan_memory(struct builder *b)
{
	options_text(&b->options, "-m", "size=%lldM", (long long)b->spec.maxmem);
	if (!is_empty(b->hv->mem_path) || streq(b->hv->memory_backend, "hugetlbfs")) {
		if (is_empty(b->hv->mem_path))
			problems_add(&b->problems, "hvparams.memory_backend",
				     "\"hugetlbfs\" needs hvparams.mem_path, a directory on hugetlbfs");
		hugetlbfs(b);
	} else if (streq(b->hv->memory_backend, "memfd")) {
		options_json(&b->options, OPTION_OBJECT, backend(b, "memory-backend-memfd"));
		build_machine(b, "memory-backend", "pc.ram");
	}
}
