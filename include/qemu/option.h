/* The one device builder: what QEMU is told about a device, a blockdev, a netdev, an object is a JSON
 * object first.
 *
 * The same object is sent over QMP (device_add, blockdev-add, netdev_add, object-add) or written on the
 * command line: as JSON where the binary takes JSON for that option, else in the comma form
 * ("driver=x,y.z=1", commas in values doubled). Options that never take JSON (-machine -smp -m -chardev
 * -vnc -spice ...) are always written in the comma form. */
#ifndef KVMCTL_QEMU_OPTION_H
#define KVMCTL_QEMU_OPTION_H

#include "base/json.h"
#include "qemu/probe.h"

enum option_kind {
	OPTION_FLAG,   /* "-S": no value; name is the whole option */
	OPTION_TEXT,   /* name and a value as it is: "-name", "-k", "-m" */
	OPTION_KEYVAL, /* name and a comma form made from the object, never JSON; member "" is the leading word */
	OPTION_DEVICE,
	OPTION_NETDEV,
	OPTION_OBJECT,
	OPTION_BLOCKDEV,
	OPTION_AUDIODEV,
	OPTION_DISPLAY,
	OPTION_KIND_MAX
};

struct option {
	enum option_kind kind;
	char *name;          /* "-device": for the JSON kinds it is implied */
	char *text;          /* OPTION_TEXT */
	struct json *object; /* OPTION_KEYVAL and the JSON kinds */
};

struct options {
	struct option *list;
	size_t n;
};

#define _cleanup_options_ _cleanup_(options_free)

void options_flag(struct options *options, const char *name);
void options_text(struct options *options, const char *name, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* Both take the object's reference. */
void options_keyval(struct options *options, const char *name, struct json *object);
void options_json(struct options *options, enum option_kind kind, struct json *object);
void options_free(struct options *options);

/* Appends the options to argv as this binary wants them. ERROR_QEMU never; it cannot fail. */
void options_to_argv(const struct options *options, const struct probe *probe, char ***argv);

/* The comma form of an object: nested objects become "a.b=", arrays "a.0.b=", true/false "on"/"off",
 * commas doubled. Owned by the caller. */
char *option_to_keyval(const struct json *object);

#endif
