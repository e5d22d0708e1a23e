/* The migration chapter: the credentials with which QEMU encrypts its streams.
 *
 * They are made at every start: a guest that is to be moved one day must be able to, and a QEMU without rights (another uid, a
 * chroot) can be given keys only while it starts. */
#include "base/text.h"
#include "vm/migration_tls.h"
#include "vm/plan_build.h"

/* The names that QEMU looks for; one certificate of the host serves both ends. */
static const struct {
	size_t offset;
	const char *name, *server_name;
	bool optional;
} files[] = {
	{ offsetof(struct settings, migration_ca), "ca-cert.pem", NULL, false },
	{ offsetof(struct settings, migration_crl), "ca-crl.pem", NULL, true },
	{ offsetof(struct settings, migration_cert), "client-cert.pem", "server-cert.pem", false },
	{ offsetof(struct settings, migration_key), "client-key.pem", "server-key.pem", false },
};

/* Memory copies behind descriptors, in a directory that is one as well: as for VNC. */
static int certificates(struct builder *b)
{
	int numbers[ELEMENTS(files)], directory;

	for (size_t i = 0; i < ELEMENTS(files); i++) {
		const char *path = *(char *const *)((const char *)b->settings + files[i].offset);

		numbers[i] = is_empty(path) ? -1 : build_fd(b, PLAN_FD_PRIVATE, path);
		if (numbers[i] >= 0)
			build_last_fd(b)->optional = files[i].optional;
	}
	directory = build_fd(b, PLAN_FD_DIR, ".migration-keys");
	for (size_t i = 0; i < ELEMENTS(files); i++) {
		if (numbers[i] < 0)
			continue;
		build_link(b, files[i].name, numbers[i]);
		if (files[i].server_name && b->input->incoming)
			build_link(b, files[i].server_name, numbers[i]);
	}
	return directory;
}

static void credentials(struct builder *b, const char *id, const char *endpoint, int directory)
{
	struct json *object = json_new_object();

	json_put_string(object, "qom-type", "tls-creds-x509");
	json_put_string(object, "id", id);
	json_put_string(object, "endpoint", endpoint);
	json_put_stringf(object, "dir", "/proc/self/fd/%d", directory);
	json_put_bool(object, "verify-peer", true);
	options_json(&b->options, OPTION_OBJECT, object);
}

void plan_migration(struct builder *b)
{
	int directory;

	if (!migration_tls_configured(b->settings))
		return;
	if (!probe_has_object(b->probe, "tls-creds-x509")) {
		build_warning(b, "QEMU %d.%d (\"%s\") is built without TLS: it moves without", b->probe->major,
			      b->probe->minor, b->hv->kvm_path);
		return;
	}
	directory = certificates(b);
	credentials(b, MIGRATION_TLS_CLIENT, "client", directory);
	if (b->input->incoming)
		credentials(b, MIGRATION_TLS_SERVER, "server", directory);
}
