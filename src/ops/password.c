/* kvmctl password: a new VNC or SPICE password, from a file, standard input or the keyboard, over the monitor alone. */
#include "ops/verbs.h"

#include "base/file.h"
#include "base/text.h"
#include "host/terminal.h"
#include "ops/act_control.h"
#include "vm/spec.h"

#define PASSWORD_MAX 4096

/* Read before the lock is taken: nobody waits for a person who types. */
static int read_password(const struct context *context, const char *file, char **ret, struct error *err)
{
	if (streq(file, "-") && isatty(STDIN_FILENO))
		return terminal_ask_secret(STDIN_FILENO, "New password: ", PASSWORD_MAX, context->deadline, ret, err);
	return file_read_secret(file, ret, err);
}

static int check_password(const char *which, const char *password, struct error *err)
{
	if (!streq(which, "vnc") && !streq(which, "spice"))
		return error_set(err, ERROR_USAGE, "\"%s\" has no password: it is vnc or spice", which);
	if (is_empty(password))
		return error_set(err, ERROR_USAGE, "the password is empty: its first line is what counts");
	if (streq(which, "vnc") && strlen(password) > VNC_PASSWORD_MAX)
		return error_set(err, ERROR_USAGE, "a VNC password has at most %d bytes: this one is longer",
				 VNC_PASSWORD_MAX);
	return 0;
}

static int set_password(struct context *context, const char *name, const char *which, const char *password,
			struct error *err)
{
	_cleanup_control_ struct control control = CONTROL_INIT;
	struct json *arguments;

	if (check_password(which, password, err) < 0 || control_open(context, name, "password", &control, err) < 0)
		return -1;
	arguments = json_new_object();
	json_put_string(arguments, "protocol", which);
	json_put_string(arguments, "password", password);
	if (control_execute(&control, "set_password", arguments, err) == 0)
		return 0;
	return err->kind == ERROR_QEMU
		       ? error_hint(err,
				    "has the instance %s at all, and with a password (%s_password_file of its spec)?",
				    which, which)
		       : -1;
}

int op_password(struct context *context, const char *name, const char *which, const char *file, struct error *err)
{
	_cleanup_free_ char *password = NULL;

	if (read_password(context, file, &password, err) < 0)
		return -1;
	int result = set_password(context, name, which, password, err);
	explicit_bzero(password, strlen(password));
	return result;
}
