/* Names of chains and sets, and the mark's field. */
#include <ctype.h>
#include <inttypes.h>

#include "base/text.h"
#include "vm/filter_compile_internal.h"

static void put_escaped(FILE *out, const char *s)
{
	for (; *s; s++) {
		if (isalnum((unsigned char)*s) || *s == '-' || *s == '_')
			fputc(*s, out);
		else
			fprintf(out, ".%02x", (unsigned char)*s);
	}
}

char *compile_name(const char *prefix, const char *interface, const char *chain)
{
	char *name = NULL;
	size_t size;
	FILE *out = open_memstream(&name, &size);

	if (!out)
		abort();
	fprintf(out, "%s-", prefix);
	put_escaped(out, interface);
	if (chain) {
		fputc('/', out);
		put_escaped(out, chain);
	}
	fclose(out);
	return name;
}

char *compile_name_digest(const char *interface, const struct filter_program *program)
{
	_cleanup_free_ char *digest = xprintf("%016" PRIx64, filter_program_digest(program));

	return compile_name("is", interface, digest);
}

char *compile_name_unescape(const char *escaped)
{
	char *name = xstrdup(escaped), *to = name;
	unsigned char c;

	for (const char *s = escaped; *s; s++) {
		if (*s == '.' && sscanf(s + 1, "%2hhx", &c) == 1 && s[1] && s[2]) {
			*to++ = (char)c;
			s += 2;
		} else {
			*to++ = *s;
		}
	}
	*to = '\0';
	return name;
}

/* No '-' is in it: compile_name_interface() knows by that that it is of no NIC. */
char *filter_group_set(const char *group, enum filter_family family)
{
	char *name = NULL;
	size_t size;
	FILE *out = open_memstream(&name, &size);

	if (!out)
		abort();
	fprintf(out, "group%d/", family == FILTER_FAMILY_IPV6 ? 6 : 4);
	for (; *group; group++) {
		if (isalnum((unsigned char)*group) || *group == '_')
			fputc(*group, out);
		else
			fprintf(out, ".%02x", (unsigned char)*group);
	}
	fclose(out);
	return name;
}

char *filter_group_of_set(const char *set, enum filter_family *ret_family)
{
	const char *slash = strchr(set, '/');

	*ret_family = starts_with(set, "group6/") ? FILTER_FAMILY_IPV6 : FILTER_FAMILY_IPV4;
	return compile_name_unescape(slash ? slash + 1 : set);
}

const char *filter_group_type(const char *set)
{
	return starts_with(set, "group6/") ? "ipv6_addr" : "ipv4_addr";
}

char *compile_name_interface(const char *name)
{
	const char *escaped = strchr(name, '-');

	return escaped ? xstrndup(escaped + 1, strcspn(escaped + 1, "/")) : NULL;
}

char *filter_thing_interface(const char *name)
{
	_cleanup_free_ char *escaped = compile_name_interface(name);

	return escaped ? compile_name_unescape(escaped) : NULL;
}

int filter_interface_check(const char *interface, struct error *err)
{
	size_t length = strlen(interface);

	if (length == 0 || length > 15)
		return error_set(err, ERROR_SPEC, "\"%s\" is no name of a network interface: 1 to 15 characters",
				 interface);
	/* What is known of it is a file of that name (vm/filter_binding.h). */
	if (interface[0] == '.')
		return error_set(err, ERROR_SPEC, "the interface \"%s\" cannot be filtered: its name begins with a dot",
				 interface);
	/* A '*' at the end would be a pattern to nft. */
	for (const char *s = interface; *s; s++)
		if (!isgraph((unsigned char)*s) || strchr("\"\\*/", *s))
			return error_set(err, ERROR_SPEC,
					 "the interface \"%s\" cannot be filtered: its name has a character that "
					 "nftables does not take",
					 interface);
	return 0;
}

unsigned mark_shift(uint32_t mask)
{
	return mask ? (unsigned)__builtin_ctz(mask) : 0;
}

unsigned mark_bits(uint32_t mask)
{
	return (unsigned)__builtin_popcount(mask);
}
