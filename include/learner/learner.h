/* kvmctl-learner: its chapters.
 *
 *   options   the command line
 *   capture   the socket on the interface
 *   watch     what looks at frames: a process without any right, in which the bytes of strangers are read
 *   apply     what calls kvmctl: a process that reads nothing but small messages of the other one
 *
 * Both are one program, forked; each ends when the other does. */
#ifndef KVMCTL_LEARNER_LEARNER_H
#define KVMCTL_LEARNER_LEARNER_H

#include "base/error.h"
#include "vm/learn.h"

struct options {
	const char *interface; /* --interface */
	uint8_t mac[6];        /* --mac: the guest's */
	const char *run_dir;   /* --run-dir, absolute */
	const char *kvmctl;    /* --kvmctl, absolute */
	const char *config;    /* --config: handed on to kvmctl; NULL: none */
	int ready_fd;          /* --ready-fd: told when it listens, or what is wrong; -1: none */
	struct learn learn; /* --any, --ipv4, --ipv6, --server ADDRESS, --own ADDRESS, --known ADDRESS/SOURCE/UNTIL */
};

/* The texts are borrowed from argv. UNTIL: Unix time in ms, 0: for good. ERROR_USAGE. */
int options_parse(int argc, char **argv, struct options *ret, struct error *err);

/* A packet socket on the interface that lets nothing pass yet. ERROR_HOST. */
int capture_open(const char *interface, int *ret, struct error *err);
/* wishes: bits of enum learn_wish. */
int capture_filter(int fd, unsigned wishes, const uint8_t mac[6]);
/* The next frame; 0: there is none. */
size_t capture_read(int fd, uint8_t *data, size_t size, bool *ret_from_guest);
enum capture_state { CAPTURE_UP, CAPTURE_DOWN, CAPTURE_GONE };
enum capture_state capture_look(int fd, const char *interface);

/* From the watching process to the applying one, by SOCK_SEQPACKET; one byte comes back (1: done). Numbers only: each value of each
 * byte is checked there. */
struct learn_message {
	uint8_t add, source, ipv6, bytes[16];
	int64_t until;
};

/* Until the interface is gone, or the other process. */
void watch_run(struct options *options, int capture, int peer);
void apply_run(const struct options *options, int peer);

#endif
