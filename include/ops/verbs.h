/* The verbs: one storyboard each, in src/ops/VERB.c. cli/ calls them and prints what came of it; they print nothing. */
#ifndef KVMCTL_OPS_VERBS_H
#define KVMCTL_OPS_VERBS_H

#include "ops/act_outgoing.h"
#include "ops/context.h"
#include "vm/save_file.h"
#include "vm/exit_record.h"
#include "vm/filter_model.h"
#include "vm/learn.h"
#include "vm/instance.h"
#include "vm/plan.h"
#include "vm/secgroup.h"
#include "vm/spec.h"

struct outgoing_progress; /* ops/act_outgoing.h */

/* --- where the spec of an instance comes from --- */
struct spec_source {
	const char *name; /* instance name, or NULL with file or text */
	const char *file; /* --spec FILE ("-": standard input); NULL: spec_dir/NAME.json */
};

/* --- start, stop, reboot --- */
struct start_request {
	struct spec_source source;
	bool paused, ensure, foreground, allow_unsafe_cache;
	bool discard_saved; /* the memory of a saved one is thrown away */
	int restarts;       /* > 0: the supervisor starts it again (on_crash), this often in a row */
};
struct start_result {
	bool already;  /* --ensure and it ran already */
	bool restored; /* it was saved */
	pid_t pid;
	char *name;
};
/* In the foreground it returns only on failure, or in the starter with 0 (see ops/start.c). */
int op_start(struct context *context, const struct start_request *request, struct start_result *ret, struct error *err);

struct stop_result {
	bool was_running;
	bool saved;           /* its memory is in a file */
	enum exit_reason how; /* which rung ended it */
	char *name;
};
int op_stop(struct context *context, const char *name, bool force, struct stop_result *ret, struct error *err);
/* Every instance that is not stopped, `parallel` at a time, each by a kvmctl of its own. {"instances":
 * [{"name", "was_running", "how"} or {"name", "error"}]}; *ret_failed of them carry an error. */
int op_stop_all(struct context *context, bool force, int parallel, struct json **ret, size_t *ret_failed,
		struct error *err);
int op_reboot(struct context *context, const char *name, struct start_result *ret, struct error *err);

/* --- the whole move to another host --- */
struct outgoing_progress;
struct migration_options;
struct migrate_request {
	const char *name, *host;
	const char *shell, *address,
		*program; /* see far_command; address: where the memory goes, NULL: host; "unix:PATH" */
	const struct migration_options *options;
	bool paused;                     /* the guest is not let run there */
	bool offline, force;             /* only the definition of a stopped instance; over another one that is there */
	const volatile int *interrupted; /* set by a signal; NULL */
	void (*show)(const struct outgoing_progress *progress, void *arg); /* NULL: nobody looks */
	void *arg;
};
struct migrate_result {
	bool offline, post_copy, paused;                       /* paused: it stands there */
	bool changed;                                          /* offline: the definition is new there */
	int64_t took_ms, downtime_ms, passes, ram_transferred; /* -1: QEMU does not say */
};
int op_migrate(struct context *context, const struct migrate_request *request, struct migrate_result *ret,
	       struct error *err);
/* Hidden: the far end of it, spoken to by lines on in and out. */
int op_migration_serve(struct context *context, const char *name, int in, int out, struct error *err);
/* --- memory to a file, and back --- */
struct save_request {
	const char *file; /* NULL: STATE_DIR/NAME/memory.save */
	enum save_compression compression;
	const volatile int *interrupted;                                   /* set by a signal; NULL */
	void (*show)(const struct outgoing_progress *progress, void *arg); /* NULL: nobody looks */
	void *arg;
};
struct save_result {
	char *file;             /* owned by the caller */
	uint64_t bytes, stored; /* of QEMU's stream, and in the file */
};
/* The guest's memory goes to the file and its QEMU ends; on failure it runs on as before, and nothing is left. */
int op_save(struct context *context, const char *name, const struct save_request *request, struct save_result *ret,
	    struct error *err);

