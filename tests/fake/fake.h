/* The fake QEMU (build/tests/fake-qemu): what kvmctl meets instead of qemu-system-x86_64 where a test wants to see everything, or wants it to fail.
 *
 * It takes any arguments, holds the descriptors it is given, speaks QMP on the monitors of its command line (one client at a time each, as QEMU), keeps
 * the state that a guest would have, refuses commands that the recorded schema does not have, and answers a probe from the recorded answers.
 * What else it does stands in "fake-qemu.conf" beside the binary (tests copy the binary into a directory of their own); without one it behaves well.
 *
 * Keys of the conf (JSON; all may be left out; they count for a start with a machine, and for the probe only with "in_probe": true):
 *   record         a directory: run-PID.json (probe-PID.json, help-PID.json) gets argv, env, fds, status, cwd ..., commands.jsonl each QMP command; passwords as their length
 *   fixture        the recorded answers; the default is tests/fixtures/qemu/qemu-7.2.json of the sources
 *   die            when it ends by itself: "start", "greeting" (sent, then it ends), "device" (as a refused device: after the greeting, instead of the reply to
 *                  qmp_capabilities), "ready" (after that reply), or a command's name (instead of its reply)
 *   status, signal, text   how: exit status (1), or a signal, and what it writes to stderr before
 *   silent         never says a word
 *   greeting       what it sends for a greeting ("SSH-2.0-x\r\n")
 *   long_line      so many bytes without a newline instead of the reply to qmp_capabilities
 *   ready_delay    milliseconds before the reply to qmp_capabilities
 *   replies        {"COMMAND": {"return": V} or {"error": V} or {"raw": "bytes\n", with @ID@ for the id}, and with it "delay": ms, "twice": true,
 *                  or {"none": true}}
 *   events         [{"at": ms after ready, "event": "NAME", "data": V (may be left out)}]
 *   powerdown      milliseconds from system_powerdown to the guest's shutdown (50); -1: the guest does not listen
 *   exit_after     milliseconds from `cont` to the guest's own shutdown
 *   crash_after    milliseconds from ready to `signal` (11) or exit `status`
 *   ignore_sigterm, ignore_quit   true
 *   migrate_bytes  how long the stream of a migration is (3,000,000); it goes through a descriptor only, and comes in the same
 *   migrate_fails  after so many bytes it fails; migrate_hangs: true: it never ends; incoming_fails: true: what came in is not taken; incoming_hangs
 *   serial_flood   bytes that the guest writes to its serial port (its log file, and its client) once it runs
 *
 * Signals: TERM, INT, HUP end it as they end QEMU; USR1 makes the guest panic, USR2 shut down. human-monitor-command "fake die N" ends it with
 * status N, "fake event NAME [JSON]" sends an event. */
#ifndef KVMCTL_TESTS_FAKE_H
#define KVMCTL_TESTS_FAKE_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/json.h"
#include "qemu/qmp_schema.h"

#define FAKE_MAX 64

/* A socket or stdio chardev of the command line. */
struct chardev {
	char *id;
	int listen_fd; /* -1: none, or already connected */
	int client_fd; /* -1: nobody */
	int out_fd;    /* where replies go: the client, or stdout */
	char *logfile;
	bool monitor;
	bool negotiated; /* it has sent qmp_capabilities */
	char *in;
	size_t in_length;
	int fds[FAKE_MAX]; /* came with SCM_RIGHTS, not yet taken by add-fd or getfd */
	size_t n_fds;
};

struct timer {
	int64_t at_ms; /* boottime; 0: unused */
	void (*fn)(struct json *arg);
	struct json *arg;
};

/* One process, one machine: the only global of the fake. */
struct fake {
	struct json *conf;
	struct json *answers;
	struct qmp_schema *schema;
	bool probe; /* -machine none */
	char **argv;
	char *name, *uuid;
	bool no_shutdown;
	char *panic_action;
	int vcpus;
	pid_t tids[FAKE_MAX];
	int64_t memory; /* bytes */
	int64_t balloon;
	bool has_balloon, has_vnc, has_spice;
	const char *status; /* "running", "paused", "prelaunch" ... */
	bool ever_ready;
	struct json *devices; /* objects of -device and device_add */
	struct json *blockdevs;
	struct chardev chardevs[FAKE_MAX];
	size_t n_chardevs;
	struct {
		int set, fd;
	} fdsets[FAKE_MAX];
	size_t n_fdsets;
	struct timer timers[FAKE_MAX];
	int64_t flood_left;
	int handed_over; /* by the last getfd; -1: none */
};
extern struct fake fake;

/* fake_conf.c: the conf, the command line, the record */
void fake_read_conf(void);
void fake_read_argv(char **argv);
void fake_record(const char *kind);
void fake_record_command(const struct chardev *monitor, const struct json *command);
const char *conf_string(const char *key, const char *fallback);
int64_t conf_int(const char *key, int64_t fallback);
bool conf_bool(const char *key);

/* fake_commands.c: the value of the reply; NULL and *error set when it fails */
struct json *fake_execute(struct chardev *monitor, const char *command, const struct json *arguments,
			  struct json **error);

/* fake_changes.c: the descriptor of a set, -1: there is none */
int fake_fdset_fd(int64_t set);

/* fake_monitor.c: what is said and heard */
void fake_event(const char *name, struct json *data);
void fake_greet(struct chardev *chardev);
void fake_accept(struct chardev *chardev); /* somebody knocks */
void fake_hear(struct chardev *chardev);   /* the client has said something */

/* fake_guest.c: the guest, and its end */
void fake_start_guest(void);
void fake_guest_shutdown(struct json *unused);
void fake_shut_down(bool guest, const char *reason); /* by itself, or from outside */
void fake_panic(void);
bool fake_dies_at(const char *when);
void fake_die(void);                  /* as the conf says */
void fake_crash(struct json *unused); /* the same, by signal unless it says otherwise */
void fake_exit(int status);           /* as it is */

/* fake_qemu.c: the loop */
void fake_after(int64_t ms, void (*fn)(struct json *arg), struct json *arg);

#endif
