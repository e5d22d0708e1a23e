/* What is decided in the course of a migration, and what the spec and the options make of the terms. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/strv.h"
#include "base/text.h"
#include "spec_text.h"
#include "vm/migration_policy.h"

#define MIB (INT64_C(1) << 20)

/* One look at a migration: at which pass, with how much to send, when; and what is to come of it. */
struct look {
	int64_t passes, remaining_mib, elapsed_ms;
	enum migration_state state;
	enum migration_step step;
	int64_t downtime;
};

struct course_case {
	const char *what;
	struct migration_policy policy;
	bool post_copy;
	struct look looks[12];
};

#define ON MIGRATION_ACTIVE
#define LIVE .live = true, .downtime = 30, .downtime_max = 100

static const struct course_case courses[] = {
	{ "converges by itself",
	  { LIVE },
	  false,
	  { { 1, 1000, 0, ON, STEP_NONE, 0 },
	    { 2, 500, 10, ON, STEP_NONE, 0 },
	    { 3, 100, 20, ON, STEP_NONE, 0 },
	    { 4, 10, 30, ON, STEP_NONE, 0 } } },
	{ "the limit grows step by step, up to its maximum",
	  { LIVE },
	  false,
	  { { 1, 1000, 0, ON, STEP_NONE, 0 },
	    { 2, 500, 10, ON, STEP_NONE, 0 },
	    { 3, 500, 20, ON, STEP_DOWNTIME, 60 },
	    { 3, 480, 25, ON, STEP_NONE, 0 },
	    { 4, 490, 30, ON, STEP_DOWNTIME, 100 },
	    { 5, 490, 40, ON, STEP_NONE, 0 },
	    { 6, 490, 50, ON, STEP_NONE, 0 } } },
	{ "an eighth less is no stall",
	  { LIVE },
	  false,
	  { { 2, 800, 0, ON, STEP_NONE, 0 },
	    { 3, 699, 10, ON, STEP_NONE, 0 },
	    { 4, 690, 20, ON, STEP_DOWNTIME, 60 } } },
	{ "a limit of 0 grows too",
	  { .live = true, .downtime_max = 4 },
	  false,
	  { { 2, 8, 0, ON, STEP_NONE, 0 }, { 3, 8, 1, ON, STEP_DOWNTIME, 2 }, { 4, 8, 2, ON, STEP_DOWNTIME, 4 } } },
	{ "post-copy when nothing else helps",
	  { LIVE },
	  true,
	  { { 2, 500, 0, ON, STEP_NONE, 0 },
	    { 3, 500, 1, ON, STEP_DOWNTIME, 60 },
	    { 4, 500, 2, ON, STEP_DOWNTIME, 100 },
	    { 5, 500, 3, ON, STEP_POST_COPY, 0 },
	    { 6, 500, 4, ON, STEP_NONE, 0 } } },
	{ "post-copy after so many passes",
	  { LIVE, .post_copy_after = 1 },
	  true,
	  { { 1, 500, 0, ON, STEP_NONE, 0 },
	    { 2, 100, 1, ON, STEP_POST_COPY, 0 },
	    { 3, 100, 2, MIGRATION_POSTCOPY_ACTIVE, STEP_NONE, 0 } } },
	{ "not where it is not allowed",
	  { LIVE, .post_copy_after = 1 },
	  false,
	  { { 1, 500, 0, ON, STEP_NONE, 0 }, { 2, 100, 1, ON, STEP_NONE, 0 } } },
	{ "the budget cancels",
	  { LIVE, .budget_ms = 1000 },
	  true,
	  { { 1, 500, 999, ON, STEP_NONE, 0 }, { 1, 500, 1000, ON, STEP_CANCEL, 0 } } },
	{ "the budget forces post-copy",
	  { LIVE, .budget_ms = 1000, .on_budget = BUDGET_POST_COPY },
	  true,
	  { { 1, 500, 1000, ON, STEP_POST_COPY, 0 }, { 1, 500, 5000, ON, STEP_NONE, 0 } } },
	{ "or cancels where it cannot",
	  { LIVE, .budget_ms = 1000, .on_budget = BUDGET_POST_COPY },
	  false,
	  { { 1, 500, 1000, ON, STEP_CANCEL, 0 } } },
	{ "the budget pauses, but not for ever",
	  { LIVE, .budget_ms = 1000, .on_budget = BUDGET_PAUSE },
	  true,
	  { { 1, 500, 1000, ON, STEP_PAUSE, 0 },
	    { 2, 500, 5000, ON, STEP_NONE, 0 },
	    { 3, 500, 60999, ON, STEP_NONE, 0 },
	    { 3, 500, 61000, ON, STEP_CANCEL, 0 } } },
	{ "what is over or nearly so is left alone",
	  { LIVE, .budget_ms = 1 },
	  true,
	  { { 9, 1, 100, MIGRATION_PRE_SWITCHOVER, STEP_NONE, 0 },
	    { 9, 1, 100, MIGRATION_DEVICE, STEP_NONE, 0 },
	    { 9, 0, 100, MIGRATION_COMPLETED, STEP_NONE, 0 },
	    { 9, 0, 100, MIGRATION_CANCELLING, STEP_NONE, 0 } } },
};

