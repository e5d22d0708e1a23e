/* The host checks: is everything that the spec names here, and of the kind that it must be? What the
 * binary's devices, machine types and CPU models decide is said by plan_make, which has to know it
 * anyway. */
#include "vm/host_check_internal.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/text.h"
#include "host/image.h"
#include "qemu/uri.h"

#define SECRET_FILE_MAX 4096

/* The effective uid decides, as it will when the thing is opened. */
static bool may(const char *file, int mode)
{
	return faccessat(AT_FDCWD, file, mode, AT_EACCESS) == 0;
}

/* False when it is not there at all, which is then a problem. */
static bool exists(struct check *check, const char *path, const char *file, struct stat *ret)
{
	if (stat(file, ret) == 0)
		return true;
	problems_add(&check->problems, path, "\"%s\": %s", file, strerror(errno));
	return false;
}

void check_readable(struct check *check, const char *path, const char *file)
{
	struct stat st;

	if (!exists(check, path, file, &st))
		return;
	if (!S_ISREG(st.st_mode))
		problems_add(&check->problems, path, "\"%s\" is no file", file);
	else if (!may(file, R_OK))
		problems_add(&check->problems, path, "\"%s\" cannot be read: %s", file, strerror(errno));
}

void check_medium(struct check *check, const char *path, const char *file)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	struct image_place place;

	if (image_look(file, &place, &err) < 0)
		problems_add_error(&check->problems, path, &err);
}

void check_executable(struct check *check, const char *path, const char *file)
{
	struct stat st;

	if (!exists(check, path, file, &st))
		return;
	if (!S_ISREG(st.st_mode))
		problems_add(&check->problems, path, "\"%s\" is no file", file);
	else if (!may(file, X_OK))
		problems_add(&check->problems, path, "\"%s\" is not executable (chmod +x \"%s\")", file, file);
}

void check_directory(struct check *check, const char *path, const char *directory)
{
	struct stat st;

	if (exists(check, path, directory, &st) && !S_ISDIR(st.st_mode))
		problems_add(&check->problems, path, "\"%s\" is no directory", directory);
}

/* Overwrites what was read of a secret. */
static void forget(char **secret)
{
	if (*secret)
		explicit_bzero(*secret, strlen(*secret));
	free(*secret);
}

void check_secret(struct check *check, const char *path, const char *file, size_t max)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	_cleanup_(forget) char *text = NULL;
	size_t length;

	if (file_read_at(AT_FDCWD, file, SECRET_FILE_MAX, &text, &length, &err) < 0) {
		problems_add_error(&check->problems, path, &err);
		return;
	}
	size_t line = strcspn(text, "\r\n");
	if (line == 0)
		problems_add(&check->problems, path, "\"%s\" has an empty first line: it must hold the password", file);
	else if (line > max)
		problems_add(&check->problems, path, "the password in \"%s\" is longer than the %zu bytes that count",
			     file, max);
	else if (strspn(text + line, "\r\n") != length - line)
		problems_add(&check->problems, path, "\"%s\" has more than one line: it must hold the password only",
			     file);
}

void check_uri(struct check *check, const char *path, const char *uri)
{
	const char *driver = uri_driver(uri);

	if (!driver || !check->probe || probe_has_block_driver(check->probe, driver))
		return;
	problems_add(&check->problems, path,
		     "QEMU %d.%d (\"%s\") has no block driver \"%s\": install its module (package qemu-block-extra)",
		     check->probe->major, check->probe->minor, check->spec->hv.kvm_path, driver);
}

void host_check_collect(const struct spec *spec, const struct settings *settings, const struct probe *probe,
			const bool *absent, struct problems *problems)
{
	struct check check = {
		.spec = spec, .settings = settings, .probe = probe, .absent = absent, .problems = *problems
	};

	host_check_binary(&check);
	host_check_boot(&check);
	host_check_display(&check);
	host_check_cpu_and_memory(&check);
	host_check_identity(&check);
	host_check_disks(&check);
	host_check_nics(&check);
	host_check_hooks(&check);
	host_check_migration(&check);
	*problems = check.problems;
}
