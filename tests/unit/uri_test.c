/* Network disks: the golden blockdev of each form, what is refused, and that each recorded QEMU has the driver and the members.
 * NOV-62: colons in names are no separators. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/text.h"
#include "fixture.h"
#include "qemu/qmp_schema.h"
#include "qemu/uri.h"

static const struct {
	const char *uri, *secret, *blockdev;
} goldens[] = {
	{ "nbd://h/disk", NULL,
	  "{\"driver\":\"nbd\",\"server\":{\"type\":\"inet\",\"host\":\"h\",\"port\":\"10809\"},\"export\":\"disk\"}" },
	{ "nbd://[2001:db8::1]:10810/a%20b/c", NULL,
	  "{\"driver\":\"nbd\",\"server\":{\"type\":\"inet\",\"host\":\"2001:db8::1\",\"port\":\"10810\"},\"export\":"
	  "\"a b/c\"}" },
	{ "nbd://h", NULL, "{\"driver\":\"nbd\",\"server\":{\"type\":\"inet\",\"host\":\"h\",\"port\":\"10809\"}}" },
	{ "nbd+unix:///x?socket=/run/n,b%64.sock", NULL,
	  "{\"driver\":\"nbd\",\"server\":{\"type\":\"unix\",\"path\":\"/run/n,bd.sock\"},\"export\":\"x\"}" },
	{ "nbd:h:10809", NULL,
	  "{\"driver\":\"nbd\",\"server\":{\"type\":\"inet\",\"host\":\"h\",\"port\":\"10809\"}}" },
	{ "nbd:[::1]:10809:exportname=d", NULL,
	  "{\"driver\":\"nbd\",\"server\":{\"type\":\"inet\",\"host\":\"::1\",\"port\":\"10809\"},\"export\":\"d\"}" },
	{ "nbd:unix:/run/nbd.sock:exportname=e:f", NULL,
	  "{\"driver\":\"nbd\",\"server\":{\"type\":\"unix\",\"path\":\"/run/nbd.sock\"},\"export\":\"e:f\"}" },
	{ "rbd:pool/image", NULL, "{\"driver\":\"rbd\",\"pool\":\"pool\",\"image\":\"image\"}" },
	{ "rbd:pool/ns/image@snap:id=admin:conf=/etc/ceph/c.conf", "sec0",
	  "{\"driver\":\"rbd\",\"pool\":\"pool\",\"namespace\":\"ns\",\"image\":\"image\",\"snapshot\":\"snap\","
	  "\"user\":\"admin\","
	  "\"conf\":\"/etc/ceph/c.conf\",\"key-secret\":\"sec0\"}" },
	{ "rbd:p\\/q/i\\:j\\@k:mon_host=a\\:6790;b;[2001\\:db8\\:\\:1]\\:3300", NULL,
	  "{\"driver\":\"rbd\",\"pool\":\"p/"
	  "q\",\"image\":\"i:j@k\",\"server\":[{\"host\":\"a\",\"port\":\"6790\"},{\"host\":\"b\",\"port\":\"6789\"},"
	  "{\"host\":\"2001:db8::1\",\"port\":\"3300\"}]}" },
	{ "rbd:p/i\\:", NULL, "{\"driver\":\"rbd\",\"pool\":\"p\",\"image\":\"i:\"}" },
	{ "iscsi://h/iqn.2001-05.com.example:store/1", NULL,
	  "{\"driver\":\"iscsi\",\"transport\":\"tcp\",\"portal\":\"h:3260\",\"target\":\"iqn.2001-05.com.example:"
	  "store\",\"lun\":1}" },
	{ "iscsi://u@[::1]:3261/iqn.x/0", "s",
	  "{\"driver\":\"iscsi\",\"transport\":\"tcp\",\"portal\":\"[::1]:3261\",\"target\":\"iqn.x\",\"lun\":0,"
	  "\"user\":\"u\",\"password-secret\":\"s\"}" },
	{ "http://h/a.iso?x=1&y", NULL, "{\"driver\":\"http\",\"url\":\"http://h/a.iso?x=1&y\"}" },
	{ "https://u@h:8443/a%20b.iso", "s",
	  "{\"driver\":\"https\",\"url\":\"https://h:8443/a%20b.iso\",\"username\":\"u\",\"password-secret\":\"s\"}" },
	{ "ftp://h/a.iso", NULL, "{\"driver\":\"ftp\",\"url\":\"ftp://h/a.iso\"}" },
	{ "ftps://u@h/a.iso", "s",
	  "{\"driver\":\"ftps\",\"url\":\"ftps://h/a.iso\",\"username\":\"u\",\"password-secret\":\"s\"}" },
	{ "ssh://u@h/srv/a.img", NULL,
	  "{\"driver\":\"ssh\",\"server\":{\"host\":\"h\",\"port\":\"22\"},\"path\":\"/srv/a.img\",\"user\":\"u\"}" },
	{ "ssh://h:2222/a?host_key_check=sha256:0a0b", NULL,
	  "{\"driver\":\"ssh\",\"server\":{\"host\":\"h\",\"port\":\"2222\"},\"path\":\"/"
	  "a\",\"host-key-check\":{\"mode\":\"hash\",\"type\":\"sha256\",\"hash\":\"0a0b\"}}" },
	{ "ssh://h/a?host_key_check=no", NULL,
	  "{\"driver\":\"ssh\",\"server\":{\"host\":\"h\",\"port\":\"22\"},\"path\":\"/"
	  "a\",\"host-key-check\":{\"mode\":\"none\"}}" },
	{ "gluster://h/vol/dir/a.img", NULL,
	  "{\"driver\":\"gluster\",\"volume\":\"vol\",\"path\":\"dir/"
	  "a.img\",\"server\":[{\"type\":\"inet\",\"host\":\"h\",\"port\":\"24007\"}]}" },
	{ "gluster+tcp://h:1/vol/a", NULL,
	  "{\"driver\":\"gluster\",\"volume\":\"vol\",\"path\":\"a\",\"server\":[{\"type\":\"inet\",\"host\":\"h\","
	  "\"port\":\"1\"}]}" },
	{ "gluster+rdma://h/vol/a", NULL,
	  "{\"driver\":\"gluster\",\"volume\":\"vol\",\"path\":\"a\",\"server\":[{\"type\":\"inet\",\"host\":\"h\","
	  "\"port\":\"24007\"}]}" },
	{ "gluster+unix:///vol/a?socket=/run/g.sock", NULL,
	  "{\"driver\":\"gluster\",\"volume\":\"vol\",\"path\":\"a\",\"server\":[{\"type\":\"unix\",\"path\":\"/run/"
	  "g.sock\"}]}" },
};

static struct json *convert(const char *uri, const char *secret)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	struct json *blockdev = NULL;

	if (uri_to_blockdev(uri, secret, &blockdev, &err) < 0)
		fail_msg("%s: %s", uri, err.message);
	return blockdev;
}

static void golden(void **state)
{
	(void)state;
	for (size_t i = 0; i < ELEMENTS(goldens); i++) {
		_cleanup_json_ struct json *blockdev = convert(goldens[i].uri, goldens[i].secret);
		_cleanup_free_ char *text = json_to_text(blockdev);

		assert_string_equal(text, goldens[i].blockdev);
		assert_true(uri_is(goldens[i].uri));
		assert_string_equal(uri_driver(goldens[i].uri), json_get_string(blockdev, "driver", ""));
	}
}

/* The word of the walk that steps into a member: a member that is an object with a tag is entered by "MEMBER TAG=CASE". */
static void check_members(const struct qmp_schema *schema, const char *path, const struct json *object,
			  const char *version, const char *uri)
{
	const char *type = json_get_string(object, "type", NULL);
	_cleanup_free_ char *into = NULL;

	/* "type" tags the variants of a SocketAddress; InetSocketAddress has none. "mode" those of the SSH host key check. */
	if (type && !json_get_string(object, "mode", NULL))
		into = xprintf("%s type=%s", path, type);
	else if (json_get_string(object, "mode", NULL) && streq(json_get_string(object, "mode", ""), "hash"))
		into = xprintf("%s mode=hash", path);
	else
		into = xstrdup(path);

	for (struct json_iter it = json_iter(object); json_next(&it);) {
		_cleanup_free_ char *in_variant = xprintf("%s %s", into, it.key);
		_cleanup_free_ char *in_base = xprintf("%s %s", path, it.key);

		if (!qmp_schema_has(schema, in_variant) && !qmp_schema_has(schema, in_base))
			fail_msg("%s: %s: no member \"%s\"", version, uri, in_variant);
		if (json_type_of(it.value) == JSON_OBJECT)
			check_members(schema, in_variant, it.value, version, uri);
		if (json_type_of(it.value) == JSON_ARRAY)
			check_members(schema, in_variant, json_at(it.value, 0), version, uri);
	}
}

