/* Learners: started, recorded in the run directory (filter/.INTERFACE.learner), ended. */
#include "ops/act_learner.h"

#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>

#include "base/file.h"
#include "base/log.h"
#include "base/module.h"
#include "base/strv.h"
#include "base/text.h"
#include "host/child.h"
#include "vm/filter_parameters.h"

#define READY_FD 3
#define READY_MS 10000
#define END_MS 5000
#define RECORD_MAX_BYTES (1024 * 1024)

/* --- the record: who it is, and its command line without what it knew --- */

struct record {
	struct process_id id;
	char *line;
};

static void record_clear(struct record *record)
{
	free(record->line);
}

static char *record_name(const char *interface)
{
	return xprintf(".%s.learner", interface);
}

/* 1 read, 0 none (or nothing that can be read: then its learner ends with the interface). */
static int read_record(struct context *context, const char *interface, struct record *ret)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	_cleanup_free_ char *name = record_name(interface), *text = NULL;
	int dir = rundir_part(&context->rundir, RUNDIR_FILTER), pid, end = 0;

	*ret = (struct record){ 0 };
	if (dir < 0 || file_read_at(dir, name, RECORD_MAX_BYTES, &text, NULL, &err) < 0)
		return 0;
	/* NOLINTNEXTLINE(cert-err34-c): written by us; whatever it says is compared with the process itself */
	if (sscanf(text, "%d %" SCNu64 " %36s %" SCNu64 "\n%n", &pid, &ret->id.start, ret->id.boot_id, &ret->id.pid_ns,
		   &end) < 4 ||
	    pid <= 0 || end == 0)
		return 0;
	ret->id.pid = pid;
	ret->line = xstrdup(text + end);
	return 1;
}

static int write_record(struct context *context, const char *interface, const struct process_id *id, const char *line,
			struct error *err)
{
	_cleanup_free_ char *name = record_name(interface);
	_cleanup_free_ char *text =
		xprintf("%d %" PRIu64 " %s %" PRIu64 "\n%s", (int)id->pid, id->start, id->boot_id, id->pid_ns, line);
	int dir = rundir_part(&context->rundir, RUNDIR_FILTER);

	if (dir < 0)
		return error_errno(err, ERROR_HOST, errno, "cannot open \"%s/%s\"", context->rundir.path,
				   rundir_part_name(RUNDIR_FILTER));
	return file_write_at(dir, name, text, strlen(text), 0640, false, err);
}

/* --- its end --- */

static int end_process(struct context *context, int pidfd, const char *interface, struct error *err)
{
	static const int signals[] = { SIGTERM, SIGKILL };

	for (size_t i = 0; i < ELEMENTS(signals); i++) {
		int ended;

		if (process_signal(pidfd, signals[i], err) < 0)
			return -1;
		ended = process_wait(pidfd, context_step(context, END_MS), err);
		if (ended != 0)
			return ended < 0 ? -1 : 0;
	}
	return error_set(err, ERROR_TIMEOUT, "the learner of \"%s\" does not end", interface);
}

int act_learner_stop(struct context *context, const char *interface, struct error *err)
{
	_cleanup_(record_clear) struct record record;
	_cleanup_free_ char *name = record_name(interface);
	_cleanup_close_ int pidfd = -1;

	if (!read_record(context, interface, &record))
		return 0;
	if (process_verify(&record.id, &context->here, NULL) != PROCESS_GONE &&
	    process_open(&record.id, &pidfd, err) < 0)
		return error_prefix(err, "the learner of \"%s\"", interface);
	if (pidfd >= 0 && end_process(context, pidfd, interface, err) < 0)
		return -1;
	return file_remove_at(rundir_part(&context->rundir, RUNDIR_FILTER), name, 0, err);
}

/* --- its begin --- */

static void add(char ***argv, const char *option, const char *value)
{
	strv_add(argv, option);
	strv_add(argv, value);
}

static void add_servers(char ***argv, const struct filter_binding *binding)
{
	for (size_t i = 0; i < binding->n_parameters; i++)
		if (streq(binding->parameters[i].name, "DHCPSERVER") ||
		    streq(binding->parameters[i].name, "DHCPSERVERV6"))
			for (char *const *value = binding->parameters[i].values; value && *value; value++)
				add(argv, "--server", *value);
}

static int make_argv(struct context *context, const struct filter_binding *binding, char ***ret, struct error *err)
{
	_cleanup_problems_ struct problems ignored = { 0 };
	_cleanup_free_ char *path = NULL, *kvmctl = NULL, *own = filter_link_local(binding->mac);
	enum filter_learning learning = FILTER_LEARNING_DHCP;

	if (module_find("kvmctl-learner", &path, err) < 0 || module_find("kvmctl", &kvmctl, err) < 0)
		return -1;
	(void)filter_parameters_learning(binding, &learning, &ignored);
	strv_add(ret, path);
	add(ret, "--interface", binding->interface);
	add(ret, "--mac", binding->mac);
	add(ret, "--run-dir", context->rundir.path);
	add(ret, "--kvmctl", kvmctl);
	if (!is_empty(context->settings->file))
		add(ret, "--config", context->settings->file);
	strv_addf(ret, "--ready-fd=%d", READY_FD);
	if (learning == FILTER_LEARNING_ANY)
		strv_add(ret, "--any");
	if (binding->learns_ipv4)
		strv_add(ret, "--ipv4");
	if (binding->learns_ipv6)
		strv_add(ret, "--ipv6");
	add(ret, "--own", own);
	add_servers(ret, binding);
	return 0;
}

