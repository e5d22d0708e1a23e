/* The hypervisor parameters as a table of rows, made from params.def. */
#include "vm/params.h"

#include <stddef.h>

#include "base/text.h"

const struct param_row param_rows[HV_MAX] = {
#define PARAM(name, kind, min, max, choices, fallback, seen, check, doc) \
	{ #name, kind, min, max, choices, fallback, seen, NULL, doc, offsetof(struct hvparams, name) },
#include "vm/params.def"
#undef PARAM
};

const struct param_row *param_find(const char *name)
{
	for (size_t i = 0; i < HV_MAX; i++)
		if (streq(param_rows[i].name, name))
			return &param_rows[i];
	return NULL;
}
