/* Cases about filters: files of lines and filters as XML. Shared by tests/golden-filters and tests/net/frames.
 *
 *   # what is shown                   a comment
 *   covers NWF-90 ATT-3               ids of the requirements that this is about
 *   kernel bridge_ct bridge_reject    what the kernel can; without: what the real one can, or all but those two
 *   parameter IP=10.0.0.1             of the NIC; again for a list
 *   filter NAME                       the NIC's filter; without: the first of the file
 *   <filter ...                       up to </filter>: a definition
 *   secgroup {"name": ...}            a security group, on one line
 *   groups NAME...                    those of the NIC
 *   ...                               other lines: the caller's
 */
#ifndef KVMCTL_TESTS_FILTER_CASE_H
#define KVMCTL_TESTS_FILTER_CASE_H

#include "base/file.h"
#include "base/strv.h"
#include "base/text.h"
#include "vm/filter_compile.h"
#include "vm/filter_json.h"
#include "vm/secgroup_filter.h"

struct filter_case {
	const char *path, *shipped; /* shipped: directory of definitions that are not in the file */
	struct filter **filters;
	size_t n_filters;
	struct filter_reference parameters; /* only its parameters */
	char *top;
	char **kernel;
	char **groups;
	char **rest; /* other lines, "NUMBER LINE" */
};

static inline void case_die(const char *path, const char *what, struct error *err)
{
	fprintf(stderr, "%s: %s%s%s%s%s\n", path, what, err && err->message ? ": " : "",
		err && err->message ? err->message : "", err && err->hint ? "; " : "",
		err && err->hint ? err->hint : "");
	exit(1);
}

static inline const struct filter *case_find(void *arg, const char *name, struct error *err)
{
	struct filter_case *c = arg;

	for (size_t i = 0; i < c->n_filters; i++)
		if (streq(c->filters[i]->name, name))
			return c->filters[i];

	_cleanup_free_ char *path = xprintf("%s/%s.xml", c->shipped ? c->shipped : ".", name);
	_cleanup_free_ char *text = NULL;
	size_t length;
	FILE *in = fopen(path, "re");
	if (!in)
		return NULL;
	FILE *out = open_memstream(&text, &length);
	for (int ch; (ch = fgetc(in)) != EOF;)
		fputc(ch, out);
	fclose(in);
	fclose(out);
	grow_array(c->filters, c->n_filters);
	if (filter_parse(text, length, path, &c->filters[c->n_filters], err) < 0)
		return NULL;
	return c->filters[c->n_filters++];
}

static inline void case_parameter(struct filter_case *c, const char *text)
{
	_cleanup_free_ char *name = xstrndup(text, strcspn(text, "="));
	const char *value = strchr(text, '=');

	if (!value)
		case_die(c->path, text, NULL);
	strv_add(&filter_reference_parameter(&c->parameters, name)->values, value + 1);
}

static inline void case_filter(struct filter_case *c, const char *xml, size_t line)
{
	struct error err = ERROR_INIT;
	_cleanup_free_ char *what = xprintf("line %zu", line);

	grow_array(c->filters, c->n_filters);
	if (filter_parse(xml, strlen(xml), what, &c->filters[c->n_filters], &err) < 0)
		case_die(c->path, "filter", &err);
	c->n_filters++;
}

static inline void case_secgroup(struct filter_case *c, const char *text)
{
	struct error err = ERROR_INIT;
	_cleanup_secgroup_ struct secgroup *group = NULL;

	if (secgroup_parse(text, strlen(text), "group", &group, &err) < 0)
		case_die(c->path, "group", &err);
	grow_array(c->filters, c->n_filters);
	c->filters[c->n_filters++] = secgroup_to_filter(group);
}

/* The NIC's own filter and its groups as one. */
static inline void case_groups(struct filter_case *c)
{
	const struct secgroup_store nowhere = { (char *)"/nonexistent" };
	struct secgroup_nic nic = { "tap0", c->top, c->parameters.parameters, c->parameters.n_parameters, c->groups };
	struct filter_cache cache = { .list = c->filters, .n = c->n_filters };
	struct problems problems = { 0 };
	struct error err = ERROR_INIT;
	char *top = NULL;

	if (secgroup_filter_expand(&nowhere, &nic, &cache, &top, &problems) < 0) {
		problems_to_error(&problems, ERROR_SPEC, "groups", &err);
		case_die(c->path, "groups", &err);
	}
	c->filters = cache.list;
	c->n_filters = cache.n;
	free(c->top);
	c->top = top;
}

