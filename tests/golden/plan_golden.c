/* Writes what a plan says, for people to review: the argument list, one a line, then
 * descriptors, commands, addresses, warnings.
 *
 * usage: plan_golden FIXTURE VERSION OUTPUT-DIRECTORY CASE.json...     (writes
 * CASE.VERSION.argv, or the error text in its place) */
#include <fcntl.h>
#include <stdio.h>

#include "base/text.h"
#include "golden/golden_case.h"

static void print_flags(FILE *out, int flags)
{
	int mode = flags & O_ACCMODE;

	fprintf(out, " %s%s%s",
		mode == O_RDWR     ? "O_RDWR"
		: mode == O_WRONLY ? "O_WRONLY"
				   : "O_RDONLY",
		flags & O_DIRECT ? "|O_DIRECT" : "", flags & O_APPEND ? "|O_APPEND" : "");
}

static void print_fd(FILE *out, const struct plan_fd *fd)
{
	fprintf(out, "%d %s", fd->number, plan_fd_kind_to_string(fd->kind));
	if (fd->fdset >= 0)
		fprintf(out, " set %d", fd->fdset);
	if (fd->kind == PLAN_FD_TAP || fd->kind == PLAN_FD_VHOST)
		fprintf(out, " nic %d queue %d", fd->index, fd->queue);
	else if (fd->index >= 0)
		fprintf(out, " disk %d", fd->index);
	if (fd->path)
		fprintf(out, " %s", fd->path);
	if (fd->kind == PLAN_FD_FILE || fd->kind == PLAN_FD_SERIAL_LOG)
		print_flags(out, fd->flags);
	if (fd->optional)
		fputs(" optional", out);
	for (size_t i = 0; i < fd->n_links; i++)
		fprintf(out, " %s->%d", fd->links[i].name, fd->links[i].number);
	fputc('\n', out);
}

static void print_command(FILE *out, const struct plan_command *command)
{
	_cleanup_free_ char *arguments = json_to_text(command->arguments);

	fprintf(out, "%s %s", command->execute, arguments);
	if (command->secret_file)
		fprintf(out, " %s from the first line of %s", command->secret_key, command->secret_file);
	if (command->listen_fd)
		fprintf(out, " listening at %s", command->path);
	fputc('\n', out);
}

static void print_json(FILE *out, const char *title, const struct json *object)
{
	fprintf(out, "\n%s:\n", title);
	for (struct json_iter it = json_iter(object); json_next(&it);) {
		_cleanup_free_ char *value = json_to_text(it.value);

		fprintf(out, "%s %s\n", it.key, value);
	}
}

static void print_plan(FILE *out, const struct plan *plan)
{
	static const char *const identities[] = { "caller", "dropped", "chroot" };

	for (size_t i = 0; plan->argv[i]; i++)
		fprintf(out, "%s\n", plan->argv[i]);
	fputs("\ndescriptors:\n", out);
	for (size_t i = 0; i < plan->n_fds; i++)
		print_fd(out, &plan->fds[i]);
	if (plan->n_commands)
		fputs("\ncommands:\n", out);
	for (size_t i = 0; i < plan->n_commands; i++)
		print_command(out, &plan->commands[i]);
	print_json(out, "addresses", plan->hardware.addresses);
	fprintf(out, "\nidentity: %s\nvnc: %s\nspice: %s\n", identities[plan->identity], plan->vnc, plan->spice);
	for (size_t i = 0; i < plan->n_nics; i++)
		fprintf(out, "nic %zu: queues %d%s%s\n", i, plan->nics[i].queues, plan->nics[i].vhost ? " vhost" : "",
			plan->nics[i].vnet_hdr ? " vnet_hdr" : "");
	for (size_t i = 0; plan->warnings && plan->warnings[i]; i++)
		fprintf(out, "warning: %s\n", plan->warnings[i]);
}

static FILE *open_output(const char *directory, const char *file, const char *version)
{
	const char *slash = strrchr(file, '/'), *name = slash ? slash + 1 : file;
	_cleanup_free_ char *path =
		xprintf("%s/%.*s.%s.argv", directory, (int)(strlen(name) - strlen(".json")), name, version);
	FILE *out = fopen(path, "we");

	if (!out)
		golden_die("%s: %m", path);
	return out;
}

static void one_case(const char *file, const char *version, const char *directory, const struct probe *probe)
{
	_cleanup_golden_ struct golden_case c = { 0 };
	_cleanup_error_ struct error err = ERROR_INIT;
	_cleanup_plan_ struct plan *plan = NULL;
	_cleanup_fclose_ FILE *out = open_output(directory, file, version);

	golden_read(&c, file, "/golden", probe, NULL, &err);
	fprintf(out, "# QEMU %s: %s\n", version, *c.title ? c.title : json_get_string(c.document, "description", file));
	if (err.kind != ERROR_NONE || plan_make(&c.input, &plan, &err) < 0)
		fprintf(out, "error %s: %s\n", error_kind_to_string(err.kind), err.message);
	else
		print_plan(out, plan);
}

int main(int argc, char **argv)
{
	_cleanup_probe_ struct probe *probe = NULL;

	if (argc < 5)
		golden_die("usage: plan_golden FIXTURE VERSION OUTPUT-DIRECTORY CASE.json...");
	probe = golden_probe(argv[1]);
	for (int i = 4; i < argc; i++)
		one_case(argv[i], argv[2], argv[3], probe);
	return 0;
}
