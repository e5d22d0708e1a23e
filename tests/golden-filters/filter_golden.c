/* filter-golden DIRECTORY SHIPPED CASE...: writes DIRECTORY/NAME.nft for each NAME.case: the rules of the NIC tap0, or why there are
 * none; and DIRECTORY/NAME.load: the whole transaction, when the case does not name what the kernel can. */
#include <libgen.h>
#include <stdio.h>

#include "filter_case.h"

static void one(const char *directory, const char *shipped, char *path)
{
	struct filter_case c;
	struct filter_program program = { 0 };
	struct filter_nic nic = { "tap0", 2 };
	struct filter_existing existing = { 0 };
	_cleanup_free_ char *failure = NULL, *copy = xstrdup(path);
	char *name = basename(copy);

	name[strlen(name) - strlen(".case")] = '\0';
	case_read(path, shipped, &c);

	struct filter_kernel kernel = case_kernel(&c);
	_cleanup_free_ char *nft = xprintf("%s/%s.nft", directory, name),
			    *load = xprintf("%s/%s.load", directory, name);
	FILE *out = fopen(nft, "we");
	if (!out)
		case_die(nft, "cannot be written", NULL);
	if (case_compile(&c, &kernel, &nic, &program, &failure) < 0) {
		fprintf(out, "refused: %s\n", failure);
	} else {
		for (size_t i = 0; program.warnings && program.warnings[i]; i++)
			fprintf(out, "warning: %s\n", program.warnings[i]);
		_cleanup_free_ char *text = filter_program_text(&program);
		fputs(text, out);
	}
	fclose(out);
	if (program.text && !c.kernel) {
		_cleanup_filter_transaction_ struct filter_transaction *t = filter_transaction_new(&kernel);

		filter_transaction_put(t, &nic, "br0", &program, &existing);
		out = fopen(load, "we");
		if (!out)
			case_die(load, "cannot be written", NULL);
		fputs(filter_transaction_text(t), out);
		fclose(out);
	}
	filter_program_clear(&program);
	case_free(&c);
}

int main(int argc, char **argv)
{
	for (int i = 3; i < argc; i++)
		one(argv[1], argv[2], argv[i]);
	return 0;
}