static void what_is_decided(void **state)
{
	(void)state;
	for (size_t i = 0; i < ELEMENTS(courses); i++) {
		const struct migration_terms terms = { .post_copy = courses[i].post_copy };
		struct migration_course course = { 0 };

		for (const struct look *look = courses[i].looks; look->passes > 0; look++) {
			struct migration_progress progress = { .state = look->state,
							       .passes = look->passes,
							       .ram_transferred = look->elapsed_ms,
							       .ram_remaining = look->remaining_mib * MIB };
			struct migration_decision decision =
				migration_decide(&courses[i].policy, &terms, &course, &progress, look->elapsed_ms);

			if (decision.step != look->step ||
			    (look->step == STEP_DOWNTIME && decision.downtime != look->downtime))
				fail_msg("%s: pass %d at %d ms: step %d, limit %d", courses[i].what, (int)look->passes,
					 (int)look->elapsed_ms, decision.step, (int)decision.downtime);
			assert_true(look->step == STEP_NONE || *decision.why);
		}
	}
}

/* A target that is only stopped keeps its connection. */
static void a_target_that_takes_nothing(void **state)
{
	static const struct {
		enum migration_state state;
		int64_t transferred, elapsed_ms;
		enum migration_step step;
	} looks[] = {
		{ MIGRATION_SETUP, 0, 0, STEP_NONE },
		{ ON, 0, 1000, STEP_NONE },
		{ ON, 5, 50000, STEP_NONE },
		{ ON, 5, 109999, STEP_NONE },
		{ ON, 5, 110000, STEP_GIVE_UP },
		{ ON, 6, 120000, STEP_NONE },
		{ MIGRATION_PRE_SWITCHOVER, 6, 121000, STEP_NONE }, /* it waits for us */
		{ MIGRATION_PRE_SWITCHOVER, 6, 400000, STEP_NONE },
		{ MIGRATION_DEVICE, 6, 400001, STEP_NONE },
		{ MIGRATION_DEVICE, 6, 460001, STEP_GIVE_UP },
	};
	const struct migration_policy policy = { LIVE };
	const struct migration_terms terms = { 0 };
	struct migration_course course = { 0 };

	(void)state;
	for (size_t i = 0; i < ELEMENTS(looks); i++) {
		struct migration_progress progress = { .state = looks[i].state,
						       .ram_transferred = looks[i].transferred,
						       .passes = 1 };

		assert_int_equal(migration_decide(&policy, &terms, &course, &progress, looks[i].elapsed_ms).step,
				 looks[i].step);
	}
	assert_int_equal(migration_next_deadline(&policy, &course, 5000).at_ms, 5000 + 400001 + MIGRATION_STUCK_MS);
	course.post_copy = true;
	struct migration_progress late = { .state = MIGRATION_DEVICE, .ram_transferred = 6 };
	assert_int_equal(migration_decide(&policy, &terms, &course, &late, 900000).step, STEP_NONE);
}

