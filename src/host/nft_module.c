/* The module kvmctl-nft.so: everything that needs libnftables. It is loaded by nft.c when rules are first touched: the library
 * brings GMP, a JSON library and a parser along. It shares no symbol with the program (see nft_module.h). */
#include "host/nft_module.h"

#include <dlfcn.h>
#include <nftables/libnftables.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

extern const struct nft_module nft_module;

static char *copy(const char *text)
{
	return strdup(text ? text : "");
}

/* From a file, although a nameless one: only of files does the library say which line it refuses. */
static int run_file(struct nft_ctx *ctx, const char *commands)
{
	char path[32];
	size_t length = strlen(commands), done = 0;
	int status = -1, fd = memfd_create("rules", MFD_CLOEXEC);

	if (fd < 0)
		return -1;
	while (done < length) {
		ssize_t n = write(fd, commands + done, length - done);

		if (n <= 0)
			break;
		done += (size_t)n;
	}
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (done == length)
		status = nft_run_cmd_from_filename(ctx, path);
	close(fd);
	return status;
}

static int run(const char *commands, bool check, enum nft_format format, char **ret_output, char **ret_errors)
{
	/* A context of its own for each transaction: what one has learned of the ruleset may be old by the next. */
	struct nft_ctx *ctx = nft_ctx_new(NFT_CTX_DEFAULT);

	if (!ctx) {
		*ret_output = copy("");
		*ret_errors = copy("libnftables makes no context");
		return -1;
	}
	nft_ctx_buffer_output(ctx);
	nft_ctx_buffer_error(ctx);
	nft_ctx_set_dry_run(ctx, check);
	/* Numbers as numbers: names of protocols and ports come from files of the host. */
	nft_ctx_output_set_flags(ctx, format == NFT_TEXT   ? NFT_CTX_OUTPUT_NUMERIC_ALL
				      : format == NFT_JSON ? NFT_CTX_OUTPUT_JSON
							   : NFT_CTX_OUTPUT_JSON | NFT_CTX_OUTPUT_TERSE);

	int status = run_file(ctx, commands);

	*ret_output = copy(nft_ctx_get_output_buffer(ctx));
	*ret_errors = copy(nft_ctx_get_error_buffer(ctx));
	nft_ctx_free(ctx);
	return status == 0 ? 0 : -1;
}

static const char *library(void)
{
	Dl_info info;

	return dladdr((void *)nft_ctx_new, &info) && info.dli_fname ? info.dli_fname : "";
}

static void *hold(const char *commands, char **ret_errors)
{
	struct nft_ctx *ctx = nft_ctx_new(NFT_CTX_DEFAULT);

	*ret_errors = NULL;
	if (!ctx)
		return NULL;
	nft_ctx_buffer_output(ctx);
	nft_ctx_buffer_error(ctx);
	if (run_file(ctx, commands) == 0)
		return ctx;
	*ret_errors = copy(nft_ctx_get_error_buffer(ctx));
	nft_ctx_free(ctx);
	return NULL;
}

static void release(void *held)
{
	nft_ctx_free(held);
}

const struct nft_module nft_module = {
	.library = library,
	.run = run,
	.hold = hold,
	.release = release,
};
