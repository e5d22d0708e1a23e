# shellcheck shell=bash
# For tests of post-copy: `. "$ROOT/tests/userfaultfd.sh"` after lib.sh.

# userfaultfd 0|1: whether everybody may use it on this machine, until the end of this test. One test at a time; skipped where it cannot be set.
userfaultfd() {
	local sysctl=/proc/sys/vm/unprivileged_userfaultfd before
	[ -w $sysctl ] || skip "no right to set vm.unprivileged_userfaultfd"
	if [ -z "${USERFAULTFD_LOCK:-}" ]; then
		exec {USERFAULTFD_LOCK}>>/run/lock/kvmctl-test-userfaultfd
		flock "$USERFAULTFD_LOCK"
		before=$(cat $sysctl)
		cleanup_fn "echo $before >$sysctl"
	fi
	echo "$1" 2>/dev/null >$sysctl || skip "vm.unprivileged_userfaultfd cannot be set"
}
