# shellcheck shell=bash
# Two hosts, A and B, in namespaces of their own (network, and mounts), on a network with a third that listens; and a guest whose every tick is seen:
# `. "$(dirname "$0")/world.sh"`, then `two_hosts`.
#
# The guest g counts. Each tick is written to its own sector of the disk, and synced; then it is sent over one TCP connection to the listener outside of
# both hosts. A guest that ran twice, stood on the wrong disk or lost its connection would leave a gap or a repetition.

. "$(dirname "${BASH_SOURCE[0]}")/../guest/lib.sh"

GUEST_IP=10.9.7.50 LISTENER=10.9.7.254
declare -A HOST_PID=() HOST_IP=([A]=10.9.7.1 [B]=10.9.7.2) HOST_IP6=([A]=fd00:7::1 [B]=fd00:7::2)

# on HOST COMMAND...: there.
on() {
	local host=$1
	shift
	KVMCTL_CONFIG=$TMP/$host/kvmctl.json nsenter -t "${HOST_PID[$host]}" -n -m -- "$@"
}

# kvm HOST ARGUMENT...: kvmctl there.
kvm() {
	local host=$1
	shift
	on "$host" "$KVMCTL" "$@"
}

# What a remote shell is to a real host: runs its arguments there.
write_shell() {   # HOST
	cat >"$TMP/to-$1" <<-END
		#!/bin/sh
		exec nsenter -t ${HOST_PID[$1]} -n -m -- env KVMCTL_CONFIG=$TMP/$1/kvmctl.json PATH=$BUILD:\$PATH "\$@"
	END
	chmod 755 "$TMP/to-$1"
}

# The settings of a host: below a directory of its own; only the directory of images has the same name on both.
make_host() {   # HOST [FILTER]
	local host=$1 pid
	mkdir -p "$TMP/$host/instances" "$TMP/$host/images" "$TMP/images" "$BUILD/tests/cache"
	jq -n --arg d "$TMP/$host" --arg cache "$BUILD/tests/cache" --arg kernel "$GUEST_KERNEL" --arg initrd "$GUEST_INITRD" '{
		run_dir: ($d + "/run"), spec_dir: ($d + "/instances"), state_dir: ($d + "/state"), uid_dir: ($d + "/uids"), cache_dir: $cache,
		defaults: { kvm_flag: "disabled", kernel_path: $kernel, initrd_path: $initrd, migration_port: 0, migration_bandwidth: 0 } }
		| '"${2:-.}" >"$TMP/$host/kvmctl.json"
	unshare --net --mount --propagation private -- sh -c 'mount --bind "$1" "$2" && exec sleep 3600' sh "$TMP/$host/images" "$TMP/images" &
	pid=$!
	cleanup_fn "kill $pid 2>/dev/null"
	HOST_PID[$host]=$pid
	until_true 20 eval "[ \"\$(cat /proc/$pid/comm 2>/dev/null)\" = sleep ]" || fail "no namespaces"
	write_shell "$host"
	cleanup_fn "end_host $host"
	# A bridge without an address of its own takes the lowest of its ports: that may be the TAP's, which is the same on both hosts.
	ip link add "lan-$host" type veth peer name eth0 netns "$pid"
	ip link set "lan-$host" master lan up
	on "$host" sh -c "ip link set lo up; ip link add br0 address 02:00:00:00:07:0${HOST_IP[$host]##*.} type bridge; ip link set eth0 master br0 up; ip link set br0 up
		ip addr add ${HOST_IP[$host]}/24 dev br0; ip -6 addr add ${HOST_IP6[$host]}/64 dev br0 nodad"
}

# A host's cable.
cut_cable() { ip link set "lan-$1" down; }
mend_cable() { ip link set "lan-$1" up; }

end_host() {
	kvm "$1" -q stop --all --force >/dev/null 2>&1
	kvm "$1" -q cleanup >/dev/null 2>&1
}

listen() {
	python3 - "$LISTENER" "$TMP/ticks" <<'PY' &
import socket, sys
s = socket.socket()
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind((sys.argv[1], 4000))
s.listen()
with open(sys.argv[2], "wb", buffering=0) as out:
    while True:
        connection = s.accept()[0]
        while True:
            data = connection.recv(65536)
            if not data:
                out.write(b"closed\n")
                break
            out.write(data)
PY
	cleanup_fn "kill $! 2>/dev/null"
	until_true 20 test -e "$TMP/ticks" || fail "nobody listens"
}

