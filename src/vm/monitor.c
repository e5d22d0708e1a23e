/* Opens an instance's monitors by name. */
#include "vm/monitor.h"

#include "base/text.h"
#include "host/socket.h"

static const struct {
	const char *suffix, *word;
} monitors[MONITOR_MAX] = {
	[MONITOR_CONTROL] = { ".qmp", "control" },
	[MONITOR_QUERY] = { ".query", "query" },
	[MONITOR_EVENT] = { ".event", "event" },
};

const char *monitor_suffix(enum monitor monitor)
{
	return monitors[monitor].suffix;
}

int monitor_connect(struct rundir *rundir, const char *name, enum monitor monitor, struct qmp **ret, struct error *err)
{
	_cleanup_free_ char *file = xprintf("%s%s", name, monitors[monitor].suffix);
	_cleanup_free_ char *what = xprintf("%s monitor of \"%s\"", monitors[monitor].word, name);
	int dir = rundir_part(rundir, RUNDIR_CTRL);
	int fd;

	/* Only a directory that is not there says that nothing runs. */
	if (dir < 0 && errno != ENOENT)
		return error_errno(err, ERROR_HOST, errno, "cannot open \"%s/ctrl\"", rundir->path);
	if (dir < 0)
		return error_set(err, ERROR_STATE, "instance \"%s\" is not running: there is no \"%s/ctrl\"", name,
				 rundir->path);
	if (socket_connect_at(dir, file, &fd, err) < 0) {
		if (err->errnum == ECONNREFUSED || err->errnum == ENOENT)
			return error_set(err, ERROR_STATE,
					 "instance \"%s\" is not running: nobody listens on its %s monitor", name,
					 monitors[monitor].word);
		return error_prefix(err, "%s", what);
	}
	*ret = qmp_new(fd, what);
	return 0;
}

int monitor_open(struct rundir *rundir, const char *name, enum monitor monitor, struct deadline deadline,
		 struct qmp **ret, struct error *err)
{
	_cleanup_qmp_ struct qmp *qmp = NULL;

	if (monitor_connect(rundir, name, monitor, &qmp, err) < 0 || qmp_handshake(qmp, deadline, err) < 0)
		return -1;
	*ret = take_ptr(qmp);
	return 0;
}