static void each_qemu_has_it(void **state)
{
	(void)state;
	for (size_t v = 0; v < FIXTURE_VERSIONS; v++) {
		_cleanup_json_ struct json *answers = fixture_answers(fixture_versions[v]);
		_cleanup_qmp_schema_ struct qmp_schema *schema = NULL;
		_cleanup_error_ struct error err = ERROR_INIT;

		assert_int_equal(qmp_schema_new(json_find(answers, "query-qmp-schema.return"), &schema, &err), 0);
		for (size_t i = 0; i < ELEMENTS(goldens); i++) {
			_cleanup_json_ struct json *blockdev = convert(goldens[i].uri, goldens[i].secret);
			_cleanup_free_ char *path =
				xprintf("blockdev-add driver=%s", json_get_string(blockdev, "driver", ""));

			if (!qmp_schema_has(schema, path))
				fail_msg("%s: no \"%s\"", fixture_versions[v], path);
			json_remove(blockdev, "driver");
			check_members(schema, path, blockdev, fixture_versions[v], goldens[i].uri);
		}
	}
}

/* The walk itself notices a member that is not there. */
static void the_walk_can_fail(void **state)
{
	_cleanup_json_ struct json *answers = fixture_answers("7.2");
	_cleanup_qmp_schema_ struct qmp_schema *schema = NULL;
	_cleanup_error_ struct error err = ERROR_INIT;

	(void)state;
	assert_int_equal(qmp_schema_new(json_find(answers, "query-qmp-schema.return"), &schema, &err), 0);
	assert_false(qmp_schema_has(schema, "blockdev-add driver=nbd host"));
	assert_false(qmp_schema_has(schema, "blockdev-add driver=ssh server type"));
	assert_true(qmp_schema_has(schema, "blockdev-add driver=ssh server host"));
}

