# shellcheck shell=bash
# The frame of the tests of bad weather: `. "$(dirname "$0")/../fault/crash.sh"` and a world of one's own stands (world.sh), with the fake QEMU or, after `crash_qemu=real`, the real one.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
requires root kvmctl jq ip tun
enter_netns "$@"
# shellcheck source=tests/fault/world.sh
. "$ROOT/tests/fault/world.sh"
[ "${crash_qemu:-}" != real ] || requires qemu-system-x86_64
world_make "${crash_qemu:-}"

# Nothing is left, within some seconds (the kernel takes its time with a process that ended).
world_must_be_clean() {
	until_true 5 world_is_clean || fail "left: $(world_left)"
}
world_is_clean() { [ -z "$(world_left)" ]; }
state_of() { "$KVMCTL" --json list | jq -r --arg n "${1:-$ONE}" '.instances[] | select(.name == $n) | .state'; }
