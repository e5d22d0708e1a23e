/* Where things are when nobody says otherwise: FHS directories for root, XDG directories for users. */
#ifndef KVMCTL_VM_PLACES_H
#define KVMCTL_VM_PLACES_H

#include <stdbool.h>

#include "base/error.h"

struct places {
	char *config;  /* the settings' file */
	char *run_dir; /* NULL: a user without XDG_RUNTIME_DIR */
	char *spec_dir, *filter_dir, *secgroup_dir, *state_dir, *cache_dir, *uid_dir;
};

#define _cleanup_places_ _cleanup_(places_free)

/* ERROR_HOST: a user without HOME. */
int places_find(bool as_root, struct places *ret, struct error *err);
void places_free(struct places *places);

#endif
