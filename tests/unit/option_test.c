/* Objects to argv: JSON where the binary reads it, else the comma form, whatever the values are. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/strv.h"
#include "base/text.h"
#include "qemu/option.h"

static struct json *parse(const char *text)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	struct json *j = NULL;

	if (json_parse(text, strlen(text), 1 << 20, 64, "test", &j, &err) < 0)
		fail_msg("%s", err.message);
	return j;
}

static const struct {
	const char *object, *keyval;
} forms[] = {
	{ "{}", "" },
	{ "{\"driver\":\"virtio-net-pci\",\"mq\":true,\"vectors\":10,\"x\":false}",
	  "driver=virtio-net-pci,mq=on,vectors=10,x=off" },
	{ "{\"\":\"pc\",\"accel\":\"kvm\"}", "pc,accel=kvm" },
	{ "{\"path\":\"/a,b/c'd\\\"e f\"}", "path=/a,,b/c'd\"e f" },
	{ "{\"path\":\",\"}", "path=,," },
	{ "{\"server\":{\"type\":\"unix\",\"path\":\"/x,y\"},\"n\":1}", "server.type=unix,server.path=/x,,y,n=1" },
	{ "{\"list\":[\"a\",{\"b\":[1,2]}]}", "list.0=a,list.1.b.0=1,list.1.b.1=2" },
	{ "{\"big\":18446744073709551615,\"small\":-5}", "big=18446744073709551615,small=-5" },
	{ "{\"none\":null,\"empty\":\"\"}", "empty=" },
};

static void keyval_forms(void **state)
{
	(void)state;
	for (size_t i = 0; i < ELEMENTS(forms); i++) {
		_cleanup_json_ struct json *object = parse(forms[i].object);
		_cleanup_free_ char *keyval = option_to_keyval(object);

		assert_string_equal(keyval, forms[i].keyval);
	}
}

/* Splits the comma form as QEMU does: a doubled comma is one, a single one ends the value. */
static struct json *read_keyval(const char *text)
{
	struct json *object = json_new_object();

	while (*text) {
		size_t key = strcspn(text, "=");
		_cleanup_free_ char *name = xstrndup(text, key);
		_cleanup_free_ char *value = xcalloc(strlen(text) + 1, 1);
		size_t n = 0;

		for (text += key + 1; *text && !(text[0] == ',' && text[1] != ','); text++) {
			value[n++] = *text;
			if (*text == ',')
				text++;
		}
		json_put_string(object, name, value);
		if (*text == ',')
			text++;
	}
	return object;
}

static void any_value_comes_back(void **state)
{
	static const char *const values[] = {
		",", ",,", ",,,", "a,b=c", "=", "'\"\\", "/srv/my, disks/\"x\".img", "\xc3\xa9,", " "
	};

	(void)state;
	for (size_t i = 0; i < ELEMENTS(values); i++) {
		_cleanup_json_ struct json *object = json_new_object();

		json_put_string(object, "driver", "file");
		json_put_string(object, "filename", values[i]);
		json_put_string(object, "id", "x");

		_cleanup_free_ char *keyval = option_to_keyval(object);
		_cleanup_json_ struct json *back = read_keyval(keyval);
		assert_true(json_equal(object, back));
	}
}

static struct options all_kinds(void)
{
	struct options options = { 0 };

	options_flag(&options, "-S");
	options_text(&options, "-m", "%d", 128);
	options_keyval(&options, "-machine", parse("{\"\":\"pc\",\"usb\":false}"));
	options_json(&options, OPTION_DEVICE, parse("{\"driver\":\"d\",\"mq\":true}"));
	options_json(&options, OPTION_NETDEV, parse("{\"type\":\"tap\",\"id\":\"n\"}"));
	options_json(&options, OPTION_OBJECT, parse("{\"qom-type\":\"secret\",\"id\":\"s\"}"));
	options_json(&options, OPTION_BLOCKDEV, parse("{\"driver\":\"file\"}"));
	options_json(&options, OPTION_AUDIODEV, parse("{\"driver\":\"none\"}"));
	options_json(&options, OPTION_DISPLAY, parse("{\"type\":\"none\"}"));
	return options;
}

static void old_binary(void **state)
{
	_cleanup_options_ struct options options = all_kinds();
	struct probe probe = { 0 };
	_cleanup_strv_ char **argv = NULL;

	(void)state;
	options_to_argv(&options, &probe, &argv);
	_cleanup_free_ char *line = strv_join(argv, " ");
	assert_string_equal(line, "-S -m 128 -machine pc,usb=off -device driver=d,mq=on -netdev type=tap,id=n "
				  "-object qom-type=secret,id=s -blockdev {\"driver\":\"file\"} "
				  "-audiodev {\"driver\":\"none\"} -display {\"type\":\"none\"}");
}

static void new_binary(void **state)
{
	_cleanup_options_ struct options options = all_kinds();
	struct probe probe = { .can = { .json_device = true, .json_netdev = true, .json_object = true } };
	_cleanup_strv_ char **argv = NULL;

	(void)state;
	options_to_argv(&options, &probe, &argv);
	_cleanup_free_ char *line = strv_join(argv, " ");
	assert_string_equal(line,
			    "-S -m 128 -machine pc,usb=off -device {\"driver\":\"d\",\"mq\":true} "
			    "-netdev {\"type\":\"tap\",\"id\":\"n\"} -object {\"qom-type\":\"secret\",\"id\":\"s\"} "
			    "-blockdev {\"driver\":\"file\"} -audiodev {\"driver\":\"none\"} "
			    "-display {\"type\":\"none\"}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keyval_forms),
		cmocka_unit_test(any_value_comes_back),
		cmocka_unit_test(old_binary),
		cmocka_unit_test(new_binary),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