static void when_it_is_asked_again(void **state)
{
	struct migration_policy policy = { .budget_ms = 1000 };
	struct migration_course course = { 0 };

	(void)state;
	assert_int_equal(migration_next_deadline(&policy, &course, 5000).at_ms, 6000);
	course.paused = true;
	assert_int_equal(migration_next_deadline(&policy, &course, 5000).at_ms, 66000);
	course.post_copy = true;
	assert_int_equal(migration_next_deadline(&policy, &course, 5000).at_ms, INT64_MAX);
	course = (struct migration_course){ 0 };
	policy.budget_ms = 0;
	assert_int_equal(migration_next_deadline(&policy, &course, 5000).at_ms, INT64_MAX);
}

static struct migration_terms read_terms(const char *text, int expected, struct error *err)
{
	_cleanup_json_ struct json *document = NULL;
	struct migration_terms terms = { 0 };

	assert_int_equal(json_parse(text, strlen(text), 10000, 10, "terms", &document, err), 0);
	assert_int_equal(migration_terms_from_json(document, &terms, err), expected);
	return terms;
}

#define TERMS(more)                                                                                              \
	"{\"post_copy\":true,\"xbzrle\":false,\"tls\":true,\"channels\":4,\"compression\":\"zstd\",\"storage\":" \
	"\"incremental\"," more "}"

static void terms_come_back(void **state)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	_cleanup_migration_terms_ struct migration_terms terms =
		read_terms(TERMS("\"capabilities\":[\"zero-blocks\"]"), 0, &err);
	_cleanup_json_ struct json *document = migration_terms_to_json(&terms);
	_cleanup_free_ char *text = json_to_text(document);

	(void)state;
	assert_true(terms.post_copy && terms.tls && !terms.xbzrle);
	assert_int_equal(terms.channels, 4);
	assert_int_equal(terms.storage, STORAGE_INCREMENTAL);
	assert_string_equal(text, "{\"post_copy\":true,\"xbzrle\":false,\"tls\":true,\"channels\":4,\"compression\":"
				  "\"zstd\",\"capabilities\":[\"zero-blocks\"],"
				  "\"storage\":\"incremental\"}");
}

static void terms_are_read_strictly(void **state)
{
	static const struct {
		const char *text, *says;
	} cases[] = {
		{ "[]", "object" },
		{ "{}", "channels" },
		{ TERMS("\"capabilities\":[],\"rdma\":true"), "rdma" },
		{ TERMS("\"capabilities\":[\"a b\"]"), "capabilities" },
		{ TERMS("\"capabilities\":[\"A\"]"), "capabilities" },
		{ "{\"post_copy\":1,\"xbzrle\":false,\"tls\":true,\"channels\":256,\"compression\":\"lz4\",\"storage\":"
		  "\"x\",\"capabilities\":[]}",
		  "post_copy" },
		{ "{\"post_copy\":1,\"xbzrle\":false,\"tls\":true,\"channels\":256,\"compression\":\"lz4\",\"storage\":"
		  "\"x\",\"capabilities\":[]}",
		  "storage" },
	};

	(void)state;
	for (size_t i = 0; i < ELEMENTS(cases); i++) {
		_cleanup_error_ struct error err = ERROR_INIT;

		read_terms(cases[i].text, -1, &err);
		assert_int_equal(err.kind, ERROR_SPEC);
		if (!strstr(err.message, cases[i].says))
			fail_msg("%s: %s", cases[i].text, err.message);
	}
}

