/* OVMF: code and its template of variables, of one build and one size; the larger one where there are
 * both (the smaller no longer fits key databases). */
#include "vm/firmware.h"

#include "base/text.h"

static const struct {
	const char *code, *vars;
} places[] = {
	{ "/usr/share/OVMF/OVMF_CODE_4M.fd", "/usr/share/OVMF/OVMF_VARS_4M.fd" },             /* Debian, Ubuntu */
	{ "/usr/share/edk2/x64/OVMF_CODE.4m.fd", "/usr/share/edk2/x64/OVMF_VARS.4m.fd" },     /* Arch */
	{ "/usr/share/OVMF/OVMF_CODE.fd", "/usr/share/OVMF/OVMF_VARS.fd" },                   /* Debian 11 */
	{ "/usr/share/edk2/ovmf/OVMF_CODE.fd", "/usr/share/edk2/ovmf/OVMF_VARS.fd" },         /* Fedora, RHEL */
	{ "/usr/share/edk2-ovmf/x64/OVMF_CODE.fd", "/usr/share/edk2-ovmf/x64/OVMF_VARS.fd" }, /* Arch, Gentoo before */
	{ "/usr/share/qemu/ovmf-x86_64-4m-code.bin", "/usr/share/qemu/ovmf-x86_64-4m-vars.bin" }, /* openSUSE */
	{ "/usr/share/qemu/edk2-x86_64-code.fd", "/usr/share/qemu/edk2-i386-vars.fd" },           /* QEMU's own */
};

bool firmware_find(char **ret_code, char **ret_vars)
{
	for (size_t i = 0; i < ELEMENTS(places); i++) {
		if (access(places[i].code, R_OK) < 0 || access(places[i].vars, R_OK) < 0)
			continue;
		*ret_code = xstrdup(places[i].code);
		*ret_vars = xstrdup(places[i].vars);
		return true;
	}
	*ret_code = xstrdup("");
	*ret_vars = xstrdup("");
	return false;
}