# two_hosts [FILTER]: the filter is for the settings of both. The rest of the script runs in a network namespace of its own.
two_hosts() {
	requires root netns tun kvmctl jq python3 ip nsenter
	unshare --mount true 2>/dev/null || skip "no right to make a mount namespace"
	chmod 755 "$TMP"
	ip link add lan type bridge
	ip link set lan up
	ip addr add "$LISTENER/24" dev lan
	make_host A "${1:-.}"
	make_host B "${1:-.}"
	listen
}

# guest_spec NAME [FILTER]: the spec of a guest, the same on both hosts, changed by a filter of jq. A disk of a directory that both have.
TICK='i=0; while :; do i=\$((i+1)); printf %-511s\\\\n \$i | dd of=/dev/vda seek=\$i bs=512 conv=notrunc,fsync 2>/dev/null; echo \$i; usleep 100000; done'
# With WRITER, it also writes memory without end: 24 MiB, again and again, as quickly as it can.
WRITER='while :; do dd if=/dev/urandom of=/x bs=1M count=24 conv=notrunc 2>/dev/null; done &'
guest_spec() {
	local disk=$TMP/disks/$1
	mkdir -p "$TMP/disks"
	[ -e "$disk" ] || truncate -s 16M "$disk"
	jq -n --arg name "$1" --arg disk "$disk" --arg args "quiet no_timer_check kvmctl.ip=$GUEST_IP/24 kvmctl.run=\"${writer:-} ($TICK) | nc $LISTENER 4000 &\"" '{
		name: $name, vcpus: 1, maxmem: 128, hvparams: { disk_cache: "none", kernel_args: $args },
		disks: [ { path: $disk, format: "raw", shared: true } ], nics: [ { mode: "bridged", link: "br0", mac: "aa:00:00:09:07:50" } ] }
		| '"${2:-.}" >"$TMP/A/instances/$1.json"
	cp "$TMP/A/instances/$1.json" "$TMP/B/instances/$1.json"
}

# boot_ticking HOST [NAME]: until it ticks.
boot_ticking() {
	expect 0 kvm "$1" start "${2:-g}"
	until_true "$GUEST_PATIENCE" grep -qs 3 "$TMP/ticks" || fail "no ticks: $(tail -n 30 "$TMP/$1/run/log/${2:-g}.serial")"
}

# The emulation of QEMU 7.2 (TCG) may lose what a guest writes while it is moved live: with bare QMP commands, once in some twenty to eighty moves of this
# guest on a busy host, pages of the target were older ones than the source's when both stood; KVM keeps its own log of what is written. The guest's kernel then
# crashes or hangs. Such a guest ends the test with status 75, and tests/run tries it again where the test says `attempts`. What kvmctl answers for is never
# excused by it: where the guest runs, what is left, a tick that is lost or there twice.
guest_lost() {
	echo "the guest was lost by the emulation: $*"
	exit 75
}
has_crashed() { grep -qsaE 'kernel BUG at|BUG: |Oops|general protection fault|Kernel panic|soft lockup|rcu_preempt detected stalls' "$TMP/$1/run/log/g.serial"; }

