/* stop --all: one `kvmctl stop` per instance, some at a time. Processes, not threads: each has its own
 * lock, monitor and deadline, and one that is killed takes no other with it. */
#include "ops/verbs.h"
#include "vm/orphan.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/wait.h>

#include "base/strv.h"
#include "base/text.h"
#include "host/child.h"

#define ANSWER_MAX 65536

struct job {
	char *name;
	pid_t pid;
	int fd; /* reads its standard output; -1: not started, or at its end */
	char *answer;
	size_t length;
};

struct jobs {
	struct job *list;
	size_t n, started, running;
	int wait_ms; /* --wait, for each of them */
};

static void jobs_free(struct jobs *jobs)
{
	for (size_t i = 0; i < jobs->n; i++) {
		close_fd(&jobs->list[i].fd);
		free(jobs->list[i].name);
		free(jobs->list[i].answer);
	}
	free(jobs->list);
}

/* An instance whose record cannot be read has a name and may be an orphan as well: one job. */
static void add_job(struct jobs *jobs, const char *name)
{
	for (size_t i = 0; i < jobs->n; i++)
		if (streq(jobs->list[i].name, name))
			return;
	grow_array(jobs->list, jobs->n);
	jobs->list[jobs->n++] = (struct job){ .name = xstrdup(name), .fd = -1 };
}

/* What is stopped already gives nothing to do; what cannot be looked at is tried: its own stop says why it cannot. */
static int find_jobs(struct context *context, struct jobs *jobs, struct error *err)
{
	_cleanup_strv_ char **names = NULL;
	_cleanup_orphans_ struct orphans orphans = { 0 };

	if (rundir_names(&context->rundir, &names, err) < 0 ||
	    orphans_search(&context->rundir, &context->here, &orphans, err) < 0)
		return -1;
	for (char **name = names; name && *name; name++) {
		_cleanup_instance_ struct instance instance = { 0 };
		_cleanup_error_ struct error ignored = ERROR_INIT;
		if (instance_look(&context->rundir, *name, &context->here, &instance, &ignored) < 0 ||
		    (instance.state != INSTANCE_STOPPED && instance.state != INSTANCE_SAVED))
			add_job(jobs, *name);
	}
	for (size_t i = 0; i < orphans.n; i++)
		add_job(jobs, orphans.list[i].name);
	return 0;
}

/* What is left of our own time is all that a job gets. */
static char **job_argv(struct context *context, const char *name, int wait_ms, bool force)
{
	char **argv = NULL;

	strv_add(&argv, "kvmctl");
	strv_add(&argv, "--json");
	strv_addf(&argv, "--run-dir=%s", context->settings->run_dir);
	if (*context->settings->file)
		strv_addf(&argv, "--config=%s", context->settings->file);
	if (deadline_left(context->deadline) >= 0)
		strv_addf(&argv, "--timeout=%d.%03d", deadline_left(context->deadline) / 1000,
			  deadline_left(context->deadline) % 1000);
	strv_addf(&argv, "--wait=%d.%03d", wait_ms / 1000, wait_ms % 1000);
	strv_add(&argv, "stop");
	if (force)
		strv_add(&argv, "--force");
	strv_add(&argv, name);
	return argv;
}

static int start_job(struct context *context, struct jobs *jobs, bool force, struct error *err)
{
	struct job *job = &jobs->list[jobs->started];
	_cleanup_strv_ char **argv = job_argv(context, job->name, jobs->wait_ms, force);
	_cleanup_free_ char *program = realpath("/proc/self/exe", NULL);
	int ends[2];

	if (!program)
		return error_errno(err, ERROR_HOST, errno, "cannot find this program");
	if (pipe2(ends, O_CLOEXEC) < 0)
		return error_errno(err, ERROR_HOST, errno, "cannot make a pipe");
	_cleanup_close_ int read_end = ends[0], write_end = ends[1];
	struct child_fd fds[] = { { .source = write_end, .target = STDOUT_FILENO },
				  { .source = STDERR_FILENO, .target = STDERR_FILENO } };
	struct child child = CHILD_INIT;

	child.path = program;
	child.argv = argv;
	child.env = environ;
	child.fds = fds;
	child.n_fds = ELEMENTS(fds);
	if (child_spawn(&child, &job->pid, NULL, err) < 0)
		return -1;
	job->fd = take_fd(&read_end);
	jobs->started++;
	jobs->running++;
	return 0;
}

