/* Host checks of VNC, SPICE and the keyboard: interfaces, certificates, passwords, keymaps. */
#include "vm/host_check_internal.h"

#include <limits.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "base/text.h"
#include "host/link.h"
#include "vm/value.h"

#define SPICE_PASSWORD_MAX 59 /* spice-protocol: SPICE_MAX_PASSWORD_LENGTH with its NUL is 60 */

/* Neither an IP address nor a directory: an interface, which must have an address to listen on. */
static void check_interface(struct check *check, const char *path, const char *name, int family)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	_cleanup_free_ char *address = NULL;

	if (link_address(name, family, &address, &err) < 0)
		problems_add_error(&check->problems, path, &err);
}

/* QEMU's tls-creds-x509 as a server: these three by these names. */
static void check_certificates(struct check *check, const char *directory)
{
	static const char *const files[] = { "ca-cert.pem", "server-cert.pem", "server-key.pem" };
	struct stat st;

	if (stat(directory, &st) < 0 || !S_ISDIR(st.st_mode)) {
		check_directory(check, "hvparams.vnc_x509_path", directory);
		return;
	}
	for (size_t i = 0; i < ELEMENTS(files); i++) {
		_cleanup_free_ char *file = xprintf("%s/%s", directory, files[i]);
		check_readable(check, "hvparams.vnc_x509_path", file);
	}
}

static void check_vnc(struct check *check)
{
	const struct hvparams *hv = &check->spec->hv;
	const char *bind = hv->vnc_bind_address;

	if (is_empty(bind))
		return;
	if (bind[0] == '/')
		check_directory(check, "hvparams.vnc_bind_address", bind);
	else if (!text_ip_version(bind))
		check_interface(check, "hvparams.vnc_bind_address", bind, 0);
	if (!is_empty(hv->vnc_x509_path))
		check_certificates(check, hv->vnc_x509_path);
	if (!is_empty(hv->vnc_password_file))
		check_secret(check, "hvparams.vnc_password_file", hv->vnc_password_file, VNC_PASSWORD_MAX);
}

static void check_spice_tls(struct check *check)
{
	const struct settings *settings = check->settings;
	const char *const files[] = { settings->spice_ca, settings->spice_cert, settings->spice_key };

	for (size_t i = 0; i < ELEMENTS(files); i++)
		if (!is_empty(files[i]))
			check_readable(check, "hvparams.spice_use_tls", files[i]);
}

static void check_spice(struct check *check)
{
	const struct hvparams *hv = &check->spec->hv;
	int64_t version = hv->spice_ip_version;

	if (is_empty(hv->spice_bind))
		return;
	if (!text_ip_version(hv->spice_bind))
		check_interface(check, "hvparams.spice_bind", hv->spice_bind,
				version == 4   ? AF_INET
				: version == 6 ? AF_INET6
					       : 0);
	if (!is_empty(hv->spice_password_file))
		check_secret(check, "hvparams.spice_password_file", hv->spice_password_file, SPICE_PASSWORD_MAX);
	if (hv->spice_use_tls)
		check_spice_tls(check);
}

/* QEMU's data lie beside its binary, whatever prefix it was built for; else where distributions put them.
 * NULL: not found, so nothing can be said. */
static char *keymap_directory(const char *binary)
{
	char resolved[PATH_MAX];

	if (realpath(binary, resolved)) {
		char *slash = strrchr(resolved, '/');
		*slash = '\0';
		_cleanup_free_ char *beside = xprintf("%s/../share/qemu/keymaps", resolved);
		if (access(beside, F_OK) == 0)
			return take_ptr(beside);
	}
	return access("/usr/share/qemu/keymaps", F_OK) == 0 ? xstrdup("/usr/share/qemu/keymaps") : NULL;
}

static void check_keymap(struct check *check)
{
	const struct hvparams *hv = &check->spec->hv;

	if (is_empty(hv->keymap))
		return;
	_cleanup_free_ char *directory = keymap_directory(hv->kvm_path);
	_cleanup_free_ char *file = directory ? xprintf("%s/%s", directory, hv->keymap) : NULL;
	if (file && access(file, R_OK) < 0)
		problems_add(&check->problems, "hvparams.keymap", "QEMU has no keymap \"%s\": see %s", hv->keymap,
			     directory);
}

void host_check_display(struct check *check)
{
	check_vnc(check);
	check_spice(check);
	check_keymap(check);
}
