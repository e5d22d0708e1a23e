/* What a binary said, remembered: one small file a binary, believed only while everything that could
 * change the answers is as it was. */
#include "binary_parts.h"

#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <sys/stat.h>
#include <sys/utsname.h>

#include "base/file.h"
#include "base/log.h"
#include "base/text.h"

/* Grows when the digest changes its shape or the meaning of a flag: older entries are then asked for again. */
#define FORMAT 2
#define ENTRY_MAX (256 * 1024)
#define ENTRY_DEPTH 8

static void write_stat(FILE *out, const char *what, const struct stat *st)
{
	fprintf(out, "%s=%jx.%jx.%jx.%jx.%lx.%jx.%lx ", what, (uintmax_t)st->st_dev, (uintmax_t)st->st_ino,
		(uintmax_t)st->st_size, (uintmax_t)st->st_mtim.tv_sec, (unsigned long)st->st_mtim.tv_nsec,
		(uintmax_t)st->st_ctim.tv_sec, (unsigned long)st->st_ctim.tv_nsec);
}

/* Installing a module package (SPICE, block drivers) changes what the binary can do, not the binary. The
 * directory is compiled into it; these are where distributions and `make install` put it, seen from the
 * binary's directory. */
static void write_modules(FILE *out, const char *path, const char *arch)
{
	static const char *const places[] = { "lib/qemu", "lib64/qemu", "lib/%s-linux-gnu/qemu" };
	char real[PATH_MAX];
	char *slash;

	if (!realpath(path, real))
		return;
	for (int i = 0; i < 2 && (slash = strrchr(real, '/')) != NULL; i++)
		*slash = '\0';
	for (size_t i = 0; i < ELEMENTS(places); i++) {
		_cleanup_free_ char *place = xprintf(places[i], arch);
		_cleanup_free_ char *directory = xprintf("%s/%s", real, place);
		struct stat st;

		if (stat(directory, &st) == 0)
			write_stat(out, "modules", &st);
	}
}

static void write_kvm(FILE *out)
{
	static const char *const flags[] = { "/sys/module/kvm_intel/parameters/nested",
					     "/sys/module/kvm_amd/parameters/nested" };
	struct stat st;

	fprintf(out, "kvm=%s", stat("/dev/kvm", &st) == 0 ? "there" : "none");
	for (size_t i = 0; i < ELEMENTS(flags); i++) {
		_cleanup_error_ struct error ignored = ERROR_INIT;
		_cleanup_free_ char *text = NULL;

		if (file_read_at(AT_FDCWD, flags[i], 64, &text, NULL, &ignored) == 0)
			fprintf(out, ".%.*s", (int)strcspn(text, "\n"), text);
	}
}

int binary_identity(const char *path, char **ret, struct error *err)
{
	struct utsname kernel;
	struct stat st;
	char *text = NULL;
	size_t length;

	if (stat(path, &st) < 0) {
		error_errno(err, ERROR_HOST, errno, "cannot use \"%s\" as QEMU", path);
		return err->errnum == ENOENT ? error_hint(err, "install QEMU, or set \"kvm_path\"") : -1;
	}
	if (!S_ISREG(st.st_mode) || faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) < 0) {
		error_set(err, ERROR_HOST, "\"%s\" is not an executable file", path);
		return error_hint(err, "\"kvm_path\" names the QEMU binary");
	}
	uname(&kernel);

	FILE *out = open_memstream(&text, &length);
	if (!out)
		abort();
	fprintf(out, "path=%s ", path);
	write_stat(out, "file", &st);
	write_modules(out, path, kernel.machine);
	fprintf(out, "kernel=%s.%s.%s ", kernel.release, kernel.version, kernel.machine);
	write_kvm(out);
	if (fclose(out) != 0)
		abort();
	*ret = text;
	return 0;
}

char *binary_cache_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return xprintf("probe-%.100s-%016" PRIx64 ".json", slash ? slash + 1 : path, text_hash(path, strlen(path)));
}

struct probe *binary_cache_read(const char *cache_dir, const char *name, const char *identity)
{
	_cleanup_free_ char *path = xprintf("%s/%s", cache_dir, name);
	_cleanup_error_ struct error ignored = ERROR_INIT;
	_cleanup_json_ struct json *entry = NULL;
	_cleanup_free_ char *text = NULL;
	struct probe *probe = NULL;
	size_t length;

	if (file_read_at(AT_FDCWD, path, ENTRY_MAX, &text, &length, &ignored) < 0) {
		log_debug("%s", ignored.message);
		return NULL;
	}
	if (json_parse(text, length, ENTRY_MAX, ENTRY_DEPTH, path, &entry, &ignored) < 0) {
		log_debug("%s, ignoring", ignored.message);
		return NULL;
	}
	if (json_get_int(entry, "format", 0) != FORMAT ||
	    !streq(json_get_string(entry, "kvmctl", ""), KVMCTL_VERSION) ||
	    !streq(json_get_string(entry, "identity", ""), identity)) {
		log_debug("\"%s\" is of another QEMU or kvmctl", path);
		return NULL;
	}
	if (probe_from_json(json_get(entry, "probe"), &probe, &ignored) < 0) {
		log_debug("\"%s\": %s, ignoring", path, ignored.message);
		return NULL;
	}
	return probe;
}

static int write_entry(const char *cache_dir, const char *name, const char *text, struct error *err)
{
	if (file_make_dirs(cache_dir, 0755, err) < 0)
		return -1;

	_cleanup_close_ int dirfd = open(cache_dir, O_DIRECTORY | O_RDONLY | O_CLOEXEC);
	if (dirfd < 0)
		return error_errno(err, ERROR_HOST, errno, "cannot open \"%s\"", cache_dir);
	/* Not durable: an entry that a power cut tore is asked for again. */
	return file_write_at(dirfd, name, text, strlen(text), 0644, false, err);
}

void binary_cache_write(const char *cache_dir, const char *name, const char *identity, const struct probe *probe)
{
	_cleanup_json_ struct json *entry = json_new_object();
	_cleanup_error_ struct error ignored = ERROR_INIT;

	json_put_int(entry, "format", FORMAT);
	json_put_string(entry, "kvmctl", KVMCTL_VERSION);
	json_put_string(entry, "identity", identity);
	json_put(entry, "probe", probe_to_json(probe));

	_cleanup_free_ char *text = json_to_text(entry);
	if (write_entry(cache_dir, name, text, &ignored) < 0)
		log_debug("%s, ignoring", ignored.message);
}
