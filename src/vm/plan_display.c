/* The display chapter: the graphics card, and VNC (SPICE: plan_spice.c). No password is on the
 * command line: it is set over the monitor. */
#include "base/text.h"
#include "vm/plan_build.h"

/* hvparams.vga -> device. */
static const struct {
	const char *vga, *driver;
} cards[] = {
	{ "std", "VGA" },           { "cirrus", "cirrus-vga" },  { "qxl", "qxl-vga" },
	{ "virtio", "virtio-vga" }, { "vmware", "vmware-svga" }, { "bochs", "bochs-display" },
};

/* Only at a first start: what was chosen is recorded, so that a viewer which is switched on or
 * off later (a matter of the host) does not change the guest's hardware. */
static const char *default_card(const struct builder *b)
{
	if (b->input->recorded)
		return "none";
	if (!is_empty(b->hv->spice_bind))
		return probe_has_device(b->probe, "qxl-vga") ? "qxl" : "std";
	return is_empty(b->hv->vnc_bind_address) ? "none" : "std";
}

/* Its place is slot 2 of pc and slot 1 of q35, where firmware and guests look for it first. */
static void graphics_card(struct builder *b)
{
	b->vga = is_empty(b->hv->vga) ? default_card(b) : b->hv->vga;
	if (streq(b->vga, "none"))
		return;
	for (size_t i = 0; i < ELEMENTS(cards); i++) {
		if (!streq(b->vga, cards[i].vga))
			continue;
		if (build_require(b, "hvparams.vga", b->vga, cards[i].driver))
			build_add_pci(b, PCI_VGA, false, build_device(cards[i].driver, "vga"), "hvparams.vga");
		return;
	}
	problems_add(&b->problems, "hvparams.vga",
		     "\"%s\" is no graphics card: use std, qxl, virtio, cirrus, vmware, bochs or none", b->vga);
}

/* Certificates as memory copies, under the names that QEMU looks for, in a directory that is
 * itself a descriptor: QEMU, whoever it is, can read these and nothing else. */
static int certificates(struct builder *b)
{
	static const struct {
		const char *name;
		bool optional;
	} files[] = { { "ca-cert.pem" },
		      { "server-cert.pem" },
		      { "server-key.pem" },
		      { "ca-crl.pem", true },
		      { "dh-params.pem", true } };
	int numbers[ELEMENTS(files)], directory;

	for (size_t i = 0; i < ELEMENTS(files); i++) {
		_cleanup_free_ char *path = xprintf("%s/%s", b->hv->vnc_x509_path, files[i].name);

		numbers[i] = build_fd(b, PLAN_FD_PRIVATE, path);
		build_last_fd(b)->optional = files[i].optional;
	}
	directory = build_fd(b, PLAN_FD_DIR, ".keys");
	for (size_t i = 0; i < ELEMENTS(files); i++)
		build_link(b, files[i].name, numbers[i]);
	return directory;
}

/* Certificates where there are some, else anonymous Diffie-Hellman, as Ganeti has it. */
static void vnc_credentials(struct builder *b, struct json *vnc)
{
	bool x509 = !is_empty(b->hv->vnc_x509_path);
	struct json *object;

	if (!b->hv->vnc_tls)
		return;
	object = json_new_object();
	json_put_string(object, "qom-type", x509 ? "tls-creds-x509" : "tls-creds-anon");
	json_put_string(object, "id", "vnc-tls");
	json_put_string(object, "endpoint", "server");
	if (x509)
		json_put_stringf(object, "dir", "/proc/self/fd/%d", certificates(b));
	json_put_bool(object, "verify-peer", x509 && b->hv->vnc_x509_verify);
	options_json(&b->options, OPTION_OBJECT, object);
	json_put_string(vnc, "tls-creds", "vnc-tls");
}

/* The socket that is handed over before the command, by the name that it is given then. */
static struct json *listening_address(void)
{
	struct json *addresses = json_new_array(), *address = json_new_object();

