/* How a command of the fake QEMU is written, and which there are. A new one has a row in commands[] of fake_commands.c. */
#ifndef KVMCTL_TESTS_FAKE_COMMAND_H
#define KVMCTL_TESTS_FAKE_COMMAND_H

#include "fake.h"

/* The value of its reply; NULL and *error set when it fails. */
#define COMMAND(name) \
	struct json *command_##name(struct chardev *monitor, const struct json *arguments, struct json **error)
#define UNUSED (void)monitor, (void)arguments, (void)error

/* fake_commands.c: an error, NULL; an object of one member */
struct json *fake_fail(struct json **error, const char *class, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
struct json *fake_object(const char *key, struct json *value);

/* fake_queries.c */
COMMAND(query_status);
COMMAND(query_name);
COMMAND(query_uuid);
COMMAND(query_kvm);
COMMAND(query_balloon);
COMMAND(query_cpus_fast);
COMMAND(query_block);
COMMAND(query_chardev);
COMMAND(query_vnc);
COMMAND(query_spice);
COMMAND(query_fdsets);

/* fake_changes.c */
COMMAND(cont);
COMMAND(stop);
COMMAND(system_powerdown);
COMMAND(system_reset);
COMMAND(quit);
COMMAND(balloon);
COMMAND(device_add);
COMMAND(device_del);
COMMAND(add_fd);
COMMAND(remove_fd);
COMMAND(getfd);
COMMAND(screendump);
COMMAND(human_monitor_command);

/* fake_migration.c */
COMMAND(migrate);
COMMAND(migrate_incoming);
COMMAND(migrate_cancel);
COMMAND(query_migrate);

#endif
