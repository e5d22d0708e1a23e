/* Reading golden cases. */
#include "golden/golden_case.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/file.h"
#include "base/text.h"

void golden_die(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vfprintf(stderr, format, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(2);
}

/* The text with each @DIR@ replaced. */
static char *substitute(const char *text, const char *directory)
{
	char *result = NULL;
	size_t size;
	FILE *out = open_memstream(&result, &size);

	for (const char *at; (at = strstr(text, "@DIR@")); text = at + strlen("@DIR@"))
		fprintf(out, "%.*s%s", (int)(at - text), text, directory);
	fputs(text, out);
	fclose(out);
	return result;
}

static struct json *read_json(const char *file, const char *directory, size_t max)
{
	_cleanup_free_ char *text = NULL, *replaced = NULL;
	struct error err = ERROR_INIT;
	struct json *document;

	if (file_read_at(-100 /* AT_FDCWD */, file, max, &text, NULL, &err) < 0)
		golden_die("%s: %s", file, err.message);
	replaced = directory ? substitute(text, directory) : xstrdup(text);
	if (json_parse(replaced, strlen(replaced), max, 64, file, &document, &err) < 0)
		golden_die("%s: %s", file, err.message);
	return document;
}

struct probe *golden_probe(const char *fixture)
{
	_cleanup_json_ struct json *answers = read_json(fixture, NULL, 16 * 1024 * 1024);
	struct error err = ERROR_INIT;
	struct probe *probe;

	if (probe_from_answers(answers, &probe, &err) < 0)
		golden_die("%s: %s", fixture, err.message);
	return probe;
}

static struct disk_facts read_disk(const struct disk *disk, const struct json *document)
{
	struct json *layers = json_get(document, "layers");
	struct disk_facts facts = { .n = json_length(layers),
				    .shared_fs = json_get_bool(document, "shared_fs", false) };

	if (!facts.n) {
		facts.layers = xcalloc(1, sizeof(*facts.layers));
		facts.layers[facts.n++] = (struct disk_layer){
			.path = xstrdup(disk->path),
			.format = xstrdup(disk->format),
			.block_device = starts_with(disk->path, "/dev/"),
		};
		return facts;
	}
	facts.layers = xcalloc(facts.n, sizeof(*facts.layers));
	for (size_t i = 0; i < facts.n; i++)
		facts.layers[i] = (struct disk_layer){
			.path = xstrdup(json_get_string(json_at(layers, i), "path", "")),
			.format = xstrdup(json_get_string(json_at(layers, i), "format", "raw")),
			.block_device = json_get_bool(json_at(layers, i), "block_device", false),
		};
	return facts;
}

static void read_facts(struct facts *facts, const struct spec *spec, const struct json *document)
{
	struct json *disks = json_get(document, "disks");

	*facts = (struct facts){
		.n_disks = spec->n_disks,
		.disks = xcalloc(spec->n_disks + 1, sizeof(*facts->disks)),
		.as_root = json_get_bool(document, "as_root", true),
		.kvm = json_get_bool(document, "kvm", true),
		.kvm_why = xstrdup(json_get_string(document, "kvm_why", "")),
		.vhost_net = json_get_bool(document, "vhost_net", true),
		.tap_vnet_hdr = json_get_bool(document, "tap_vnet_hdr", true),
		.tap_multi_queue = json_get_bool(document, "tap_multi_queue", true),
		.vnc_address = xstrdup(json_get_string(document, "vnc_address", "")),
		.spice_address = xstrdup(json_get_string(document, "spice_address", "")),
		.firmware_code = xstrdup(json_get_string(document, "firmware_code", "/usr/share/OVMF/OVMF_CODE_4M.fd")),
		.firmware_vars = xstrdup(json_get_string(document, "firmware_vars", "/usr/share/OVMF/OVMF_VARS_4M.fd")),
		.uid = 610000,
		.gid = 610000,
		.kvm_gid = 106,
	};
	for (size_t i = 0; i < spec->n_disks; i++)
		facts->disks[i] = read_disk(&spec->disks[i], json_at(disks, i));
}

static void read_settings(struct golden_case *c)
{
	struct json *own = json_get(c->document, "settings");
	_cleanup_free_ char *text = own ? json_to_text(own) : xstrdup("{}");
	struct error err = ERROR_INIT;

	if (settings_parse(text, strlen(text), "settings", true, &c->settings, &err) < 0)
		golden_die("settings: %s", err.message);
}

void golden_read(struct golden_case *c, const char *file, const char *directory, const struct probe *probe,
		 const char *without, struct error *ret_error)
{
	struct json *recorded, *spec;
	struct error err = ERROR_INIT;

	*c = (struct golden_case){ .document = read_json(file, directory, 1024 * 1024) };
	c->title = json_get_string(c->document, "title", "");
	read_settings(c);
	/* An example is a bare spec. */
	spec = json_get(c->document, "spec") ? json_get(c->document, "spec") : c->document;
	if (without)
		json_remove(json_get(spec, "hvparams"), without);
	if (spec_from_json(spec, "spec", NULL, c->settings, &c->spec, ret_error) < 0)
		return;
	read_facts(&c->facts, c->spec, json_get(c->document, "facts"));
	recorded = json_get(c->document, "recorded");
	if (recorded && hardware_from_json(recorded, &c->recorded, &err) < 0)
		golden_die("%s: %s", file, err.message);
	c->chroot = xprintf("%s/chroot", directory);
	c->variables = xprintf("%s/variables.fd", directory);
	c->input = (struct plan_input){
		.spec = c->spec,
		.settings = c->settings,
		.probe = probe,
		.facts = &c->facts,
		.recorded = recorded ? &c->recorded : NULL,
		.paths = { .chroot = c->chroot, .variables = c->variables, .ctrl_dir = directory },
		.allow_unsafe_cache = json_get_bool(c->document, "allow_unsafe_cache", false),
		.incoming = json_get_bool(c->document, "incoming", false),
	};
}

void golden_free(struct golden_case *c)
{
	facts_free(&c->facts);
	hardware_free(&c->recorded);
	spec_free(c->spec);
	settings_free(c->settings);
	json_free(c->document);
	free(c->chroot);
	free(c->variables);
}