#define SECRET "hunter22"

static void secrets_are_refused(void **state)
{
	static const char *const uris[] = {
		"http://u:" SECRET "@h/a",       "https://:" SECRET "@h/a",       "ftp://u:" SECRET "@h/a",
		"ssh://u:" SECRET "@h/a",        "http://h/a?password=" SECRET,   "https://h/a?X-Amz-Signature=" SECRET,
		"https://h/a?b=1&Token=" SECRET, "http://h/a?pass%77ord=" SECRET, "iscsi://u%25" SECRET "@h/t/0",
		"iscsi://u%" SECRET "@h/t/0",    "iscsi://u:" SECRET "@h/t/0",    "rbd:p/i:key=" SECRET,
		"rbd:p/i:id=a:password=" SECRET, "rbd:p/i:keyring=/x/" SECRET,    "nbd://u:" SECRET "@h/x",
		"gluster://u:" SECRET "@h/v/p",
	};

	(void)state;
	for (size_t i = 0; i < ELEMENTS(uris); i++) {
		_cleanup_error_ struct error err = ERROR_INIT;
		_cleanup_json_ struct json *blockdev = NULL;

		assert_int_equal(uri_to_blockdev(uris[i], NULL, &blockdev, &err), -1);
		assert_int_equal(err.kind, ERROR_SPEC);
		if (!strstr(err.message, "must not hold a secret"))
			fail_msg("%s: %s", uris[i], err.message);
		assert_null(strstr(err.message, SECRET));
		assert_non_null(strstr(err.hint, "secret_file"));
	}
}