static inline void case_line(struct filter_case *c, const char *line, size_t number)
{
	if (!*line || *line == '#' || starts_with(line, "covers "))
		return;
	if (starts_with(line, "parameter ")) {
		case_parameter(c, line + strlen("parameter "));
	} else if (starts_with(line, "filter ")) {
		text_replace(&c->top, line + strlen("filter "));
	} else if (starts_with(line, "secgroup ")) {
		case_secgroup(c, line + strlen("secgroup "));
	} else if (starts_with(line, "groups ")) {
		c->groups = strv_split(line + strlen("groups "), ' ');
	} else if (starts_with(line, "kernel ")) {
		strv_free(c->kernel);
		c->kernel = strv_split(line + strlen("kernel "), ' ');
	} else {
		strv_addf(&c->rest, "%zu %s", number, line);
	}
}

static inline void case_read(const char *path, const char *shipped, struct filter_case *c)
{
	FILE *in = fopen(path, "re");
	char *buffer = NULL, *xml = NULL;
	size_t size = 0, number = 0, began = 0;

	*c = (struct filter_case){ .path = path, .shipped = shipped };
	if (!in)
		case_die(path, "cannot be opened", NULL);
	while (getline(&buffer, &size, in) > 0) {
		number++;
		if (!xml && starts_with(buffer, "<filter")) {
			xml = xstrdup(buffer);
			began = number;
		} else if (xml) {
			char *more = xprintf("%s%s", xml, buffer);
			free(xml);
			xml = more;
		} else {
			buffer[strcspn(buffer, "\n")] = '\0';
			case_line(c, buffer, number);
			continue;
		}
		if (strstr(buffer, "</filter>")) {
			case_filter(c, xml, began);
			free(xml);
			xml = NULL;
		}
	}
	free(buffer);
	fclose(in);
	if (!c->top && c->n_filters && !c->groups)
		c->top = xstrdup(c->filters[0]->name);
	if (c->groups)
		case_groups(c);
	if (!c->top)
		case_die(path, "no filter", NULL);
}

static inline void case_free(struct filter_case *c)
{
	for (size_t i = 0; i < c->n_filters; i++)
		filter_free(c->filters[i]);
	free(c->filters);
	for (size_t i = 0; i < c->parameters.n_parameters; i++) {
		free(c->parameters.parameters[i].name);
		strv_free(c->parameters.parameters[i].values);
	}
	free(c->parameters.parameters);
	free(c->top);
	strv_free(c->kernel);
	strv_free(c->groups);
	strv_free(c->rest);
}

static inline struct filter_kernel case_kernel(const struct filter_case *c)
{
	return (struct filter_kernel){ .bridge = true,
				       .bridge_ct = strv_contains(c->kernel, "bridge_ct"),
				       .bridge_reject = strv_contains(c->kernel, "bridge_reject"),
				       .bridge_netfilter = !strv_contains(c->kernel, "no_bridge_netfilter"),
				       .inet_ct = true,
				       .inet_reject = true,
				       .connlimit = true,
				       .mark_mask = FILTER_MARK_MASK };
}

/* The NIC's program; what is wrong is in *ret_error (owned by the caller). */
static inline int case_compile(struct filter_case *c, const struct filter_kernel *kernel, const struct filter_nic *nic,
			       struct filter_program *ret, char **ret_error)
{
	struct filter_source source = { case_find, c };
	struct filter_tree tree = { 0 };
	struct problems problems = { 0 };
	struct error err = ERROR_INIT;
	int status = filter_tree_build(&source, c->top, c->parameters.parameters, c->parameters.n_parameters, &tree,
				       NULL, &problems);

	if (status == 0)
		status = filter_compile(&tree, nic, kernel, ret, &problems);
	filter_tree_clear(&tree);
	if (status < 0) {
		problems_to_error(&problems, ERROR_SPEC, "filter", &err);
		*ret_error = xstrdup(err.message);
		error_clear(&err);
	}
	problems_free(&problems);
	return status;
}

#endif
