/* Backing chains, of images written here byte by byte. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <endian.h>

#include "scratch.h"
#include "vm/disk_chain.h"

/* A qcow2 header; backing, format NULL: none. Its path, owned by the caller. */
static char *qcow2(const struct scratch *scratch, const char *name, const char *backing, const char *format)
{
	uint8_t data[512] = { 'Q', 'F', 'I', 0xfb, 0, 0, 0, 3 };

	data[23] = 9;    /* cluster bits */
	data[103] = 104; /* header length */
	data[29] = 0x10; /* 1 MiB */
	if (format) {
		data[104] = 0xe2;
		data[105] = 0x79;
		data[106] = 0x2a;
		data[107] = 0xca;
		data[111] = (uint8_t)strlen(format);
		memcpy(data + 112, format, strlen(format));
	}
	if (backing) {
		data[15] = 200;
		data[19] = (uint8_t)strlen(backing);
		memcpy(data + 200, backing, strlen(backing));
	}
	return scratch_file(scratch, name, data, sizeof(data), 0644);
}

static int chain(const char *path, const char *format, struct disk_facts *ret, struct error *err)
{
	const struct disk disk = { .path = (char *)path, .format = (char *)format };

	*ret = (struct disk_facts){ 0 };
	return disk_chain_read(&disk, ret, err);
}

static void refused(const char *path, const char *format, const char *because, const char *hint)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	struct disk_facts facts;

	assert_int_equal(chain(path, format, &facts, &err), -1);
	assert_int_equal(err.kind, ERROR_SPEC);
	if (!strstr(err.message, because))
		fail_msg("\"%s\" is not in: %s", because, err.message);
	if (hint && (!err.hint || !strstr(err.hint, hint)))
		fail_msg("\"%s\" is not in: %s", hint, err.hint ? err.hint : "no hint");
}

static void chain_is_followed_to_its_bottom(void **state)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	_cleanup_free_ char *base = scratch_script(*state, "base.raw", "data"),
			    *middle = qcow2(*state, "middle", "base.raw", "raw");
	_cleanup_free_ char *top = qcow2(*state, "top", middle, "qcow2");
	struct disk_facts facts;

	assert_int_equal(chain(top, "qcow2", &facts, &err), 0);
	assert_int_equal(facts.n, 3);
	assert_string_equal(facts.layers[0].path, top);
	assert_string_equal(facts.layers[1].path, middle);
	assert_string_equal(facts.layers[1].format, "qcow2");
	assert_string_equal(facts.layers[2].path, base);
	assert_string_equal(facts.layers[2].format, "raw");
	assert_false(facts.layers[2].block_device);
	disk_facts_free(&facts);
}

static void raw_disk_is_never_probed(void **state)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	_cleanup_free_ char *evil = qcow2(*state, "evil", "/etc/shadow", "raw"),
			    *top = qcow2(*state, "top", "evil", "raw");
	struct disk_facts facts;

	assert_int_equal(chain(evil, "raw", &facts, &err), 0);
	assert_int_equal(facts.n, 1);
	disk_facts_free(&facts);
	assert_int_equal(chain(top, "qcow2", &facts, &err), 0);
	assert_int_equal(facts.n, 2);
	disk_facts_free(&facts);
}

static void missing_backing_format_names_the_cure(void **state)
{
	_cleanup_free_ char *base = scratch_script(*state, "base", "data"), *top = qcow2(*state, "top", "base", NULL);
	_cleanup_free_ char *odd = qcow2(*state, "odd", "base", "vmdk");

	refused(top, "qcow2", "does not say which format", "qemu-img rebase -u -F raw|qcow2 -b \"base\"");
	refused(odd, "qcow2", "\"vmdk\"", NULL);
}

static void loops_are_seen(void **state)
{
	_cleanup_free_ char *self = qcow2(*state, "self", "self", "qcow2"), *alias = scratch_path(*state, "alias");
	_cleanup_free_ char *a = qcow2(*state, "a", "alias", "qcow2"), *b = qcow2(*state, "b", "a", "qcow2");

	refused(self, "qcow2", "loop", NULL);
	assert_int_equal(symlink("b", alias), 0);
	refused(b, "qcow2", "loop", NULL);
}

static void depth_has_a_bound(void **state)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	_cleanup_free_ char *bottom = qcow2(*state, "l0", NULL, NULL), *deepest = scratch_path(*state, "l63"),
			    *over = scratch_path(*state, "l64");
	struct disk_facts facts;

	for (int i = 1; i <= 64; i++) {
		_cleanup_free_ char *name = xprintf("l%d", i), *below = xprintf("l%d", i - 1),
				    *path = qcow2(*state, name, below, "qcow2");
	}
	assert_int_equal(chain(deepest, "qcow2", &facts, &err), 0);
	assert_int_equal(facts.n, 64);
	disk_facts_free(&facts);
	refused(over, "qcow2", "more than 64 layers", "qemu-img commit");
}

static void what_is_missing_is_named(void **state)
{
	_cleanup_free_ char *none = scratch_path(*state, "none"), *top = qcow2(*state, "top", "none", "raw"),
			    *raw = scratch_script(*state, "raw", "x");

	refused(none, "raw", none, NULL);
	refused(top, "qcow2", none, NULL);
	refused(top, "qcow2", "backing file of", NULL);
	refused(raw, "qcow2", "is no qcow2 image", "qemu-img info");
	refused("/dev/null", "raw", "neither a file nor a block device", NULL);
	refused(((struct scratch *)*state)->dir, "raw", "neither a file nor a block device", NULL);
}

static void names_are_resolved_as_qemu_does(void **state)
{
	static const struct {
		const char *backing, *wanted;
	} rows[] = {
		{ "base", "/a/b/base" },
		{ "../base", "/a/b/../base" },
		{ "/x/base", "/x/base" },
		{ "file:/x/base", "/x/base" },
		{ "file:base", "/a/b/base" },
		{ "./with:colon", "/a/b/./with:colon" },
		{ "nbd://host/x", "nbd://host/x" },
		{ "rbd:pool/image", "rbd:pool/image" },
	};
	_cleanup_error_ struct error err = ERROR_INIT;
	char *none;

	(void)state;
	for (size_t i = 0; i < ELEMENTS(rows); i++) {
		_cleanup_free_ char *path = NULL;
		assert_int_equal(disk_chain_resolve("/a/b/image", rows[i].backing, &path, &err), 0);
		assert_string_equal(path, rows[i].wanted);
	}
	assert_int_equal(disk_chain_resolve("/a/b/image", "json:{\"driver\":\"null-co\"}", &none, &err), -1);
}

static void remote_layers_are_left_to_qemu(void **state)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	_cleanup_free_ char *top = qcow2(*state, "top", "nbd://127.0.0.1/base", "qcow2");
	struct disk_facts facts;

	assert_int_equal(chain(top, "qcow2", &facts, &err), 0);
	assert_int_equal(facts.n, 2);
	assert_string_equal(facts.layers[1].path, "nbd://127.0.0.1/base");
	disk_facts_free(&facts);
	assert_int_equal(chain("nbd://127.0.0.1/x", "qcow2", &facts, &err), 0);
	assert_int_equal(facts.n, 1);
	disk_facts_free(&facts);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, scratch_setup, scratch_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(chain_is_followed_to_its_bottom),
		TEST(raw_disk_is_never_probed),
		TEST(missing_backing_format_names_the_cure),
		TEST(loops_are_seen),
		TEST(depth_has_a_bound),
		TEST(what_is_missing_is_named),
		TEST(names_are_resolved_as_qemu_does),
		TEST(remote_layers_are_left_to_qemu),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
