/* While the memory of a guest follows it, the supervisor tells QEMU what kvmctl cannot: out of band, those two commands, and nothing else. */
#include "supervisor_rig.h"

#include "host/socket.h"
#include "vm/out_of_band.h"

static void open_rundir(struct rig *rig, struct rundir *ret)
{
	_cleanup_error_ struct error err = ERROR_INIT;

	assert_int_equal(rundir_open(rig->dir, false, ret, &err), 0);
}

static void migration(const struct rig *rig, const char *state)
{
	_cleanup_free_ char *data = xprintf("{\"status\": \"%s\"}", state);

	rig_event(rig, "MIGRATION", data);
}

static int tell(struct rundir *rundir, const char *command, const char *uri, int64_t ms, struct error *err)
{
	struct json *arguments = NULL;

	if (uri) {
		arguments = json_new_object();
		json_put_string(arguments, "uri", uri);
	}
	error_clear(err);
	return out_of_band_execute(rundir, NAME, command, arguments, deadline_in(ms), err);
}

/* As long as memory follows, and no longer; a connection that is waited for again changes nothing. */
static void test_offered_in_post_copy(void **state)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	_cleanup_rundir_ struct rundir rundir = RUNDIR_INIT;
	struct rig *rig = *state;

	rig_begin(rig, NULL);
	open_rundir(rig, &rundir);
	migration(rig, "active");
	rig_sync(rig);
	assert_false(out_of_band_offered(&rundir, NAME));
	assert_int_equal(tell(&rundir, "migrate-pause", NULL, WAIT_MS, &err), -1);
	assert_int_equal(err.kind, ERROR_STATE);
	migration(rig, "postcopy-active");
	assert_true(wait_until(out_of_band_offered(&rundir, NAME)));
	migration(rig, "postcopy-paused");
	migration(rig, "setup");
	rig_sync(rig);
	assert_true(out_of_band_offered(&rundir, NAME));
	assert_false(rig_has(rig, "pid/" NAME, "migration=setup"));
	migration(rig, "completed");
	assert_true(wait_until(faccessat(rundir_part(&rundir, RUNDIR_CTRL), NAME OUT_OF_BAND_SUFFIX, F_OK, 0) < 0));
	assert_false(out_of_band_offered(&rundir, NAME));
}

static void test_tells(void **state)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	_cleanup_rundir_ struct rundir rundir = RUNDIR_INIT;
	struct rig *rig = *state;

	rig_begin(rig, NULL);
	open_rundir(rig, &rundir);
	migration(rig, "postcopy-active");
	assert_true(wait_until(out_of_band_offered(&rundir, NAME)));
	assert_int_equal(tell(&rundir, "migrate-pause", NULL, WAIT_MS, &err), 0);
	assert_int_equal(tell(&rundir, "migrate-recover", "tcp::4000", WAIT_MS, &err), 0);
	assert_true(rig_has(rig, "log/" NAME ".log", "{\"exec-oob\":\"migrate-pause\",\"id\":1}"));
	assert_true(rig_has(rig, "log/" NAME ".log",
			    "{\"exec-oob\":\"migrate-recover\",\"arguments\":{\"uri\":\"tcp::4000\"},\"id\":2}"));
	assert_int_equal(tell(&rundir, "migrate-recover", "refuse", WAIT_MS, &err), -1);
	assert_int_equal(err.kind, ERROR_QEMU);
	assert_string_equal(err.message, "QEMU: as ordered");
	assert_int_equal(tell(&rundir, "quit", NULL, WAIT_MS, &err), -1);
	assert_non_null(strstr(err.message, "\"quit\" is not passed on"));
	assert_false(rig_has(rig, "log/" NAME ".log", "quit"));
}

/* A QEMU that says nothing keeps only who asks, and what it says later is not taken for the next answer. */
static void test_silence(void **state)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	_cleanup_rundir_ struct rundir rundir = RUNDIR_INIT;
	struct rig *rig = *state;

	rig_begin(rig, NULL);
	open_rundir(rig, &rundir);
	migration(rig, "postcopy-paused");
	assert_true(wait_until(out_of_band_offered(&rundir, NAME)));
	assert_int_equal(tell(&rundir, "migrate-recover", "silence", 200, &err), -1);
	assert_int_equal(err.kind, ERROR_TIMEOUT);
	rig_order(rig, "say {\"error\": {\"desc\": \"late\"}, \"id\": 1}\r\n");
	rig_sync(rig);
	assert_int_equal(tell(&rundir, "migrate-recover", "again", WAIT_MS, &err), 0);
}

/* Who sends nonsense is sent away; who sends nothing keeps the next one waiting only until it goes. */
static void test_clients(void **state)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	_cleanup_rundir_ struct rundir rundir = RUNDIR_INIT;
	_cleanup_close_ int mute = -1, rude = -1;
	struct rig *rig = *state;
	char byte;

	rig_begin(rig, NULL);
	open_rundir(rig, &rundir);
	migration(rig, "postcopy-paused");
	assert_true(wait_until(out_of_band_offered(&rundir, NAME)));
	assert_int_equal(socket_connect_at(rundir_part(&rundir, RUNDIR_CTRL), NAME OUT_OF_BAND_SUFFIX, &rude, &err), 0);
	assert_int_equal(send(rude, "no line", 7, MSG_NOSIGNAL), 7);
	assert_true(wait_until(recv(rude, &byte, 1, MSG_DONTWAIT) == 0));
	assert_int_equal(socket_connect_at(rundir_part(&rundir, RUNDIR_CTRL), NAME OUT_OF_BAND_SUFFIX, &mute, &err), 0);
	assert_int_equal(tell(&rundir, "migrate-pause", NULL, 200, &err), -1);
	close_fd(&mute);
	assert_int_equal(tell(&rundir, "migrate-pause", NULL, WAIT_MS, &err), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		rig_test(test_offered_in_post_copy),
		rig_test(test_tells),
		rig_test(test_silence),
		rig_test(test_clients),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
