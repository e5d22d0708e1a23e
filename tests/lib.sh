# shellcheck shell=bash
# What test scripts share: `. "$(dirname "$0")/../lib.sh"`. Sets BUILD (absolute), ROOT (the sources), KVMCTL, and TMP (private).

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
case ${BUILD:=build} in /*) ;; *) BUILD=$ROOT/$BUILD ;; esac
KVMCTL=$BUILD/kvmctl
if [ -z "${TMP:-}" ] || [ "$TMP" = /tmp ]; then
	TMP=$(mktemp -d /tmp/kvmctl-test.XXXXXX)
	export KVMCTL_TEST_OWN_TMP=$TMP   # also for the script that enter_netns makes of this one
fi
export TMP BUILD ROOT KVMCTL TMPDIR=$TMP

# No test leaves anything outside its own directory: these settings are the default of all.
if [ -z "${KVMCTL_CONFIG:-}" ]; then
	export KVMCTL_CONFIG=$TMP/.kvmctl.json
	mkdir -p "$BUILD/tests/cache"
	printf '{ "cache_dir": "%s/tests/cache", "state_dir": "%s/.state", "uid_dir": "/run/kvmctl-uids" }\n' "$BUILD" "$TMP" >"$KVMCTL_CONFIG"
fi

cleanups=()
run_cleanups() {
	local status=$? i
	set +e
	for ((i = ${#cleanups[@]} - 1; i >= 0; i--)); do
		eval "${cleanups[i]}"
	done
	if [ -n "${KVMCTL_TEST_OWN_TMP:-}" ]; then
		rm -rf "$KVMCTL_TEST_OWN_TMP"
	fi
	exit "$status"
}
trap run_cleanups EXIT
# `timeout` ends a test by SIGTERM: the clean-ups run then, too.
trap 'exit 143' TERM
trap 'exit 130' INT

# cleanup_fn COMMAND: run at the end, the last one first.
cleanup_fn() { cleanups+=("$*"); }

# skip REASON
skip() {
	echo "$*"
	exit 77
}

# fail MESSAGE
fail() {
	echo "FAILED: $*" >&2
	exit 1
}

# requires WORD...: commands, or root, kvmctl, guest (the image), tun, netns, nft.
requires() {
	local what
	for what; do
		case $what in
		root) [ "$(id -u)" = 0 ] || skip "needs root" ;;
		kvmctl) [ -x "$KVMCTL" ] || skip "no $KVMCTL" ;;
		guest) [ -f "$ROOT/build/guest/initrd.gz" ] || skip "no guest image (make guest)" ;;
		tun) [ -c /dev/net/tun ] || skip "no /dev/net/tun" ;;
		kvm) [ -w /dev/kvm ] || skip "no /dev/kvm" ;;
		netns) unshare --net true 2>/dev/null || skip "no right to make a network namespace" ;;
		*) command -v "$what" >/dev/null || skip "no command \"$what\"" ;;
		esac
	done
}

# tmp NAME: a new private directory; its path on stdout.
tmp() {
	mktemp -d "$TMP/${1:-d}.XXXXXX"
}

# expect STATUS COMMAND...: the command must end with it. Its output is in $out and $errors.
expect() {
	local wanted=$1 status=0
	shift
	"$@" >"$TMP/.out" 2>"$TMP/.err" </dev/null || status=$?
	# shellcheck disable=SC2034  # for the caller
	out=$(cat "$TMP/.out") errors=$(cat "$TMP/.err")
	[ "$status" = "$wanted" ] || fail "\"$*\" ended with $status, not $wanted; stdout: $out; stderr: $errors"
}

# contains TEXT PATTERN: a glob.
contains() {
	# shellcheck disable=SC2254  # a pattern is meant
	case $1 in *$2*) ;; *) fail "\"$2\" is not in: $1" ;; esac
}

# until_true SECONDS COMMAND...: asks again every 50 ms until it is true.
until_true() {
	local end=$((${EPOCHREALTIME/./} + $1 * 1000000))
	shift
	until "$@"; do
		[ "${EPOCHREALTIME/./}" -lt $end ] || return 1
		sleep 0.05
	done
}

# enter_netns: the rest of the script runs in a network namespace of its own, with lo up (gone with its last process).
enter_netns() {
	if [ -z "${KVMCTL_TEST_NETNS:-}" ]; then
		requires root netns
		trap - EXIT
		# The second run makes its own, and removes it.
		if [ -n "${own_tmp:-}" ]; then
			rm -rf "$own_tmp"
			unset TMP TMPDIR
		fi
		KVMCTL_TEST_NETNS=1 exec unshare --net -- "$0" "$@"
	fi
	ip link set lo up
}
