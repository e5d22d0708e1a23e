/* What the fake QEMU was told: by its conf and by its command line; and the record of how it was started. */
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/strv.h"
#include "base/text.h"
#include "fake.h"

#ifndef FIXTURES
#define FIXTURES "tests/fixtures/qemu"
#endif

static struct json *read_json(const char *path, bool needed)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	_cleanup_free_ char *text = NULL;
	struct json *j = NULL;
	size_t length;

	if (file_read_at(AT_FDCWD, path, 8 * 1024 * 1024, &text, &length, &err) < 0 && !needed)
		return json_new_object();
	if (err.kind || json_parse(text, length, 8 * 1024 * 1024, 64, path, &j, &err) < 0) {
		fprintf(stderr, "fake-qemu: %s\n", err.message);
		exit(99);
	}
	return j;
}

void fake_read_conf(void)
{
	char exe[PATH_MAX] = "";
	ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);
	char *slash = n > 0 ? strrchr(exe, '/') : NULL;

	if (slash)
		slash[1] = '\0';
	_cleanup_free_ char *path = xprintf("%sfake-qemu.conf", exe);
	fake.conf = read_json(path, false);
	fake.answers = read_json(json_get_string(fake.conf, "fixture", FIXTURES "/qemu-7.2.json"), true);

	_cleanup_error_ struct error err = ERROR_INIT;
	if (qmp_schema_new(json_find(fake.answers, "query-qmp-schema.return"), &fake.schema, &err) < 0) {
		fprintf(stderr, "fake-qemu: %s\n", err.message);
		exit(99);
	}
}

/* The script counts for a start with a machine, unless it says otherwise. */
static const struct json *script(void)
{
	return !fake.probe || json_get_bool(fake.conf, "in_probe", false) ? fake.conf : NULL;
}

const char *conf_string(const char *key, const char *fallback)
{
	return json_get_string(script(), key, fallback);
}

int64_t conf_int(const char *key, int64_t fallback)
{
	return json_get_int(script(), key, fallback);
}

bool conf_bool(const char *key)
{
	return json_get_bool(script(), key, false);
}

/* An option's value as an object: JSON as it is, the comma form with its first word under "". */
static struct json *parse_value(const char *text)
{
	_cleanup_error_ struct error ignored = ERROR_INIT;
	struct json *object = NULL;
	bool first = true;

	if (*text == '{' && json_parse(text, strlen(text), 1 << 20, 64, "argument", &object, &ignored) == 0)
		return object;
	object = json_new_object();
	for (; *text; first = false) {
		_cleanup_free_ char *word = xcalloc(strlen(text) + 1, 1);
		size_t n = 0;

		for (; *text && !(text[0] == ',' && text[1] != ','); text++) {
			word[n++] = *text;
			if (*text == ',')
				text++;
		}
		if (*text)
			text++;

		char *equals = strchr(word, '=');
		if (equals) {
			*equals = '\0';
			json_put_string(object, word, equals + 1);
		} else {
			json_put_string(object, first ? "" : word, first ? word : "on");
		}
	}
	return object;
}

/* The member, or the leading word. */
static const char *value_of(const struct json *object, const char *key)
{
	return json_get_string(object, key, json_get_string(object, "", ""));
}

static struct chardev *find_chardev(const char *id)
{
	for (size_t i = 0; i < fake.n_chardevs; i++)
		if (streq(fake.chardevs[i].id, id))
			return &fake.chardevs[i];
	return NULL;
}

static struct chardev *add_chardev(const char *id)
{
	struct chardev *chardev = &fake.chardevs[fake.n_chardevs++];

	*chardev = (struct chardev){ .id = xstrdup(id), .listen_fd = -1, .client_fd = -1, .out_fd = -1 };
	return chardev;
}

