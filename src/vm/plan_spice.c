/* SPICE: where it listens, how it compresses, TLS. The password is set over the monitor. */
#include "base/text.h"
#include "vm/plan_build.h"

/* What is not set is not said: QEMU's own default holds. */
static void put_if(struct json *object, const char *key, const char *value)
{
	if (!is_empty(value))
		json_put_string(object, key, value);
}

/* With TLS there is no port without it: a viewer that forgets TLS is refused, and not served in
 * the clear. */
static void listen_on(struct builder *b, struct json *spice)
{
	const char *address = is_empty(b->facts->spice_address) ? b->hv->spice_bind : b->facts->spice_address;
	bool ipv6 = strchr(address, ':');

	if (b->spec.network_port <= 0)
		problems_add(&b->problems, "network_port", "SPICE on \"%s\" needs a network_port", b->hv->spice_bind);
	json_put_string(spice, "addr", address);
	json_put_int(spice, b->hv->spice_use_tls ? "tls-port" : "port", b->spec.network_port);
	if (b->hv->spice_ip_version == 4)
		json_put_bool(spice, "ipv4", true);
	if (b->hv->spice_ip_version == 6)
		json_put_bool(spice, "ipv6", true);
	b->plan->spice = xprintf(ipv6 ? "[%s]:%lld" : "%s:%lld", address, (long long)b->spec.network_port);
}

/* As memory copies, whoever QEMU is: the key is readable by root alone, and QEMU often is not
 * root. */
static void certificate(struct builder *b, struct json *spice, const char *key, const char *path)
{
	_cleanup_free_ char *readable = NULL;

	if (is_empty(path))
		return;
	readable = build_readable(b, path, true);
	json_put_string(spice, key, readable);
}

/* The certificates are the host's, not the instance's: they stand in the settings. */
static void tls(struct builder *b, struct json *spice)
{
	const struct settings *settings = b->settings;

	if (!b->hv->spice_use_tls)
		return;
	if (is_empty(settings->spice_ca) || is_empty(settings->spice_cert) || is_empty(settings->spice_key))
		problems_add(
			&b->problems, "hvparams.spice_use_tls",
			"the settings do not say where the certificates are: set spice_tls.cacert, .cert and .key");
	certificate(b, spice, "x509-cacert-file", settings->spice_ca);
	certificate(b, spice, "x509-cert-file", settings->spice_cert);
	certificate(b, spice, "x509-key-file", settings->spice_key);
	put_if(spice, "tls-ciphers", b->hv->spice_tls_ciphers);
}

/* Without disable-ticketing nobody gets in before set_password: so the order of things cannot
 * leave a gap. */
static void password(struct builder *b, struct json *spice)
{
	struct plan_command *command;
	struct json *arguments;

	if (is_empty(b->hv->spice_password_file)) {
		json_put_bool(spice, "disable-ticketing", true);
		return;
	}
	arguments = json_new_object();
	json_put_string(arguments, "protocol", "spice");
	command = build_command(b, "set_password", arguments);
	command->secret_file = xstrdup(b->hv->spice_password_file);
	command->secret_key = "password";
}

/* Words of SPICE's own, handed on as they are; the table of parameters holds what is allowed. */
static void compression(const struct builder *b, struct json *spice)
{
	put_if(spice, "image-compression", b->hv->spice_image_compression);
	put_if(spice, "jpeg-wan-compression", b->hv->spice_jpeg_wan_compression);
	put_if(spice, "zlib-glz-wan-compression", b->hv->spice_zlib_glz_wan_compression);
	put_if(spice, "streaming-video", b->hv->spice_streaming_video);
	json_put_bool(spice, "playback-compression", b->hv->spice_playback_compression);
}

/* seamless-migration: the viewer follows a migration without a new connection. */
void plan_spice(struct builder *b)
{
	struct json *spice;

	if (!b->probe->can.spice) {
		problems_add(
			&b->problems, "hvparams.spice_bind",
			"QEMU %d.%d (\"%s\") has no SPICE: install its module (package qemu-system-modules-spice), "
			"or use VNC",
			b->probe->major, b->probe->minor, b->hv->kvm_path);
		return;
	}
	spice = json_new_object();
	listen_on(b, spice);
	tls(b, spice);
	password(b, spice);
	compression(b, spice);
	if (!b->hv->spice_use_vdagent)
		json_put_bool(spice, "agent-mouse", false);
	json_put_bool(spice, "seamless-migration", true);
	options_keyval(&b->options, "-spice", spice);
}
