# shellcheck shell=bash
# A real guest under a supervisor of its own: tests/cli/supervisor_lib.sh with the kernel and initramfs of `make guest`.

. "$(dirname "${BASH_SOURCE[0]}")/../cli/supervisor_lib.sh"
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# begin_guest WORDS [MORE-HVPARAMS]: WORDS tell the guest what to do.
begin_guest() {
	begin '{"kvm_flag": "disabled", "kernel_path": "'"$GUEST_KERNEL"'", "initrd_path": "'"$GUEST_INITRD"'",
		"kernel_args": "console=ttyS0 quiet no_timer_check '"$1"'"'"${2:+, $2}"'}'
	sed -i 's/"maxmem": 64, "minmem": 64/"maxmem": 128, "minmem": 128/' "$TMP/specs/w1.json"
}
# A guest's end takes its time on a busy machine.
expect_reason() {
	until_true "$GUEST_PATIENCE" exit_has "\"reason\": \"$1\"" || fail "not $1: $(cat "$RUN/exit/w1" 2>&1; kvmctl list)"
}
