/* kvmctl migration check and accept: the info document is read, all that the guest needs is looked for, and then a QEMU waits for it, or waits again. */
#include "ops/verbs.h"

#include <string.h>
#include <sys/random.h>

#include "base/text.h"
#include "ops/act_incoming.h"
#include "ops/act_migration_check.h"
#include "ops/act_migration_document.h"
#include "ops/act_recover.h"

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

int op_migration_check(struct context *context, const char *name, const char *info_file, const char *listen,
		       struct migration_verdict *ret, struct error *err)
{
	_cleanup_migration_info_ struct migration_info *info = NULL;

	if (instance_name_check(name, err) < 0 || act_migration_document(context, name, info_file, &info, err) < 0)
		return -1;
	return act_migration_check(context, info, listen, ret, err);
}

/* The words of the request: the same ones again are a repetition. */
static char *what_is_asked(const struct migration_info *info, const char *listen)
{
	_cleanup_json_ struct json *document = migration_info_to_json(info);
	_cleanup_free_ char *text = json_to_text(document), *all = xprintf("%s\n%s", listen ? listen : "", text);

	return text_digest(all, strlen(all));
}

/* What the check finds is said all at once, where a start would stop at the first of it. */
static int accept_anew(struct context *context, const struct accept_request *request, struct migration_info *info,
		       struct accept_result *ret, struct error *err)
{
	_cleanup_(migration_verdict_clear) struct migration_verdict verdict = { 0 };

	if (act_migration_check(context, info, request->listen, &verdict, err) < 0)
		return -1;
	info->terms.tls = verdict.tls;
	return act_accept(context, request, ret, err);
}

int op_migration_accept(struct context *context, const char *name, const char *info_file, const char *listen,
			struct accept_result *ret, struct error *err)
{
	_cleanup_migration_info_ struct migration_info *info = NULL;
	_cleanup_free_ char *asked = NULL;
	_cleanup_close_ int lock = -1;
	char id[37];
	int again;

	if (instance_name_check(name, err) < 0 || act_migration_document(context, name, info_file, &info, err) < 0 ||
	    rundir_lock(&context->rundir, name, "migration accept", context->wait, &lock, err) < 0)
		return -1;
	new_id(id);
	asked = what_is_asked(info, listen);
	const struct accept_request request = { info, id, listen, asked, true };

	again = act_accept_again(context, &request, ret, err);
	return again != 0 ? (again < 0 ? -1 : 0) : accept_anew(context, &request, info, ret, err);
}

int op_migration_recover(struct context *context, const char *name, char **ret, struct error *err)
{
	_cleanup_close_ int lock = -1;

	if (instance_name_check(name, err) < 0 ||
	    rundir_lock(&context->rundir, name, "migration accept", context->wait, &lock, err) < 0)
		return -1;
	return act_recover(context, name, ret, err);
}
