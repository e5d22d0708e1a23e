/* The serial chapter: the serial port with its log, and the virtio-serial channels of the
 * guest's agents. */
#include <fcntl.h>

#include "base/text.h"
#include "vm/plan_build.h"

/* The log is an append-only descriptor, so that the supervisor can cut the file short while
 * QEMU writes. QEMU logs whether somebody is connected or not. */
static void serial_port(struct builder *b)
{
	int fd = build_fd(b, PLAN_FD_SERIAL, NULL);
	int log = build_fdset(b, PLAN_FD_SERIAL_LOG, NULL, O_WRONLY | O_APPEND, -1);

	options_text(&b->options, "-chardev",
		     "socket,id=serial0,fd=%d,server=on,wait=off,logfile=/dev/fdset/%d,logappend=on", fd, log);
	options_text(&b->options, "-serial", "chardev:serial0");
}

/* A channel's number is its own, whatever other channels there are. */
static void channel(struct builder *b, const char *id, int number, const char *name)
{
	struct json *port = build_device("virtserialport", id);

	json_put_string(port, "bus", "channels.0");
	json_put_int(port, "nr", number);
	json_put_string(port, "chardev", id);
	json_put_string(port, "name", name);
	build_add_device(b, port);
}

/* The agents' channels share one controller, which is there only when a channel is. */
void plan_serial(struct builder *b)
{
	bool agent = b->hv->use_guest_agent, vdagent = !is_empty(b->hv->spice_bind) && b->hv->spice_use_vdagent;

	if (b->hv->serial_console)
		serial_port(b);
	if (!agent && !vdagent)
		return;
	build_add_pci(b, PCI_CHANNELS, true, build_device("virtio-serial-pci", "channels"), "hvparams.use_guest_agent");
	if (agent) {
		options_text(&b->options, "-chardev", "socket,id=agent,fd=%d,server=on,wait=off",
			     build_fd(b, PLAN_FD_AGENT, NULL));
		channel(b, "agent", 1, "org.qemu.guest_agent.0");
	}
	if (vdagent) {
		options_text(&b->options, "-chardev", "spicevmc,id=vdagent,name=vdagent");
		channel(b, "vdagent", 2, "com.redhat.spice.0");
	}
}