static void read_chardev(const struct json *value)
{
	struct chardev *chardev = add_chardev(json_get_string(value, "id", ""));
	const char *fd = json_get_string(value, "fd", NULL);

	chardev->logfile = xstrdup(json_get_string(value, "logfile", NULL));
	if (!fd)
		return;

	int number = (int)strtoll(fd, NULL, 10);
	struct stat st;
	if (fstat(number, &st) < 0 || !S_ISSOCK(st.st_mode)) {
		fprintf(stderr, "qemu-system-x86_64: -chardev: fd %d is no socket\n", number);
		exit(1);
	}
	if (streq(json_get_string(value, "server", "off"), "on"))
		chardev->listen_fd = number;
	else
		chardev->client_fd = chardev->out_fd = number;
}

static void read_monitor(const char *option, const struct json *value)
{
	struct chardev *chardev;

	if (streq(option, "-qmp")) {
		chardev = add_chardev("stdio");
		chardev->client_fd = 0;
		chardev->out_fd = 1;
	} else {
		chardev = find_chardev(value_of(value, "chardev"));
	}
	if (chardev)
		chardev->monitor = true;
}

static void read_device(struct json *value)
{
	const char *driver = value_of(value, "driver");

	fake.has_balloon |= starts_with(driver, "virtio-balloon");
	json_append(fake.devices, json_ref(value));
}

static void read_option(const char *option, const char *text)
{
	_cleanup_json_ struct json *value = parse_value(text);

	if (streq(option, "-machine") || streq(option, "-M"))
		fake.probe = streq(value_of(value, "type"), "none");
	else if (streq(option, "-chardev"))
		read_chardev(value);
	else if (streq(option, "-mon") || streq(option, "-qmp"))
		read_monitor(option, value);
	else if (streq(option, "-smp"))
		fake.vcpus = (int)strtoll(value_of(value, "cpus"), NULL, 10);
	else if (streq(option, "-m"))
		fake.memory = strtoll(value_of(value, "size"), NULL, 10) * 1024 * 1024;
	else if (streq(option, "-name"))
		text_replace(&fake.name, value_of(value, "guest"));
	else if (streq(option, "-uuid"))
		text_replace(&fake.uuid, text);
	else if (streq(option, "-device"))
		read_device(value);
	else if (streq(option, "-blockdev"))
		json_append(fake.blockdevs, json_ref(value));
	else if (streq(option, "-action"))
		text_replace(&fake.panic_action, json_get_string(value, "panic", fake.panic_action));
	else if (streq(option, "-vnc"))
		fake.has_vnc = true;
	else if (streq(option, "-spice"))
		fake.has_spice = true;
	else if (streq(option, "-add-fd")) {
		fake.fdsets[fake.n_fdsets].fd = (int)strtoll(json_get_string(value, "fd", "-1"), NULL, 10);
		fake.fdsets[fake.n_fdsets++].set = (int)strtoll(json_get_string(value, "set", "-1"), NULL, 10);
	}
}

void fake_read_argv(char **argv)
{
	fake.argv = argv;
	fake.vcpus = 1;
	fake.memory = 128 * 1024 * 1024;
	fake.status = "running";
	fake.panic_action = xstrdup("shutdown");
	fake.devices = json_new_array();
	fake.blockdevs = json_new_array();
	for (size_t i = 1; argv[i]; i++) {
		if (streq(argv[i], "-S"))
			fake.status = "prelaunch";
		else if (streq(argv[i], "-no-shutdown"))
			fake.no_shutdown = true;
		else if (argv[i][0] == '-' && argv[i + 1])
			read_option(argv[i], argv[i + 1]);
	}
	fake.balloon = fake.memory;
	if (fake.vcpus < 1 || fake.vcpus > FAKE_MAX)
		fake.vcpus = 1;
}

static struct json *open_fds(void)
{
	struct json *fds = json_new_object();
	DIR *dir = opendir("/proc/self/fd");

	for (struct dirent *entry; dir && (entry = readdir(dir));) {
		char target[PATH_MAX] = "";

		if (entry->d_name[0] == '.' || (int)strtoll(entry->d_name, NULL, 10) == dirfd(dir))
			continue;
		if (readlinkat(dirfd(dir), entry->d_name, target, sizeof(target) - 1) > 0)
			json_put_string(fds, entry->d_name, target);
	}
	if (dir)
		closedir(dir);
	return fds;
}

