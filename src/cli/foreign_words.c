/* What other tools call our commands: for those who come from virsh(1), qm(1), gnt-instance(8) or systemctl(1). */
#include "cli/foreign_words.h"

#include "base/text.h"

const char *foreign_word(const char *word)
{
	static const char *const words[][2] = {
		{ "shutdown", "stop NAME" },
		{ "poweroff", "stop NAME" },
		{ "destroy", "stop NAME --force" },
		{ "kill", "stop NAME --force" },
		{ "restart", "reboot NAME" },
		{ "suspend", "pause NAME" },
		{ "managedsave", "save NAME" },
		{ "status", "state NAME" },
		{ "domstate", "state NAME" },
		{ "show", "info NAME" },
		{ "dominfo", "info NAME" },
		{ "domid", "info NAME" },
		{ "config", "info NAME" },
		{ "showcmd", "argv NAME" },
		{ "ps", "list" },
		{ "ls", "list" },
		{ "setmem", "balloon NAME MIB" },
		{ "vcpupin", "pin NAME MASK" },
		{ "emulatorpin", "pin NAME MASK" },
		{ "domiftune", "nic-set NAME NIC" },
		{ "domif-setlink", "nic-set NAME NIC --link up|down" },
		{ "terminal", "console NAME" },
		{ "send-key", "sendkey NAME KEYS..." },
		{ "inject-nmi", "nmi NAME" },
		{ "qemu-monitor-command", "qmp NAME CMD [JSON]" },
		{ "nodeinfo", "host info" },
		{ "create", "start --spec FILE" },
		{ "define", "check --spec FILE" },
		{ "migrate-setspeed", "migrate NAME HOST --bandwidth MIB" },
		{ "domjobinfo", "migration status NAME" },
		{ "domjobabort", "migration cancel NAME" },
	};

	for (size_t i = 0; i < ELEMENTS(words); i++)
		if (streq(word, words[i][0]))
			return words[i][1];
	return NULL;
}