/* What passes already. */
static void add_known(struct context *context, const struct filter_binding *binding, char ***argv)
{
	_cleanup_leases_ struct leases leases = { 0 };

	act_learner_known(context, binding, &leases);
	for (size_t i = 0; i < leases.n; i++) {
		strv_add(argv, "--known");
		strv_addf(argv, "%s/%s/%" PRId64, leases.list[i].address, learn_source_to_string(leases.list[i].source),
			  leases.list[i].until_ms);
	}
}

/* Said by its watching half: "ok", or what is wrong. */
static int await_ready(struct context *context, int fd, const char *interface, struct error *err)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };
	struct error_report report;
	ssize_t n;

	if (deadline_poll(&poll_fd, 1, context_step(context, READY_MS)) <= 0)
		return error_set(err, ERROR_TIMEOUT, "the learner of \"%s\" does not say that it listens", interface);
	do
		n = read(fd, &report, sizeof(report));
	while (n < 0 && errno == EINTR);
	if (n == 2)
		return 0;
	return error_from_report(&report, n < 0 ? 0 : (size_t)n, err);
}

/* On record before it runs: whoever is killed in between leaves nobody that is not known. */
static int spawn(struct context *context, const struct filter_binding *binding, char **argv, const char *line,
		 const int ready[2], struct error *err)
{
	const struct child_fd fds[] = { { ready[1], READY_FD } };
	struct child child = CHILD_INIT;
	char path[] = CHILD_PATH, *env[] = { path, NULL };
	int gate[2] = { -1, -1 }, exec_fd = -1;
	struct process_id id;
	pid_t pid;

	if (pipe2(gate, O_CLOEXEC) < 0)
		return error_errno(err, ERROR_HOST, errno, "cannot make a pipe");
	_cleanup_close_ int in = gate[0], out = gate[1];
	child.path = argv[0];
	child.argv = argv;
	child.env = env;
	child.fds = fds;
	child.n_fds = ELEMENTS(fds);
	child.new_session = true;
	child.gate_fd = in;
	if (child_spawn(&child, &pid, &exec_fd, err) < 0)
		return -1;
	if (process_identify(pid, &id, err) < 0 || write_record(context, binding->interface, &id, line, err) < 0) {
		close(exec_fd);
		return -1; /* the gate closes, it ends */
	}
	if (write(out, "", 1) != 1) {
		close(exec_fd);
		return error_errno(err, ERROR_HOST, errno, "cannot let it run");
	}
	return child_exec_result(exec_fd, child.path, context_step(context, READY_MS), err);
}

static int start(struct context *context, const struct filter_binding *binding, char **argv, const char *line,
		 struct error *err)
{
	_cleanup_close_ int out = -1, in = -1;
	int ready[2];

	if (pipe2(ready, O_CLOEXEC) < 0)
		return error_errno(err, ERROR_HOST, errno, "cannot make a pipe");
	in = ready[0];
	out = ready[1];
	if (spawn(context, binding, argv, line, ready, err) < 0)
		return -1;
	close_fd(&out);
	return await_ready(context, in, binding->interface, err);
}

int act_learner_settle(struct context *context, const struct filter_binding *binding, struct error *err)
{
	_cleanup_(record_clear) struct record record = { 0 };
	_cleanup_error_ struct error ignored = ERROR_INIT;
	_cleanup_strv_ char **argv = NULL;
	_cleanup_free_ char *line = NULL;

	if (!binding->learns_ipv4 && !binding->learns_ipv6)
		return act_learner_stop(context, binding->interface, err);
	if (make_argv(context, binding, &argv, err) < 0)
		return -1;
	line = strv_join(argv, " ");
	if (read_record(context, binding->interface, &record) && streq(record.line, line) &&
	    process_verify(&record.id, &context->here, NULL) == PROCESS_ALIVE)
		return 0;
	if (act_learner_stop(context, binding->interface, err) < 0)
		return -1;
	add_known(context, binding, &argv);
	if (start(context, binding, argv, line, err) == 0)
		return 1;
	(void)act_learner_stop(context, binding->interface, &ignored);
	return error_prefix(err, "the addresses of \"%s\" cannot be learned", binding->interface);
}

bool act_learner_is_missing(struct context *context, const struct filter_binding *binding)
{
	_cleanup_(record_clear) struct record record = { 0 };

	return (binding->learns_ipv4 || binding->learns_ipv6) &&
	       (!read_record(context, binding->interface, &record) ||
		process_verify(&record.id, &context->here, NULL) == PROCESS_GONE);
}

void act_learner_settle_all(struct context *context)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	_cleanup_strv_ char **names = NULL;

	if (filter_binding_list(&context->rundir, &names, &err) < 0)
		log_warning("%s, ignoring", err.message);
	for (char *const *name = names; name && *name; name++) {
		_cleanup_filter_binding_ struct filter_binding *binding = NULL;
		_cleanup_error_ struct error failure = ERROR_INIT;
		int read = filter_binding_read(&context->rundir, *name, &binding, &failure);

		if (read < 0 || (read > 0 && act_learner_settle(context, binding, &failure) < 0))
			log_warning("%s, ignoring", failure.message);
	}
}
