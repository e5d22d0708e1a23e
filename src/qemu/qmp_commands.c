/* The rows of qmp_commands.def. */
#include "qemu/qmp.h"

#include "base/text.h"

static const struct qmp_command rows[] = {
#define QMP(name, deadline_ms, repeatable) { name, deadline_ms, repeatable },
#include "qmp_commands.def"
#undef QMP
};

const struct qmp_command *qmp_command(const char *name)
{
	for (size_t i = 0; i < ELEMENTS(rows); i++)
		if (streq(rows[i].name, name))
			return &rows[i];
	return NULL;
}

const struct qmp_command *qmp_commands(size_t *ret_n)
{
	*ret_n = ELEMENTS(rows);
	return rows;
}
