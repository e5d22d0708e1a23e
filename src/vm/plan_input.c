/* Pointers and other USB devices, and sound. */
#include "base/strv.h"
#include "base/text.h"
#include "vm/plan_build.h"

/* pc: the UHCI of its own south bridge, which every guest knows. q35: xHCI. */
void build_usb(struct builder *b)
{
	const char *driver = b->q35 ? "qemu-xhci" : "piix3-usb-uhci";

	if (b->usb || !build_require(b, "hvparams.usb_devices", "USB", driver))
		return;
	b->usb = true;
	build_add_pci(b, PCI_USB, true, build_device(driver, "usb"), "hvparams.usb_devices");
}

/* All on the one controller, in the order of asking: a guest's ports are numbered so. */
static void usb_device(struct builder *b, const char *id, const char *word, const char *driver, const char *path)
{
	struct json *device;

	if (!build_require(b, path, word, driver))
		return;
	build_usb(b);
	device = build_device(driver, id);
	json_put_string(device, "bus", "usb.0");
	build_add_device(b, device);
}

/* With VNC a tablet, so that the pointers agree, unless the spec says otherwise. */
static const char *mouse(const struct builder *b)
{
	if (!is_empty(b->hv->usb_mouse) || b->input->recorded)
		return b->hv->usb_mouse;
	return is_empty(b->hv->vnc_bind_address) ? "" : "tablet";
}

/* "tablet", "usb-kbd", and "keyboard" as in QEMU's old -usbdevice. */
static void more_usb(struct builder *b)
{
	_cleanup_strv_ char **words = strv_split(b->hv->usb_devices, ',');

	for (size_t i = 0; i < strv_length(words); i++) {
		_cleanup_free_ char *word = text_trim(words[i]), *driver = NULL, *id = NULL;

		if (is_empty(word))
			continue;
		if (streq(word, "keyboard"))
			driver = xstrdup("usb-kbd");
		else
			driver = starts_with(word, "usb-") ? xstrdup(word) : xprintf("usb-%s", word);
		id = xprintf("usb-device%zu", i);
		usb_device(b, id, word, driver, "hvparams.usb_devices");
	}
}

/* PS/2 keyboard and mouse come with the machine. */
void plan_input(struct builder *b)
{
	b->mouse = mouse(b);
	if (streq(b->mouse, "tablet"))
		usb_device(b, "mouse", b->mouse, "usb-tablet", "hvparams.usb_mouse");
	else if (streq(b->mouse, "mouse"))
		usb_device(b, "mouse", b->mouse, "usb-mouse", "hvparams.usb_mouse");
	more_usb(b);
}