/* "Uid:\t0\t0" as {"Uid": "0 0"}. */
static struct json *process_status(void)
{
	struct json *status = json_new_object();
	FILE *f = fopen("/proc/self/status", "re");
	char line[4096];

	while (f && fgets(line, sizeof(line), f)) {
		char *colon = strchr(line, ':');

		if (!colon)
			continue;
		*colon = '\0';
		for (char *c = colon + 1; *c; c++)
			if (*c == '\t' || *c == '\n')
				*c = ' ';
		_cleanup_free_ char *value = text_trim(colon + 1);
		json_put_string(status, line, value);
	}
	if (f)
		fclose(f);
	return status;
}

static void put_file(struct json *record, const char *key, const char *path)
{
	_cleanup_error_ struct error ignored = ERROR_INIT;
	_cleanup_free_ char *text = NULL;

	if (file_read_at(AT_FDCWD, path, 4096, &text, NULL, &ignored) == 0) {
		_cleanup_free_ char *trimmed = text_trim(text);
		json_put_string(record, key, trimmed);
	}
}

static struct json *strings(char **list)
{
	struct json *array = json_new_array();

	for (size_t i = 0; list[i]; i++)
		json_append_string(array, list[i]);
	return array;
}

void fake_record(const char *kind)
{
	const char *directory = json_get_string(fake.conf, "record", NULL);
	_cleanup_json_ struct json *record = json_new_object();
	_cleanup_error_ struct error err = ERROR_INIT;
	char cwd[PATH_MAX] = "", root[PATH_MAX] = "";

	if (!directory)
		return;
	/* The descriptors first: what is opened here must not be among them. */
	json_put(record, "fds", open_fds());
	json_put_int(record, "pid", getpid());
	json_put_int(record, "ppid", getppid());
	json_put_int(record, "sid", getsid(0));
	json_put(record, "argv", strings(fake.argv));
	json_put(record, "env", strings(environ));
	json_put_string(record, "cwd", getcwd(cwd, sizeof(cwd)) ? cwd : "");
	json_put_string(record, "root", readlink("/proc/self/root", root, sizeof(root) - 1) > 0 ? root : "");
	json_put_int(record, "nice", getpriority(PRIO_PROCESS, 0));
	put_file(record, "oom_score_adj", "/proc/self/oom_score_adj");
	put_file(record, "cgroup", "/proc/self/cgroup");
	put_file(record, "limits", "/proc/self/limits");
	json_put(record, "status", process_status());

	_cleanup_free_ char *text = json_to_pretty(record);
	_cleanup_free_ char *name = xprintf("%s-%d.json", kind, (int)getpid());
	_cleanup_close_ int dirfd = open(directory, O_DIRECTORY | O_RDONLY | O_CLOEXEC);
	if (dirfd < 0 || file_write_at(dirfd, name, text, strlen(text), 0644, false, &err) < 0)
		fprintf(stderr, "fake-qemu: cannot write a record into \"%s\": %s\n", directory,
			err.message ? err.message : "not there");
}

void fake_record_command(const struct chardev *monitor, const struct json *command)
{
	const char *directory = json_get_string(fake.conf, "record", NULL);
	_cleanup_json_ struct json *line = json_copy(command);
	struct json *arguments = json_get(line, "arguments");
	const char *password = json_get_string(arguments, "password", NULL);

	if (!directory)
		return;
	if (password)
		json_put_stringf(arguments, "password", "(%zu bytes)", strlen(password));
	json_put_int(line, "pid", getpid());
	json_put_string(line, "monitor", monitor->id);

	_cleanup_free_ char *text = json_to_text(line);
	_cleanup_free_ char *whole = xprintf("%s\n", text);
	_cleanup_free_ char *path = xprintf("%s/commands.jsonl", directory);
	_cleanup_close_ int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
	if (fd >= 0)
		file_write_all(fd, whole, strlen(whole));
}