/* At the end of its output a job is over: its exit follows at once. */
static void read_job(struct jobs *jobs, struct job *job)
{
	job->answer = xrealloc(job->answer, ANSWER_MAX, 1);
	ssize_t n = read(job->fd, job->answer + job->length, ANSWER_MAX - job->length);

	if (n > 0) {
		job->length += (size_t)n;
		return;
	}
	close(take_fd(&job->fd));
	while (waitpid(job->pid, NULL, 0) < 0 && errno == EINTR)
		;
	jobs->running--;
}

/* Waits for any job to say something. The jobs keep the command's deadline themselves, so there is none here. */
static int pump(struct jobs *jobs, struct error *err)
{
	_cleanup_free_ struct pollfd *polled = xcalloc(jobs->started + 1, sizeof(*polled));

	for (size_t i = 0; i < jobs->started; i++)
		polled[i] = (struct pollfd){ .fd = jobs->list[i].fd, .events = POLLIN }; /* poll passes over -1 */
	if (deadline_poll(polled, jobs->started, DEADLINE_NEVER) < 0)
		return error_errno(err, ERROR_HOST, errno, "cannot wait for the instances to stop");
	for (size_t i = 0; i < jobs->started; i++)
		if (polled[i].revents)
			read_job(jobs, &jobs->list[i]);
	return 0;
}

/* What the job printed, under its instance's name; something else than JSON is an error of its own. */
static struct json *job_document(const struct job *job, size_t *failed)
{
	_cleanup_json_ struct json *answer = NULL;
	_cleanup_error_ struct error err = ERROR_INIT;
	struct json *document = json_new_object();

	json_put_string(document, "name", job->name);
	if (json_parse(job->answer ? job->answer : "", job->length, ANSWER_MAX, JSON_SPEC_MAX_DEPTH, "its answer",
		       &answer, &err) < 0) {
		struct json *error = json_new_object();
		json_put_string(error, "kind", error_kind_to_string(ERROR_OTHER));
		json_put_string(error, "message", "its kvmctl ended without an answer");
		json_put(document, "error", error);
	} else if (json_get(answer, "error")) {
		json_put(document, "error", json_ref(json_get(answer, "error")));
	} else {
		json_put_bool(document, "was_running", json_get_bool(answer, "was_running", false));
		json_put_string(document, "how", json_get_string(answer, "how", NULL));
	}
	*failed += json_get(document, "error") != NULL;
	return document;
}

int op_stop_all(struct context *context, bool force, int parallel, struct json **ret, size_t *ret_failed,
		struct error *err)
{
	_cleanup_(jobs_free) struct jobs jobs = { .wait_ms = deadline_left(context->wait) };
	struct json *list;
	size_t failed = 0;

	if (find_jobs(context, &jobs, err) < 0)
		return -1;
	while (jobs.started < jobs.n || jobs.running) {
		if (jobs.started < jobs.n && jobs.running < (size_t)parallel) {
			if (start_job(context, &jobs, force, err) < 0)
				return -1;
		} else if (pump(&jobs, err) < 0) {
			return -1;
		}
	}
	list = json_new_array();
	for (size_t i = 0; i < jobs.n; i++)
		json_append(list, job_document(&jobs.list[i], &failed));
	*ret = json_new_object();
	json_put(*ret, "instances", list);
	*ret_failed = failed;
	return 0;
}
