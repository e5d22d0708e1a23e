/* filter edit: the definition in the person's own editor, and then defined. What is not taken stays in its file. */
#include "ops/verbs.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/file.h"
#include "base/strv.h"
#include "base/text.h"
#include "host/child.h"
#include "host/interrupt.h"
#include "ops/act_filter.h"
#include "vm/filter_store.h"
#include "vm/filter_xml.h"

struct edit {
	char *dir, *path; /* of the text; gone unless it is kept */
	bool keep;
};

static void edit_clear(struct edit *edit)
{
	if (edit->dir && !edit->keep) {
		unlink(edit->path);
		rmdir(edit->dir);
	}
	free(edit->dir);
	free(edit->path);
}

/* The text in a directory that only we can read, under a name that editors know as XML. */
static int put_text(struct edit *edit, const char *name, const char *text, struct error *err)
{
	const char *tmp = getenv("TMPDIR");
	char *dir = xprintf("%s/kvmctl-filter-XXXXXX", tmp && *tmp == '/' ? tmp : "/tmp");
	_cleanup_close_ int fd = -1;

	if (!mkdtemp(dir)) {
		error_errno(err, ERROR_HOST, errno, "cannot make a directory \"%s\"", dir);
		free(dir);
		return -1;
	}
	edit->dir = dir;
	edit->path = xprintf("%s/%s.xml", dir, name);
	fd = open(edit->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0 || file_write_all(fd, text, strlen(text)) < 0)
		return error_errno(err, ERROR_HOST, errno, "cannot write \"%s\"", edit->path);
	return 0;
}

/* As git does: a shell, so that the variable may hold arguments. Keys that interrupt are the editor's own business. */
static int run_editor(const char *path, struct error *err)
{
	const char *visual = getenv("VISUAL"), *plain = getenv("EDITOR");
	const char *editor = !is_empty(visual) ? visual : !is_empty(plain) ? plain : "vi";
	_cleanup_free_ char *script = xprintf("exec %s \"$1\"", editor);
	_cleanup_strv_ char **argv = NULL;
	const struct child_fd fds[] = { { 0, 0 }, { 1, 1 }, { 2, 2 } };
	struct child child = CHILD_INIT;
	pid_t pid;
	int status = 0;

	strv_add(&argv, "sh");
	strv_add(&argv, "-c");
	strv_add(&argv, script);
	strv_add(&argv, "sh");
	strv_add(&argv, path);
	child.path = "/bin/sh";
	child.argv = argv;
	child.env = environ;
	child.fds = fds;
	child.n_fds = ELEMENTS(fds);
	interrupt_catch();
	if (child_spawn(&child, &pid, NULL, err) < 0)
		return -1;
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return error_errno(err, ERROR_HOST, errno, "cannot wait for the editor");
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	_cleanup_free_ char *how = child_status_text(status);
	error_set(err, ERROR_HOST, "the editor \"%s\" ended with %s", editor, how);
	return error_hint(err, "set VISUAL or EDITOR to one that is there");
}

/* No other filter comes of it. What somebody else has changed meanwhile is not lost. */
static int take_over(struct context *context, const struct filter *before, const char *path, bool *ret_changed,
		     struct problems *warnings, struct error *err)
{
	_cleanup_filter_ struct filter *after = NULL, *defined = NULL;

	if (act_filter_check(context, path, &after, warnings, err) < 0)
		return -1;
	if (!streq(before->name, after->name))
		return error_set(err, ERROR_SPEC, "the name was changed from \"%s\" to \"%s\"", before->name,
				 after->name);
	*ret_changed = !filter_equal(before, after);
	if (!*ret_changed)
		return 0;
	problems_free(warnings);
	*warnings = (struct problems){ 0 };
	return act_filter_define(context, path, before, &defined, warnings, err);
}

int op_filter_edit(struct context *context, const char *name, bool *ret_changed, struct problems *warnings,
		   struct error *err)
{
	_cleanup_(edit_clear) struct edit edit = { 0 };
	_cleanup_filter_store_ struct filter_store store = { 0 };
	_cleanup_filter_ struct filter *before = NULL;
	_cleanup_free_ char *text = NULL;

	filter_store_open(context->settings->filter_dir, &store);
	if (filter_store_read(&store, name, &before, NULL, err) < 0)
		return -1;
	text = filter_to_xml(before);
	if (put_text(&edit, name, text, err) < 0 || run_editor(edit.path, err) < 0)
		return -1;
	if (take_over(context, before, edit.path, ret_changed, warnings, err) == 0)
		return 0;
	edit.keep = true;
	return error_hint(err, "the text is in \"%s\": kvmctl filter define takes it from there", edit.path);
}
