/* A program in place of another one that differs in the rules of some chains: only those are written. A change of one filter in a tree of
 * ten is a tenth of the work for the kernel, and the other rules keep their counters. */
#include "base/strv.h"
#include "base/text.h"
#include "vm/filter_compile.h"
#include "vm/filter_compile_internal.h"

/* A piece of a program's text: a chain with its rules, or a line of anything else. */
struct piece {
	const char *text;
	size_t length;
	bool is_chain;
};

static size_t line_length(const char *text)
{
	const char *end = strchr(text, '\n');

	return end ? (size_t)(end - text) + 1 : strlen(text);
}

static bool next(const char **text, struct piece *ret)
{
	const char *end = *text;

	if (!*end)
		return false;
	*ret = (struct piece){ .text = end, .is_chain = starts_with(end, "\tchain ") };
	end += line_length(end);
	while (ret->is_chain && *end && !starts_with(end, "\t}\n"))
		end += line_length(end);
	if (ret->is_chain)
		end += line_length(end);
	ret->length = (size_t)(end - *text);
	*text = end;
	return true;
}

static bool same(const struct piece *a, const struct piece *b)
{
	return a->length == b->length && memcmp(a->text, b->text, a->length) == 0;
}

/* Their first lines say which chain it is. */
static bool same_chain(const struct piece *a, const struct piece *b)
{
	size_t length = line_length(a->text);

	return a->is_chain && b->is_chain && line_length(b->text) == length && memcmp(a->text, b->text, length) == 0;
}

/* Of "\tchain NAME {". */
static void write_chain(FILE *out, const char *family, const struct piece *chain)
{
	const char *name = chain->text + strlen("\tchain ");
	int length = (int)strcspn(name, " ");

	fprintf(out, "flush chain %s kvmctl %.*s\ntable %s kvmctl {\n%.*s}\n", family, length, name, family,
		(int)chain->length, chain->text);
}

/* False: more than rules of chains differs. */
static bool write_difference(FILE *out, const char *before, const char *after)
{
	struct piece old, new;
	const char *family = "bridge";

	while (next(&before, &old)) {
		if (!next(&after, &new))
			return false;
		if (starts_with(new.text, "table "))
			family = starts_with(new.text, "table inet") ? "inet" : "bridge";
		if (same(&old, &new))
			continue;
		if (!same_chain(&old, &new))
			return false;
		write_chain(out, family, &new);
	}
	return !*after;
}

static bool same_names(char *const *a, char *const *b)
{
	_cleanup_free_ char *x = strv_join(a, "\n"), *y = strv_join(b, "\n");

	return streq(x, y);
}

bool filter_transaction_change(struct filter_transaction *transaction, const struct filter_nic *nic,
			       const struct filter_program *before, const struct filter_program *program)
{
	_cleanup_free_ char *old = compile_name_digest(nic->interface, before),
			    *new = compile_name_digest(nic->interface, program), *text = NULL;
	size_t size;
	FILE *out;
	bool done;

	if (!same_names(before->chains, program->chains) || !same_names(before->sets, program->sets) ||
	    !same_names(before->lists, program->lists) || !same_names(before->groups, program->groups) ||
	    !same_names(before->inet_chains, program->inet_chains) ||
	    !same_names(before->inet_sets, program->inet_sets))
		return false;
	out = open_memstream(&text, &size);
	if (!out)
		abort();
	done = write_difference(out, before->text, program->text);
	fprintf(out, "add chain bridge kvmctl %s\ndelete chain bridge kvmctl %s\nadd chain bridge kvmctl %s\n", old,
		old, new);
	fclose(out);
	if (done)
		filter_transaction_add(transaction, text);
	return done;
}