static void capabilities(void **state)
{
	char *more[] = { (char[]){ "zero-blocks" }, (char[]){ "events" }, NULL };
	struct migration_terms terms = { .post_copy = true, .capabilities = more };
	_cleanup_strv_ char **source = migration_terms_capabilities(&terms, false), **target = NULL, **copying = NULL;
	_cleanup_free_ char *a = strv_join(source, " "), *b = NULL, *c = NULL;

	(void)state;
	assert_string_equal(a, "events return-path validate-uuid postcopy-ram zero-blocks");
	terms = (struct migration_terms){ .channels = 2, .xbzrle = true, .storage = STORAGE_ALL };
	target = migration_terms_capabilities(&terms, true);
	b = strv_join(target, " ");
	assert_string_equal(b, "events return-path validate-uuid xbzrle multifd late-block-activate");
	copying = migration_terms_capabilities(&terms, false);
	c = strv_join(copying, " ");
	assert_string_equal(c, "events return-path validate-uuid xbzrle multifd pause-before-switchover");
}

static struct spec *spec_of_hvparams(const char *hvparams)
{
	_cleanup_free_ char *part = xprintf("\"hvparams\": {%s}", hvparams), *text = spec_with(part);
	_cleanup_settings_ struct settings *settings = settings_of("{}");

	return spec_of(text, settings);
}

static void the_spec_and_the_options(void **state)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	struct spec *spec = spec_of_hvparams("\"migration_bandwidth\":100,\"migration_downtime\":50,\"migration_mode\":"
					     "\"non-live\",\"migration_caps\":\"xbzrle:zero-blocks:"
					     "auto-converge\"");
	_cleanup_migration_terms_ struct migration_terms terms = { 0 }, other = { 0 };
	struct migration_options options = MIGRATION_OPTIONS_NONE;
	struct migration_policy policy;

	(void)state;
	assert_int_equal(migration_options_apply(&options, spec, &terms, &policy, &err), 0);
	assert_int_equal(policy.bandwidth, 100);
	assert_int_equal(policy.downtime, 50);
	assert_true(policy.auto_converge && !policy.live && terms.xbzrle && !terms.post_copy);
	assert_string_equal(terms.capabilities[0], "zero-blocks");
	assert_string_equal(terms.compression, "none");

	options.bandwidth = 0;
	options.downtime = 5000;
	options.compression = "zstd";
	options.budget_ms = 9;
	assert_int_equal(migration_options_apply(&options, spec, &other, &policy, &err), 0);
	assert_int_equal(policy.bandwidth, 0);
	assert_int_equal(policy.downtime_max, 5000);
	assert_int_equal(policy.budget_ms, 9);
	assert_int_equal(other.channels, 2);
	spec_free(spec);
}

static void what_does_not_go_together(void **state)
{
	struct spec *spec = spec_of_hvparams("\"migration_caps\":\"multifd\""), *plain = spec_of_hvparams("");
	struct migration_options post_copy = MIGRATION_OPTIONS_NONE, compressed = MIGRATION_OPTIONS_NONE;
	_cleanup_migration_terms_ struct migration_terms terms = { 0 };
	struct migration_policy policy;
	_cleanup_error_ struct error err = ERROR_INIT;

	(void)state;
	post_copy.on_budget = BUDGET_POST_COPY;
	assert_int_equal(migration_options_apply(&post_copy, spec, &terms, &policy, &err), -1);
	assert_int_equal(err.kind, ERROR_USAGE);
	assert_int_equal(migration_options_apply(&post_copy, plain, &terms, &policy, &err), 0);
	assert_true(terms.post_copy);
	migration_terms_clear(&terms);
	compressed.compression = "zlib";
	compressed.channels = 0;
	assert_int_equal(migration_options_apply(&compressed, spec, &terms, &policy, &err), -1);
	assert_int_equal(err.kind, ERROR_USAGE);
	spec_free(spec);
	spec_free(plain);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_decided),          cmocka_unit_test(a_target_that_takes_nothing),
		cmocka_unit_test(when_it_is_asked_again),   cmocka_unit_test(terms_come_back),
		cmocka_unit_test(terms_are_read_strictly),  cmocka_unit_test(capabilities),
		cmocka_unit_test(the_spec_and_the_options), cmocka_unit_test(what_does_not_go_together),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