struct restore_how {
	bool force; /* although the file was used, or its disks have changed */
	bool paused;
	const volatile int *interrupted;
	void (*show)(uint64_t done, uint64_t total, void *arg); /* bytes; NULL: nobody looks */
	void *arg;
};
/* what: the name of a saved instance, whose file goes afterwards, or a file, which stays and is marked as used. On failure all is as it was. */
int op_restore(struct context *context, const char *what, const struct restore_how *how, struct start_result *ret,
	       struct error *err);

/* --- repair --- */
struct cleanup_line {
	char *name, *what; /* what was done, or would be */
	bool needs_person;
};
struct cleanup_result {
	struct cleanup_line *lines;
	size_t n;
	bool clean; /* the host is clean now */
};
/* name NULL: all. */
int op_cleanup(struct context *context, const char *name, bool dry_run, int64_t min_age_ms, struct cleanup_result *ret,
	       struct error *err);
void cleanup_result_free(struct cleanup_result *result);
/* ERROR_STATE: it has not ended. One that nobody knows is forgotten already. */
int op_forget(struct context *context, const char *name, struct error *err);
/* Hidden: the supervisor's call after QEMU ended: teardown under the lock. */
int op_teardown(struct context *context, const char *name, struct error *err);

/* --- the simple ones: one QMP command under the lock --- */
int op_pause(struct context *context, const char *name, struct error *err);
int op_resume(struct context *context, const char *name, struct error *err);
int op_reset(struct context *context, const char *name, struct error *err);
int op_powerdown(struct context *context, const char *name, struct error *err);
int op_nmi(struct context *context, const char *name, struct error *err);
int op_sendkey(struct context *context, const char *name, char *const *keys, struct error *err);
/* *ret_actual MiB: what the guest has reached when it stopped moving or the time was up; another value
 * than mib is a success with a notice. */
int op_balloon(struct context *context, const char *name, int64_t mib, int64_t *ret_actual, struct error *err);
int op_pin(struct context *context, const char *name, const char *mask, struct error *err);
/* What `nic-set` changes; NULL and -1 leave a thing as it is. */
struct nic_change {
	const struct bandwidth_rate *inbound, *outbound; /* average 0: no limit any more */
	int link_up;                                     /* 0, 1 */
};
/* nic: its number, its MAC address, its name or its TAP. ERROR_USAGE: there is no such NIC, or it cannot have that. All of it, or
 * nothing is changed. */
int op_nic_set(struct context *context, const char *name, const char *nic, const struct nic_change *change,
	       struct error *err);
/* which: "vnc" or "spice"; file "-" is standard input: at a terminal it is asked for and not shown. */
int op_password(struct context *context, const char *name, const char *which, const char *file, struct error *err);
int op_screenshot(struct context *context, const char *name, const char *file, struct error *err);
int op_qmp(struct context *context, const char *name, const char *command, struct json *arguments, struct json **ret,
	   struct error *err);
int op_monitor(struct context *context, const char *name, const char *line, char **ret_output, struct error *err);
int op_console(struct context *context, const char *name, bool force, struct error *err);

/* --- moving --- */
struct migration_start_request {
	const char *name, *uri;
	const struct migration_options *options;
	const char *nbd;          /* HOST:PORT of the target's exports; NULL: none */
	const char *tls_hostname; /* NULL: the host of the URI */
	bool follow;              /* stay to the end */
	void (*show)(const struct outgoing_progress *progress, void *arg); /* with follow; NULL: nobody looks */
	void *arg;
	const volatile int *interrupted;
};
struct migration_start_result {
	bool already;   /* it was on its way */
	bool is_driver; /* this is the process that was left behind: it has nothing to say */
	pid_t driver;   /* that process, for the one that left it; 0: none */
};
int op_migration_start(struct context *context, const struct migration_start_request *request,
		       struct migration_start_result *ret, struct error *err);
