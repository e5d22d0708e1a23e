/* nftables transactions: running one, and telling which line was refused and why. What speaks to the kernel is in kvmctl-nft.so. */
#include "host/nft.h"

#include <ctype.h>
#include <sys/stat.h>

#include "base/module.h"
#include "base/text.h"
#include "host/nft_module.h"

/* Of a command that is refused: a set with ten thousand elements is one line. */
#define COMMAND_SHOWN 200

void nft_failure_clear(struct nft_failure *failure)
{
	free(failure->command);
	free(failure->reason);
	*failure = (struct nft_failure){ 0 };
}

static char *line_of(const char *text, size_t number)
{
	for (; number > 1 && text; number--) {
		text = strchr(text, '\n');
		if (text)
			text++;
	}
	if (!text)
		return NULL;

	_cleanup_free_ char *line = xstrndup(text, strcspn(text, "\n"));
	return text_trim(line);
}

/* nft says "/proc/self/fd/5:3:12-20: Error: could not ...", then shows the line and points at the place. */
static struct nft_failure failure_of(const char *text, const char *errors)
{
	struct nft_failure failure = { 0 };
	const char *error = strstr(errors, "Error: ");
	const char *at = strchr(errors, ':');

	if (!error) {
		failure.reason = text_one_line(errors, strlen(errors), COMMAND_SHOWN);
		return failure;
	}
	for (const char *p = at && at < error ? at + 1 : ""; isdigit((unsigned char)*p); p++)
		failure.line = failure.line * 10 + (size_t)(*p - '0');
	error += strlen("Error: ");
	failure.reason = text_one_line(error, strcspn(error, "\n"), COMMAND_SHOWN);
	if (failure.line > 0)
		failure.command = line_of(text, failure.line);
	return failure;
}

static int refused(const char *text, const char *errors, struct nft_failure *ret, struct error *err)
{
	struct nft_failure failure = failure_of(text, errors);
	const char *command = failure.command ? failure.command : "";
	_cleanup_free_ char *shown = text_one_line(command, strlen(command), COMMAND_SHOWN);

	if (*shown)
		error_set(err, ERROR_HOST, "nftables refused line %zu (\"%s\"): %s", failure.line, shown,
			  failure.reason);
	else
		error_set(err, ERROR_HOST, "nftables refused: %s",
			  is_empty(failure.reason) ? "no reason given" : failure.reason);
	if (strstr(failure.reason, "Operation not permitted"))
		error_hint(err, "this needs the capability CAP_NET_ADMIN: run as root");
	if (ret) {
		nft_failure_clear(ret);
		*ret = failure;
	} else {
		nft_failure_clear(&failure);
	}
	return -1;
}

static int run(const char *text, bool check, enum nft_format format, char **ret_output, struct nft_failure *failure,
	       struct error *err)
{
	const void *symbol;
	_cleanup_free_ char *output = NULL, *errors = NULL;

	if (module_load("nft", "nft_module", &symbol, err) < 0)
		return -1;

	const struct nft_module *module = symbol;
	int status = module->run(text, check, format, &output, &errors);

	if (status < 0)
		return refused(text, errors ? errors : "", failure, err);
	if (ret_output)
		*ret_output = take_ptr(output);
	return 0;
}

int nft_load(const char *text, struct nft_failure *failure, struct error *err)
{
	return run(text, false, NFT_TEXT, NULL, failure, err);
}

int nft_check(const char *text, struct nft_failure *failure, struct error *err)
{
	return run(text, true, NFT_TEXT, NULL, failure, err);
}

int nft_list(const char *what, enum nft_format format, char **ret, struct error *err)
{
	_cleanup_free_ char *command = xprintf("list %s", what);

	return run(command, false, format, ret, NULL, err);
}

int nft_identity(char **ret, struct error *err)
{
	const void *symbol;
	struct stat st = { 0 };

	if (module_load("nft", "nft_module", &symbol, err) < 0)
		return -1;

	const char *library = ((const struct nft_module *)symbol)->library();

	if (stat(library, &st) < 0)
		return error_errno(err, ERROR_HOST, errno, "cannot look at the library \"%s\"", library);
	*ret = xprintf("%s:%jx.%jx.%jx.%jx.%lx", library, (uintmax_t)st.st_dev, (uintmax_t)st.st_ino,
		       (uintmax_t)st.st_size, (uintmax_t)st.st_mtim.tv_sec, (unsigned long)st.st_mtim.tv_nsec);
	return 0;
}

/* --- held --- */

struct nft_held {
	const struct nft_module *module;
	void *context;
};

int nft_hold(const char *text, struct nft_held **ret, struct error *err)
{
	const void *symbol;
	_cleanup_free_ char *errors = NULL;

	if (module_load("nft", "nft_module", &symbol, err) < 0)
		return -1;

	const struct nft_module *module = symbol;
	void *context = module->hold(text, &errors);

	if (!context)
		return refused(text, errors ? errors : "", NULL, err);
	*ret = xcalloc(1, sizeof(**ret));
	**ret = (struct nft_held){ module, context };
	return 0;
}

void nft_release(struct nft_held **held)
{
	if (!*held)
		return;
	(*held)->module->release((*held)->context);
	free(*held);
	*held = NULL;
}