static void refused(void **state)
{
	static const struct {
		const char *uri, *secret, *words;
	} cases[] = {
		{ "sheepdog://h/x", NULL, "cannot be at a \"sheepdog\" URI" },
		{ "smb://u:" SECRET "@h/x", NULL, "cannot be at a \"smb\" URI" },
		{ "nbd://", NULL, "needs a host" },
		{ "nbd://h:0/x", NULL, "port of the \"nbd\" URI" },
		{ "nbd://h:65536/x", NULL, "port of the \"nbd\" URI" },
		{ "nbd://h:12a/x", NULL, "port of the \"nbd\" URI" },
		{ "nbd://[::1/x", NULL, "'['" },
		{ "nbd://[::1]x/x", NULL, "after its host" },
		{ "nbd://h/%00", NULL, "control character" },
		{ "nbd://h/%0", NULL, "two hexadecimal digits" },
		{ "nbd://h/%zz", NULL, "two hexadecimal digits" },
		{ "nbd://h/x#y", NULL, "no '#'" },
		{ "nbd://h/x?socket=/y", NULL, "does not know \"?socket=\"" },
		{ "nbd://h/x", "sec", "does not log in" },
		{ "nbd+unix:///x", NULL, "absolute path" },
		{ "nbd+unix:///x?socket=y", NULL, "absolute path" },
		{ "nbd+unix://h/x?socket=/y", NULL, "no host" },
		{ "nbd:h", NULL, "needs a host and a port" },
		{ "nbd:::1:10809", NULL, "needs a host and a port" },
		{ "nbd:unix:x", NULL, "absolute path" },
		{ "rbd:", NULL, "a pool and an image" },
		{ "rbd:pool", NULL, "a pool and an image" },
		{ "rbd:pool/", NULL, "a pool and an image" },
		{ "rbd:pool//i", NULL, "a pool and an image" },
		{ "rbd:a/b/c/d", NULL, "too many '/'" },
		{ "rbd:p/i:rbd_cache=true", NULL, "has no setting \"rbd_cache\"" },
		{ "rbd:p/i:id", NULL, "without a value" },
		{ "rbd:p/i:mon_host=;", NULL, "empty name" },
		{ "iscsi://h/t", NULL, "a target, and a LUN" },
		{ "iscsi://h/t/x", NULL, "a LUN from" },
		{ "iscsi://h/t/99999999999999999999", NULL, "a LUN from" },
		{ "iscsi://h/t/", NULL, "a LUN from" },
		{ "iscsi://h/t/1", "s", "needs a user" },
		{ "http://h", NULL, "a host and a path" },
		{ "http://h/x", "s", "needs a user" },
		{ "http://@h/x", NULL, "empty user name" },
		{ "ssh://h", NULL, "a host and a path" },
		{ "ssh://h/x?host_key_check=maybe", NULL, "host_key_check" },
		{ "ssh://h/x?host_key_check=md5:zz", NULL, "host_key_check" },
		{ "gluster://h/vol", NULL, "a volume and a path" },
		{ "gluster://h//p", NULL, "a volume and a path" },
		{ "gluster+unix:///v/p", NULL, "?socket=" },
	};

	(void)state;
	for (size_t i = 0; i < ELEMENTS(cases); i++) {
		_cleanup_error_ struct error err = ERROR_INIT;
		_cleanup_json_ struct json *blockdev = NULL;

		if (uri_to_blockdev(cases[i].uri, cases[i].secret, &blockdev, &err) == 0)
			fail_msg("accepted: %s", cases[i].uri);
		assert_int_equal(err.kind, ERROR_SPEC);
		assert_null(blockdev);
		assert_null(strstr(err.message, SECRET));
		if (!strstr(err.message, cases[i].words))
			fail_msg("%s: %s", cases[i].uri, err.message);
	}
}

static void what_is_a_uri(void **state)
{
	static const char *const no[] = { "/dev/vg0/x", "/a://b", "",    "relative/path", "json:{}",
					  "x:",         "1x://",  "://", "a b://c",       "nbd" };
	static const char *const yes[] = { "nbd:h:1", "rbd:p/i", "foo+bar.1-x://h", "x://" };

	(void)state;
	for (size_t i = 0; i < ELEMENTS(no); i++)
		if (uri_is(no[i]))
			fail_msg("\"%s\" is no URI", no[i]);
	for (size_t i = 0; i < ELEMENTS(yes); i++)
		if (!uri_is(yes[i]))
			fail_msg("\"%s\" is a URI", yes[i]);
	assert_null(uri_driver("/dev/x"));
	assert_null(uri_driver("x://"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(golden),
		cmocka_unit_test(each_qemu_has_it),
		cmocka_unit_test(the_walk_can_fail),
		cmocka_unit_test(secrets_are_refused),
		cmocka_unit_test(refused),
		cmocka_unit_test(what_is_a_uri),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
