/* Syntax checks: the binary, the kernel, what boots, the machine. */
#include "vm/checks.h"

#include <ctype.h>
#include <string.h>

#include "base/strv.h"
#include "base/text.h"

void check_kvm_path(const struct spec *spec, const char *path, struct problems *problems)
{
	if (!*spec->hv.kvm_path)
		problems_add(problems, path, "is empty; name the QEMU binary");
}

void check_kernel_path(const struct spec *spec, const char *path, struct problems *problems)
{
	if (*spec->hv.kernel_path && !*spec->hv.root_path)
		problems_add(problems, path, "needs root_path, which is empty");
}

void check_root_path(const struct spec *spec, const char *path, struct problems *problems)
{
	if (*spec->hv.kernel_path && strchr(spec->hv.root_path, ' '))
		problems_add(problems, path, "has a blank, which would end it on the kernel's command line");
}

/* The kernel keeps 2048 bytes of its command line (COMMAND_LINE_SIZE on x86) and drops the rest without a word. */
#define KERNEL_ARGS_MAX 1900

void check_kernel_args(const struct spec *spec, const char *path, struct problems *problems)
{
	if (*spec->hv.kernel_path && strlen(spec->hv.kernel_args) > KERNEL_ARGS_MAX)
		problems_add(problems, path, "is %zu bytes long; a kernel takes about %d", strlen(spec->hv.kernel_args),
			     KERNEL_ARGS_MAX);
}

/* Without a serial port nobody uses it; a cluster manager writes it all the same. */
void check_serial_speed(const struct spec *spec, const char *path, struct problems *problems)
{
	static const int64_t speeds[] = { 75,    110,   300,   600,   1200,  1800,   2400,   4800,   9600,
					  14400, 19200, 28800, 38400, 57600, 115200, 230400, 345600, 460800 };
	if (!spec->hv.serial_console)
		return;
	for (size_t i = 0; i < ELEMENTS(speeds); i++)
		if (speeds[i] == spec->hv.serial_speed)
			return;
	problems_add(
		problems, path,
		"%lld is no speed of a serial port (75 110 300 600 1200 1800 2400 4800 9600 14400 19200 28800 38400 "
		"57600 115200 230400 345600 460800)",
		(long long)spec->hv.serial_speed);
}

void check_boot_order(const struct spec *spec, const char *path, struct problems *problems)
{
	if (streq(spec->hv.boot_order, "cdrom") && !*spec->hv.cdrom_image_path)
		problems_add(problems, path, "\"cdrom\" needs cdrom_image_path");
	if (streq(spec->hv.boot_order, "floppy") && !*spec->hv.floppy_image_path)
		problems_add(problems, path, "\"floppy\" needs floppy_image_path");
}

/* Only the family is checked: which versions there are, the binary knows, and says when the plan is
 * made. */
void check_machine_version(const struct spec *spec, const char *path, struct problems *problems)
{
	const char *version = spec->hv.machine_version;
	bool pc = streq(version, "pc") || starts_with(version, "pc-i440fx-") || starts_with(version, "pc-0.") ||
		  starts_with(version, "pc-1.");
	bool q35 = streq(version, "q35") || starts_with(version, "pc-q35-");
	if (!*version)
		return;
	if (!check_is_word(version, ".-_+"))
		problems_add(problems, path, "\"%s\" cannot be a machine type", version);
	else if (streq(spec->hv.machine, "pc") ? !pc : !q35)
		problems_add(problems, path, "\"%s\" is not of the family \"%s\" that machine asks for%s", version,
			     spec->hv.machine,
			     q35  ? "; set machine to \"q35\""
			     : pc ? "; set machine to \"pc\""
				  : " (pc-i440fx-… or pc-q35-…)");
}

/* pc: the guest bridge (slot 0) and PIIX (slot 1); q35: the ICH9 (slot 31). The rest of the rule is Ganeti's. */
void check_kvm_pci_reservations(const struct spec *spec, const char *path, struct problems *problems)
{
	int least = streq(spec->hv.machine, "pc") ? 2 : 1;
	if (spec->hv.kvm_pci_reservations < least)
		problems_add(problems, path, "%lld is too few: the machine \"%s\" needs at least %d",
			     (long long)spec->hv.kvm_pci_reservations, spec->hv.machine, least);
}

void check_kvm_extra(const struct spec *spec, const char *path, struct problems *problems)
{
	_cleanup_error_ struct error err = ERROR_INIT;
	_cleanup_strv_ char **words = NULL;
	if (strv_split_shell(spec->hv.kvm_extra, &words, &err) < 0)
		problems_add_error(problems, path, &err);
}

void check_watchdog_action(const struct spec *spec, const char *path, struct problems *problems)
{
	if (*spec->hv.watchdog_action && !*spec->hv.watchdog && spec->hv.given[HV_watchdog_action])
		problems_add(problems, path, "needs watchdog");
}

bool check_is_word(const char *s, const char *more)
{
	if (!*s)
		return false;
	for (; *s; s++)
		if (!isalnum((unsigned char)*s) && !strchr(more, *s))
			return false;
	return true;
}