/* On the target of a post-copy that lost its connection: it waits again. *ret: where; owned by the caller. */
int op_migration_recover(struct context *context, const char *name, char **ret, struct error *err);
/* The keys of `migration status`. Owned by the caller. */
int op_migration_status(struct context *context, const char *name, struct json **ret, struct error *err);
int op_migration_cancel(struct context *context, const char *name, bool *ret_was_going_on, struct error *err);

/* --- looking --- */
int op_state(struct context *context, const char *name, struct instance *ret, struct error *err);
/* Every instance that has a record, and orphans. Not a document at once: a table of 1,000 rows takes half
 * the time without. */
struct listing {
	struct instance *instances;
	size_t n;
	char **run_states; /* with full: QEMU's own word, NULL where it gave none; else NULL */
};
#define _cleanup_listing_ _cleanup_(listing_free)
void listing_free(struct listing *listing);
/* all: those too of which there is only a spec; full: all monitors asked at once, one shared deadline. */
int op_list(struct context *context, bool all, bool full, struct listing *ret, struct error *err);
/* {"instances": [...]}: the document that `list --json` prints. Owned by the caller. */
struct json *listing_to_json(const struct listing *listing);
int op_info(struct context *context, const char *name, struct json **ret, struct error *err);
/* for_running: wait until it runs, else until it is stopped. */
int op_wait(struct context *context, const char *name, bool for_running, struct error *err);
/* Calls fn for each event line; name NULL: all instances. */
int op_events(struct context *context, const char *name, bool follow, int (*fn)(const char *line, void *arg), void *arg,
	      struct error *err);
/* Syntax, and with host the host checks, of one spec. */
int op_check(struct context *context, const struct spec_source *source, bool host, struct spec **ret,
	     struct error *err);
/* The plan that start would realise. */
int op_argv(struct context *context, const struct spec_source *source, bool allow_unsafe_cache, struct plan **ret,
	    struct error *err);

/* --- migration, step by step --- */
struct accept_result;
struct migration_verdict;
/* Whether the guest of the info document could come: as act_migration_check. */
int op_migration_check(struct context *context, const char *name, const char *info, const char *listen,
		       struct migration_verdict *ret, struct error *err);
/* info: file of the info document, "-" is standard input. listen: as struct accept_request. Checks first: all problems at once.
 * ERROR_USAGE: it is about another instance. */
int op_migration_accept(struct context *context, const char *name, const char *info, const char *listen,
			struct accept_result *ret, struct error *err);
/* What has come of a move: on this host, which was its source or its target. Repeated: success as long as it says the same, else ERROR_STATE. */
int op_migration_finalize(struct context *context, const char *name, bool source, bool ok, struct error *err);

/* --- network filters --- */
/* {"filters": [{"name","uuid","chain","priority","rules","references","shipped"}]}; one that is damaged has "name" and "error". */
int op_filter_list(struct context *context, struct json **ret, struct error *err);
int op_filter_show(struct context *context, const char *name, struct filter **ret, struct error *err);
/* Lets the person's editor change the definition, and defines it when it is another one then. What is not taken stays in a file,
 * which the hint names. */
int op_filter_edit(struct context *context, const char *name, bool *ret_changed, struct problems *warnings,
		   struct error *err);
/* {"name","interface","text","rules","connections","warnings"}: the rules in nft's language. parameters: "NAME=VALUE" (strv);
 * interface NULL: "tap0". ERROR_SPEC: all that is wrong with the tree and its values. */
int op_filter_compile(struct context *context, const char *name, char *const *parameters, const char *interface,
		      struct json **ret, struct error *err);
struct bind_request {
	const char *interface, *mac, *filter;
	const char *bridge;      /* NULL: the one that it is a port of */
	char *const *parameters; /* "NAME=VALUE" (strv) */
	char *const *groups;     /* security groups (strv); with some of them filter may be NULL */
};
int op_filter_bind(struct context *context, const struct bind_request *request, struct error *err);
/* ERROR_STATE: it is not bound, or bound by an instance that is there. */
int op_filter_unbind(struct context *context, const char *interface, struct error *err);
/* {"bindings": [{"interface", "mac", "bridge", "instance", "nic", "filter", "parameters", "groups", "learned", "in_force"}]}; "in_force" is
 * null where the kernel may not be asked. filter: those that it is part of, or NULL: all. */
