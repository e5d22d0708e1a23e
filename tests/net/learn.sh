# shellcheck shell=bash
# A bridge with a guest (tap0), the LAN (tap1) and another guest (tap2), and frames between them: `. learn.sh` after lib.sh and
# enter_netns. What is said to `talk` is in tests/net/talk/talk.h and tests/net/frames/frames.h.

GUEST=52:54:00:00:00:01 OTHER=52:54:00:00:00:03
echo 1 >/proc/sys/net/ipv6/conf/all/disable_ipv6
echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6
ip link add br0 type bridge forward_delay 0 stp_state 0 mcast_snooping 0
ip link set br0 up
for tap in tap0 tap1 tap2; do
	ip tuntap add $tap mode tap
	ip link set $tap master br0 up
	ip link set $tap type bridge_slave learning off
done
jq -n --arg tmp "$TMP" '{run_dir: "\($tmp)/run", state_dir: "\($tmp)/state", filter_dir: "\($tmp)/filters", cache_dir: "\($tmp)/cache", uid_dir: "\($tmp)/uids"}' >"$TMP/kvmctl.json"
export KVMCTL_CONFIG=$TMP/kvmctl.json
coproc TALK { exec "$BUILD/tests/filters/talk" tap0 tap1 tap2; }
cleanup_fn 'exec {TALK[1]}>&-'
cleanup_fn '"$KVMCTL" filter unbind tap0 2>/dev/null; "$KVMCTL" filter unbind tap2 2>/dev/null'

# talk WORDS...: the answer is in $answer.
talk() {
	printf '%s\n' "$*" >&"${TALK[1]}"
	read -r answer <&"${TALK[0]}"
}

# passes FROM TO WORDS..., drops FROM TO WORDS...
passes() { talk "$@"; [ "$answer" = pass ]; }
drops() { talk "$@"; [ "$answer" = drop ]; }

# good WHAT COMMAND...: it must be true.
good() {
	local what=$1
	shift
	"$@" || fail "$what: \"$*\" is not true; $("$KVMCTL" filter bindings --json | tr -d ' \n')"
}

# soon WHAT COMMAND...: it must become true.
soon() {
	local what=$1
	shift
	until_true 30 "$@" || fail "$what: \"$*\" does not become true; $("$KVMCTL" filter bindings --json | tr -d ' \n')"
}

# bind_as STATUS INTERFACE MAC [PARAMETER...]
bind_as() {
	local status=$1 interface=$2 mac=$3 words=() word
	shift 3
	for word; do words+=(--param "$word"); done
	expect "$status" "$KVMCTL" filter bind --interface "$interface" --mac "$mac" --filter clean-traffic "${words[@]}"
}
# bind [PARAMETER...]: the guest's interface.
bind() { bind_as 0 tap0 "$GUEST" "$@"; }

# learned: the addresses of tap0, with blanks between them.
learned() { "$KVMCTL" filter bindings --json | jq -r '.bindings[] | select(.interface == "tap0") | .learned | join(" ")'; }
# The record is there before the rules are: verify waits until they are loaded, too.
knows() { [ "$(learned)" = "$1" ] && "$KVMCTL" filter verify >/dev/null; }

# tells "ADDRESS..." WORDS...: says it (again, as a guest does), until these are known.
told() {
	local wanted=$1
	shift
	talk "$@"
	knows "$wanted"
}
tells() { soon "it is learned" told "$@"; }

# learner [INTERFACE]: its pid.
learner() { sed -n '1s/ .*//p' "$TMP/run/filter/.${1:-tap0}.learner" 2>/dev/null; }
