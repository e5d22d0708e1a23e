/* Syntax checks: VNC, SPICE, keyboard, sound, graphics, USB. */
#include "vm/checks.h"

#include <string.h>

#include "base/strv.h"
#include "base/text.h"
#include "vm/value.h"

static bool is_listen_address(const char *s)
{
	return text_ip_version(s) || text_is_interface(s);
}

void check_vnc_bind_address(const struct spec *spec, const char *path, struct problems *problems)
{
	const char *address = spec->hv.vnc_bind_address;
	if (!*address || *address == '/')
		return;
	if (!is_listen_address(address))
		problems_add(problems, path,
			     "\"%s\" is neither an IP address, nor an interface, nor an absolute directory", address);
	else if (spec->network_port <= VNC_FIRST_PORT)
		problems_add(problems, path,
			     "needs a network_port above %d (the display is network_port - %d), but it is %lld",
			     VNC_FIRST_PORT, VNC_FIRST_PORT, (long long)spec->network_port);
}

void check_vnc_x509_verify(const struct spec *spec, const char *path, struct problems *problems)
{
	if (spec->hv.vnc_x509_verify && !*spec->hv.vnc_x509_path)
		problems_add(problems, path, "needs vnc_x509_path");
}

void check_spice_bind(const struct spec *spec, const char *path, struct problems *problems)
{
	const char *address = spec->hv.spice_bind;
	if (!*address)
		return;
	if (*spec->hv.vnc_bind_address)
		problems_add(problems, path, "cannot be together with vnc_bind_address; choose SPICE or VNC");
	if (!is_listen_address(address))
		problems_add(problems, path, "\"%s\" is neither an IP address nor an interface", address);
	else if (spec->network_port == 0)
		problems_add(problems, path, "needs a network_port to listen on");
}

/* The option at `path` says nothing without SPICE. The value counts, not that it is written: a cluster
 * manager writes every parameter. */
void check_needs_spice(const struct spec *spec, const char *path, struct problems *problems)
{
	const char *dot = strrchr(path, '.');
	const struct param_row *row = param_find(dot ? dot + 1 : path);
	size_t i = (size_t)(row - param_rows);
	_cleanup_free_ char *value = hvparams_text(&spec->hv, (enum hvparam)i);
	if (!*spec->hv.spice_bind && spec->hv.given[i] && !streq(value, row->fallback))
		problems_add(problems, path, "needs spice_bind");
}

void check_spice_ip_version(const struct spec *spec, const char *path, struct problems *problems)
{
	int version = text_ip_version(spec->hv.spice_bind);
	check_needs_spice(spec, path, problems);
	if (version && spec->hv.spice_ip_version && version != spec->hv.spice_ip_version)
		problems_add(problems, path, "%lld does not fit spice_bind \"%s\", an IPv%d address",
			     (long long)spec->hv.spice_ip_version, spec->hv.spice_bind, version);
}

/* A word: it becomes a part of QEMU's command line, and of a path. */
void check_keymap(const struct spec *spec, const char *path, struct problems *problems)
{
	if (*spec->hv.keymap && !check_is_word(spec->hv.keymap, "-_"))
		problems_add(problems, path, "\"%s\" cannot be a keymap (de, en-us, pt-br)", spec->hv.keymap);
}

/* Every item of a list separated by commas must be a word. */
static void check_items(const char *list, const char *more, const char *what, const char *path,
			struct problems *problems)
{
	_cleanup_strv_ char **items = strv_split(list, ',');
	for (size_t i = 0; items && items[i]; i++)
		if (!check_is_word(items[i], more))
			problems_add(problems, path, "\"%s\" cannot be %s", items[i], what);
}

void check_soundhw(const struct spec *spec, const char *path, struct problems *problems)
{
	check_items(spec->hv.soundhw, "-_", "a sound card", path, problems);
}

void check_usb_devices(const struct spec *spec, const char *path, struct problems *problems)
{
	check_items(spec->hv.usb_devices, "-_.:=", "a USB device", path, problems);
}

void check_vga(const struct spec *spec, const char *path, struct problems *problems)
{
	if (*spec->hv.vga && !check_is_word(spec->hv.vga, "-_"))
		problems_add(problems, path,
			     "\"%s\" cannot be a graphics card (std, qxl, virtio, cirrus, vmware, none)", spec->hv.vga);
}