int op_filter_bindings(struct context *context, const char *filter, struct json **ret, struct error *err);
/* {"good", "bindings", "problems": [{"interface", "what"}]}. Changes nothing. */
int op_filter_verify(struct context *context, struct json **ret, struct error *err);
/* {"restored", "removed": [...], "left": [...]}: names of interfaces. */
int op_filter_restore(struct context *context, struct json **ret, struct error *err);
/* Of learners only: an address of an interface has been found, or is no longer its own. */
struct learned_request {
	const char *interface, *address;
	bool remove;
	enum learn_source source;
	int64_t until_ms; /* Unix time; 0: for good */
};
/* ERROR_STATE: nothing is learned there, or somebody else has the address. */
int op_filter_learned(struct context *context, const struct learned_request *request, struct error *err);
/* What would be done with a packet (words: vm/filter_packet.h), by the rules of a binding (name as act_filter_find has it), or of a filter
 * with parameters "NAME=VALUE" (strv). {"name","interface","packet","verdict","link","network"}, the layers with {"verdict","why","chain",
 * "filter","place","rule","mirrored","passed"}. */
int op_filter_explain(struct context *context, const char *name, const char *filter, char *const *parameters,
		      const char *packet, struct json **ret, struct error *err);
/* {"name","interface","rules": [{"filter","place","direction","layer","packets","bytes","rule"}]}: of a binding, or of a filter wherever it
 * is in force; of both given: its rules on that binding. */
int op_filter_stats(struct context *context, const char *name, const char *filter, bool reset, struct json **ret,
		    struct error *err);
/* Calls fn for each decision about a frame of the binding, until its time is over, or there were so many, or fn returns -1. *ret_lost:
 * how often the kernel had no room for what it had to tell. */
struct filter_trace_bounds {
	int64_t for_ms;
	size_t decisions;
};
int op_filter_trace(struct context *context, const char *name, const struct filter_trace_bounds *bounds,
		    int (*fn)(const struct json *decision, void *arg), void *arg, size_t *ret_lost, struct error *err);

/* --- security groups --- */
/* {"groups": [{"name","description","rules","addresses","instances","interfaces"}]}: numbers; one that is damaged has "name" and "error". */
int op_secgroup_list(struct context *context, struct json **ret, struct error *err);
/* The definition, as define takes it. */
int op_secgroup_show(struct context *context, const char *name, struct json **ret, struct error *err);
/* {"name","addresses","instances","interfaces": [{"interface","instance","nic","addresses"}]}. */
int op_secgroup_members(struct context *context, const char *name, struct json **ret, struct error *err);
/* *ret_n: how many NICs have other rules now. ERROR_SPEC: its mistakes, or what NICs cannot take; nothing is changed then. */
int op_secgroup_define(struct context *context, const char *file, struct secgroup **ret, size_t *ret_n,
		       struct problems *warnings, struct error *err);
/* ERROR_STATE: it is in use. */
int op_secgroup_delete(struct context *context, const char *name, struct error *err);
/* {"name","done","members": [{"member","changed","interfaces"}]}; interfaces: of an instance, those that have it now or had it. */
int op_secgroup_add(struct context *context, const char *group, char *const *members, struct json **ret,
		    struct error *err);
/* ERROR_STATE: the spec of the instance says it. */
int op_secgroup_remove(struct context *context, const char *group, char *const *members, struct json **ret,
		       struct error *err);

/* --- the host --- */
int op_host_info(struct context *context, struct json **ret, struct error *err);
/* {"checks": [{"name","ok","detail","cure"}]}; *ret_ok false when something needed is missing. */
int op_host_verify(struct context *context, struct json **ret, bool *ret_ok, struct error *err);
int op_host_powercycle(struct context *context, bool dry_run, struct error *err);

#endif
