/* Where filters are kept: a directory of definitions, NAME.xml or NAME.json (the XML counts where both are), over
 * the filters that are shipped with kvmctl. */
#ifndef KVMCTL_VM_FILTER_STORE_H
#define KVMCTL_VM_FILTER_STORE_H

#include "vm/filter_model.h"

struct filter_store {
	char *dir;
	char *shipped; /* NULL: kvmctl's own are not installed */
};

#define _cleanup_filter_store_ _cleanup_(filter_store_close)

/* dir need not exist. */
void filter_store_open(const char *dir, struct filter_store *ret);
/* As filter_store_open, with this directory of shipped ones (NULL: none). For tests. */
void filter_store_open_at(const char *dir, const char *shipped, struct filter_store *ret);
void filter_store_close(struct filter_store *store);

/* Sorted names of all that are defined or shipped (strv); what lies there by another name is left out. ERROR_HOST. */
int filter_store_list(const struct filter_store *store, char ***ret, struct error *err);

/* Reads and parses one. Without a UUID in the definition it gets one that is made of its name. ret_shipped
 * may be NULL: whether it is kvmctl's own. ERROR_NO_INSTANCE: there is none; ERROR_SPEC: it is damaged, or
 * another name is in it; ERROR_HOST. */
int filter_store_read(const struct filter_store *store, const char *name, struct filter **ret, bool *ret_shipped,
		      struct error *err);

/* Writes it as XML in place of what was there: durable, whole or not at all. Without a UUID it gets the one
 * that it had here, else one of its name. ERROR_STATE: it was defined here with another UUID; ERROR_HOST. */
int filter_store_write(const struct filter_store *store, struct filter *filter, struct error *err);

/* The same; but then() is called when the new definition lies ready on the disk, and only when that returns 0 does it come into force. */
int filter_store_write_after(const struct filter_store *store, struct filter *filter,
			     int (*then)(void *arg, struct error *err), void *arg, struct error *err);

/* The filter as it will be read when it is written: with its UUID, and with the lines of the text that is written. ERROR_STATE as write. */
int filter_store_as_written(const struct filter_store *store, struct filter *filter, struct filter **ret,
			    struct error *err);

/* Kvmctl's own one of that name, whether or not it was replaced here: 1, 0 when there is none, -1 when it is damaged. */
int filter_store_read_shipped(const struct filter_store *store, const char *name, struct filter **ret,
			      struct error *err);

/* Whether it was defined here, over kvmctl's own one or not. */
bool filter_store_has_own(const struct filter_store *store, const char *name);

/* Removes the definition: a shipped one of that name comes to light again. ERROR_NO_INSTANCE: there is none;
 * ERROR_STATE: it is shipped and cannot go; ERROR_HOST. Nobody may use it: that is the caller's to know. */
int filter_store_remove(const struct filter_store *store, const char *name, struct error *err);

#endif
