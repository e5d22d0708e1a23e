/* kvmctl migration accept: the info document is read, then a QEMU waits for the guest. */
#include "ops/verbs.h"

#include <fcntl.h>
#include <sys/random.h>

#include "base/file.h"
#include "base/text.h"
#include "ops/act_incoming.h"

#define INFO_MAX_BYTES (8 * 1024 * 1024)
#define INFO_MAX_DEPTH 80 /* a spec of 64 levels inside its own */

static int read_text(const char *file, char **ret, size_t *ret_length, struct error *err)
{
	if (streq(file, "-"))
		return file_read_fd(STDIN_FILENO, "the info document on standard input", INFO_MAX_BYTES, ret,
				    ret_length, err);
	return file_read_at(AT_FDCWD, file, INFO_MAX_BYTES, ret, ret_length, err);
}

static int read_info(const char *file, struct migration_info **ret, struct error *err)
{
	_cleanup_json_ struct json *document = NULL;
	_cleanup_free_ char *text = NULL;
	size_t length;

	if (read_text(file, &text, &length, err) < 0 ||
	    json_parse(text, length, INFO_MAX_BYTES, INFO_MAX_DEPTH, "the info document", &document, err) < 0)
		return -1;
	return migration_info_from_json(document, ret, err);
}

/* RFC 4122, version 4. */
static void new_id(char ret[37])
{
	unsigned char b[16] = { 0 };

	/* Without random bytes it is one that says little: it is for people who compare two hosts. */
	if (getrandom(b, sizeof(b), GRND_NONBLOCK) < 0)
		memset(b, 0, sizeof(b));
	b[6] = (unsigned char)((b[6] & 0x0f) | 0x40);
	b[8] = (unsigned char)((b[8] & 0x3f) | 0x80);
	snprintf(ret, 37, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0], b[1], b[2],
		 b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14], b[15]);
}

int op_migration_accept(struct context *context, const char *name, const char *info_file, const char *listen,
			struct accept_result *ret, struct error *err)
{
	_cleanup_migration_info_ struct migration_info *info = NULL;
	_cleanup_close_ int lock = -1;
	char id[37];

	if (instance_name_check(name, err) < 0 || read_info(info_file, &info, err) < 0)
		return -1;
	if (!streq(info->name, name))
		return error_set(err, ERROR_USAGE, "the info document is about \"%s\", not \"%s\"", info->name, name);
	if (rundir_lock(&context->rundir, name, "migration accept", context->wait, &lock, err) < 0)
		return -1;
	new_id(id);
	const struct accept_request request = { .info = info, .id = id, .listen = listen, .managed = true };
	return act_accept(context, &request, ret, err);
}