# Ten a second on an idle machine.
TICK_PATIENCE=60
last_tick() { grep -v closed "$TMP/ticks" | tail -n 1 | tr -dc 0-9; }
has_ticked_on() { [ "$(last_tick)" -ge "$1" ]; }
# One that stood still for long may complain of that (soft lockup, stalls), and goes on.
is_over() { grep -qx closed "$TMP/ticks" || grep -qsaF 'Kernel panic' "$TMP"/[AB]/run/log/g.serial; }
ticks_on_or_ends() { has_ticked_on "$1" || is_over; }
# goes_on [TICKS]: it lives: more ticks come, and none is missing, or there twice.
goes_on() {
	local host before wanted
	before=$(last_tick)
	wanted=$((before + ${1:-3}))
	until_true "$TICK_PATIENCE" ticks_on_or_ends $wanted || :
	every_tick
	! has_ticked_on $wanted || return 0
	for host in A B; do
		! has_crashed $host || guest_lost "its kernel crashed on $host after tick $before"
		[ "$(state_on $host)" != "running " ] || guest_lost "it runs on $host and says nothing after tick $before"
	done
	fail "no more ticks after $before: it is \"$(state_on A)\" on A, \"$(state_on B)\" on B; $(tail -n 8 "$TMP"/[AB]/run/log/g.{serial,events} "$TMP"/[AB]/run/exit/g 2>/dev/null)"
}
every_tick() {
	awk '$0 != NR && $0 != "closed" { print "line " NR ": " $0; exit 1 }' "$TMP/ticks" || fail "a tick is lost, or there twice"
	# Frames that are lost do not end a connection: its program in the guest has ended.
	! grep -qx closed "$TMP/ticks" || guest_lost "what ticks in it has ended: $(tail -n 3 "$TMP/ticks" | tr '\n' ' '), $(tail -n 5 "$TMP"/[AB]/run/log/g.serial)"
}
# every_tick_on_disk FILE: up to the last one heard of.
every_tick_on_disk() {
	python3 - "$1" "$(last_tick)" <<'PY' || fail "the disk is not as it was written"
import sys
with open(sys.argv[1], "rb") as disk:
    for i in range(1, int(sys.argv[2]) + 1):
        disk.seek(i * 512)
        if disk.read(512).strip() != str(i).encode():
            sys.exit(f"sector {i} has another text")
PY
}

# move FROM TO [OPTION...]: the whole move of g. Its result in $out.
move() {
	local from=$1 to=$2
	shift 2
	expect 0 kvm "$from" --json migrate g "$to" --shell "$TMP/to-$to" --address "${address:-${HOST_IP[$to]}}" "$@"
}

state_on() { kvm "$1" --json list 2>/dev/null | jq -r --arg n "${2:-g}" '[.instances[] | select(.name == $n) | "\(.state) \(.reason)"] | join(",") // ""'; }
leaves() { [ "$(state_on "$1")" = "outgoing migrating" ]; }
# half_there FROM TO: it runs there, and the rest of its memory is still on the way (post-copy).
half_there() { [ "$(state_on "$1")" = "unknown handed-over" ] && [ "$(state_on "$2")" = "running " ]; }
# runs_on HOST [STATE]: there, and only there; the other one has nothing of it but its exit record.
runs_on() {
	local other=A left
	[ "$1" = B ] || other=B
	left=$(state_on "$1" | cut -d ' ' -f 1)
	[ "$left" = "${2:-running}" ] || ! has_crashed "$1" || guest_lost "it is $left on $1 after its kernel crashed"
	[ "$left" = "${2:-running}" ] || fail "the state on $1 is \"$left\", not \"${2:-running}\": $(cat "$TMP/$1/run/exit/g" 2>/dev/null); $(tail -n 4 "$TMP/$1/run/log/g.events" "$TMP/$1/run/log/g.log")"
	left=$(state_on "$other" | cut -d ' ' -f 1)
	same "the state on $other" "${left:-stopped}" "${3:-stopped}"
	nothing_on "$other"
}
# nothing_on HOST: no process, no TAP, no file of a running instance; cleanup has nothing to do.
nothing_on() {
	local left run=$TMP/$1/run
	expect 0 kvm "$1" --json cleanup
	same "what cleanup did on $1" "$(jq -c '[.clean, .done]' <<<"$out")" "[true,[]]"
	left=$(for pid in $(grep -lsz "^KVMCTL_RUN_DIR=$run\$" /proc/[0-9]*/environ | cut -d / -f 3); do process_gone "$pid" || echo "$pid"; done)
	[ -z "$left" ] || fail "processes are left on $1: $(ps -o pid,args -p "${left//$'\n'/,}")"
	left=$(find "$run/pid" "$run/conf" "$run/uid" "$run/nic" "$run/ctrl" "$run/chroot" -mindepth 1 2>/dev/null || :)
	[ -z "$left" ] || fail "left on $1: $left"
	left=$(on "$1" ip -o link show 2>/dev/null | grep -v ': \(lo\|eth0@[^:]*\|br[01]\):' || :)
	[ -z "$left" ] || fail "links are left on $1: $left"
}
