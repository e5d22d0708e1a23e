/* A session with kvmctl on another host, through any remote shell: one JSON document a line, a request and its reply at a time.
 *
 * The far end is the hidden verb `migration serve NAME`. It holds the instance's lock there as long as the session lives; when its standard input ends
 * before a grant, it refuses the guest by itself. It begins with {"ok": {"protocol": 1, ...}}. Requests: {"do": "check"|"accept"|"run"|"refuse"|"recover"|"arrival", …}; replies: {"ok": {…}}
 * or {"error": {"kind", "message", "hint"}}. */
#ifndef KVMCTL_OPS_ACT_FAR_H
#define KVMCTL_OPS_ACT_FAR_H

#include <sys/types.h>

#include "base/deadline.h"
#include "base/json.h"

#define FAR_PROTOCOL 1
/* Of a request or a reply: an info document, mostly. */
#define FAR_LINE_MAX (1024 * 1024)

struct far;
#define _cleanup_far_ _cleanup_(far_close_ptr)

/* The words of the command: shell (NULL: "ssh") split into words, %h for the host; without %h a first word `ssh` gets the host appended; then program (NULL:
 * "kvmctl"). Owned by the caller (strv). ERROR_USAGE: quotes that do not match, no word. */
int far_command(const char *shell, const char *host, const char *program, char ***ret, struct error *err);
/* The URI for `migrate`, of what the far side says that it listens on ("tcp:[::]:4000") and where we reach it: the port of the one, the address of the other
 * (a URI, too, or an address: "b", "192.0.2.1", "fd00::1"). A socket's path stays. Owned by the caller. */
char *far_uri(const char *listening, const char *reached);
/* The same of an address alone: what it listens on, if that is one; else (all of its addresses) where we reach it. */
char *far_address(const char *listening, const char *reached);
/* Runs it with "--json migration serve NAME", in a session of its own (no terminal: it cannot ask for a password), with our environment. host is for
 * the errors. ERROR_HOST with what it said when it cannot be run or says something else than our protocol; the far side's own error (busy ...). */
int far_open(char *const *command, const char *host, const char *name, struct deadline deadline, struct far **ret,
	     struct error *err);
/* *ret (may be NULL): the value of "ok". An error of the far side comes back as it is there, with the host in front; ERROR_UNKNOWN when
 * the session broke, so that nobody knows whether it was done. The reference of arguments (an object, or NULL) is taken. */
int far_ask(struct far *far, const char *what, struct json *arguments, struct deadline deadline, struct json **ret,
	    struct error *err);
/* The far side has some time to end by itself: what it does at end-of-file. */
void far_close(struct far *far);
void far_close_ptr(struct far **far);

#endif