	json_put_string(address, "type", "fd");
	json_put_string(address, "str", PLAN_LISTEN_FDNAME);
	json_append(addresses, address);
	return addresses;
}

/* A UNIX socket: ours, handed over when QEMU runs, so that QEMU makes no file in a directory of
 * others. Before 7.0 QEMU must make it. */
static void vnc_unix(struct builder *b, struct json *vnc)
{
	_cleanup_free_ char *path = xprintf("%s/%s.vnc", b->hv->vnc_bind_address, b->spec.name);
	struct plan_command *command;
	struct json *arguments;

	b->plan->vnc = xprintf("unix:%s", path);
	if (!b->probe->can.display_update) {
		json_put_stringf(vnc, "", "unix:%s", path);
		return;
	}
	json_put_string(vnc, "", "none");
	arguments = json_new_object();
	json_put_string(arguments, "type", "vnc");
	json_put(arguments, "addresses", listening_address());
	command = build_command(b, "display-update", arguments);
	command->listen_fd = true;
	command->path = xstrdup(path);
}

/* On the command line: an address of TCP needs no rights, and QEMU's own error says best that
 * it is taken. */
static void vnc_tcp(struct builder *b, struct json *vnc)
{
	const char *address = is_empty(b->facts->vnc_address) ? b->hv->vnc_bind_address : b->facts->vnc_address;
	bool ipv6 = strchr(address, ':');
	int64_t display = b->spec.network_port - VNC_FIRST_PORT;

	if (display <= 0) {
		problems_add(
			&b->problems, "network_port",
			"VNC on \"%s\" needs a network_port above %d (it is %lld): the display is the port minus %d",
			b->hv->vnc_bind_address, VNC_FIRST_PORT, (long long)b->spec.network_port, VNC_FIRST_PORT);
		return;
	}
	json_put_stringf(vnc, "", ipv6 ? "[%s]:%lld" : "%s:%lld", address, (long long)display);
	b->plan->vnc = xprintf(ipv6 ? "[%s]:%lld" : "%s:%lld", address, (long long)b->spec.network_port);
}

/* password=on without a password lets nobody in: a start that fails half-way leaves nothing
 * open. */
static void vnc_password(struct builder *b, struct json *vnc)
{
	struct plan_command *command;
	struct json *arguments;

	if (is_empty(b->hv->vnc_password_file))
		return;
	json_put_bool(vnc, "password", true);
	arguments = json_new_object();
	json_put_string(arguments, "protocol", "vnc");
	command = build_command(b, "set_password", arguments);
	command->secret_file = xstrdup(b->hv->vnc_password_file);
	command->secret_key = "password";
}

/* The viewer's side only; the guest's is the graphics card. */
static void vnc_display(struct builder *b)
{
	struct json *vnc = json_new_object();

	json_put_string(vnc, "", "none");
	/* The password before the socket: nobody connects before it is set. */
	vnc_password(b, vnc);
	if (b->hv->vnc_bind_address[0] == '/')
		vnc_unix(b, vnc);
	else
		vnc_tcp(b, vnc);
	vnc_credentials(b, vnc);
	options_keyval(&b->options, "-vnc", vnc);
}

void plan_display(struct builder *b)
{
	/* Whatever the binary shows by default (a window, VNC on a port of its own), it does
	 * not. */
	options_text(&b->options, "-display", "none");
	graphics_card(b);
	if (!is_empty(b->hv->vnc_bind_address))
		vnc_display(b);
	if (!is_empty(b->hv->spice_bind))
		plan_spice(b);
	if (!b->plan->vnc)
		b->plan->vnc = xstrdup("");
	if (!b->plan->spice)
		b->plan->spice = xstrdup("");
	if (!is_empty(b->hv->keymap))
		options_text(&b->options, "-k", "%s", b->hv->keymap);
}
