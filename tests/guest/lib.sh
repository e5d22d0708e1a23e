# shellcheck shell=bash
# What tests with a real guest share: `. "$(dirname "$0")/lib.sh"` (it brings tests/lib.sh). The guest is that of `make guest`; see
# scripts/guest-init for the words that it heeds. TCG boots it in about three seconds on an idle machine: waits here are generous.

. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"
requires guest qemu-system-x86_64
# shellcheck disable=SC2034  # for the tests
GUEST_KERNEL=$ROOT/build/guest/vmlinuz GUEST_INITRD=$ROOT/build/guest/initrd.gz
GUEST_PATIENCE=${GUEST_PATIENCE:-180}
# Without no_timer_check the kernel may panic ("IO-APIC + timer doesn't work") when a busy host lets TCG's timer ticks come late.
GUEST_ARGS="console=ttyS0 quiet no_timer_check"

# wait_for_text FILE TEXT [SECONDS]: until the file (a serial log) has it.
wait_for_text() {
	until_true "${3:-$GUEST_PATIENCE}" grep -qsF -- "$2" "$1" && return
	echo "--- end of $1:" >&2
	tail -n 30 "$1" >&2
	fail "\"$2\" did not come within ${3:-$GUEST_PATIENCE} s"
}

# wait_for_guest FILE: until the guest has said on its serial port that it is ready.
wait_for_guest() { wait_for_text "$1" "kvmctl-guest ready" "${2:-}"; }

# process_gone PID: true when it has ended; a zombie counts as gone.
process_gone() {
	local state
	state=$(sed -n 's/^State:[[:space:]]*\(.\).*/\1/p' "/proc/$1/status" 2>/dev/null) || :
	[ -z "$state" ] || [ "$state" = Z ]
}

# wait_gone PID [SECONDS]
wait_gone() { until_true "${2:-$GUEST_PATIENCE}" process_gone "$1" || fail "process $1 is still there"; }

# serial SOCKET COMMAND [SECONDS]: types the command into the guest's shell and prints what it says, by way of a UNIX socket that is
# the serial port. The shell's echo and prompt are left out.
serial() {
	python3 - "$1" "$2" "${3:-$GUEST_PATIENCE}" <<'PY'
import socket, sys, time
path, command, patience = sys.argv[1], sys.argv[2], float(sys.argv[3])
end = time.monotonic() + patience
s = socket.socket(socket.AF_UNIX)
s.connect(path)
s.settimeout(0.2)
text = ""
def say(line, answer, seconds):
    global text
    s.sendall(line.encode())
    until = time.monotonic() + seconds
    while answer not in text:
        if time.monotonic() > end:
            sys.exit("no answer from the guest's shell: " + text)
        if time.monotonic() > until:
            return
        try:
            data = s.recv(65536)
        except socket.timeout:
            continue
        if not data:
            sys.exit("the guest's serial port was closed: " + text)
        text += data.decode(errors="replace").replace("\r", "")
# A shell that is just coming drops what was typed before: it has to answer first. The marks are put together by the shell, so that the
# echo of the line does not have them.
while "kvmctl-shell" not in text:
    say("\necho kvmctl-sh''ell\n", "kvmctl-shell", 2)
say("echo kvmctl-beg''in; " + command + "; echo kvmctl-e''nd\n", "kvmctl-end", patience)
# The echo of what is typed may come between the letters of what the shell says.
said = text.split("kvmctl-end", 1)[0]
sys.stdout.write(said.split("kvmctl-begin", 1)[-1].removeprefix("\n"))
PY
}

# raw_qmp SOCKET COMMAND [ARGUMENTS-JSON]: one command on a QMP socket, past kvmctl; prints its return value.
raw_qmp() {
	python3 - "$@" <<'PY'
import json, socket, sys
s = socket.socket(socket.AF_UNIX)
s.settimeout(20)
s.connect(sys.argv[1])
f = s.makefile("rw")
f.readline()
def ask(command, arguments=None):
    f.write(json.dumps({"execute": command, **({"arguments": arguments} if arguments else {})}) + "\n")
    f.flush()
    while True:
        reply = json.loads(f.readline())
        if "event" not in reply:
            return reply
ask("qmp_capabilities")
reply = ask(sys.argv[2], json.loads(sys.argv[3]) if len(sys.argv) > 3 else None)
if "error" in reply:
    sys.exit(reply["error"]["desc"])
print(json.dumps(reply["return"]))
PY
}

# guest_host: what tests with instances begin with. All that kvmctl keeps is below $TMP, specs are in $TMP/instances, an instance has the
# test kernel unless it says otherwise. What still runs at the end is killed.
guest_host() {
	requires kvmctl jq python3
	RUN=$TMP/run
	export KVMCTL_CONFIG=$TMP/kvmctl.json
	mkdir -p "$TMP/instances" "$BUILD/tests/cache"
	jq -n --arg tmp "$TMP" --arg cache "$BUILD/tests/cache" --arg kernel "$GUEST_KERNEL" --arg initrd "$GUEST_INITRD" '{
		run_dir: ($tmp + "/run"), spec_dir: ($tmp + "/instances"), state_dir: ($tmp + "/state"), cache_dir: $cache, uid_dir: "/run/kvmctl-uids",
		defaults: { kvm_flag: "disabled", kernel_path: $kernel, initrd_path: $initrd, kernel_args: "quiet no_timer_check" } }' >"$KVMCTL_CONFIG"
	cleanup_fn '"$KVMCTL" -q stop --all --force >/dev/null 2>&1; "$KVMCTL" -q cleanup >/dev/null 2>&1'
}

# spec NAME [FILTER]: the spec of a small instance, changed by a filter of jq.
spec() {
	jq -n --arg name "$1" --arg tmp "$TMP" "{ name: \$name, vcpus: 1, maxmem: 128 } | ${2:-.}" >"$TMP/instances/$1.json"
}

# boots NAME...: starts the instances, one after the other, and waits until all are ready.
boots() {
	local name
	for name; do
		expect 0 "$KVMCTL" start "$name"
	done
	for name; do
		wait_for_guest "$RUN/log/$name.serial"
	done
}

# ask_socket PATH TEXT BYTES: says TEXT, with \n for the end of a line, and prints what comes back, so much of it.
ask_socket() {
	python3 - "$@" <<'PY'
import socket, sys
s = socket.socket(socket.AF_UNIX)
s.settimeout(30)
s.connect(sys.argv[1])
s.sendall(sys.argv[2].encode().decode("unicode_escape").encode())
data = b""
while len(data) < int(sys.argv[3]):
    more = s.recv(4096)
    if not more:
        break
    data += more
sys.stdout.buffer.write(data)
PY
}

# in_guest NAME COMMAND: what the guest's shell answers.
in_guest() { serial "$RUN/ctrl/$1.serial" "$2"; }

# pid_of NAME: of its QEMU.
pid_of() { head -n 1 "$RUN/pid/$1"; }

# same WHAT ACTUAL WANTED
same() { [ "$2" = "$3" ] || fail "$1 is \"$2\", not \"$3\""; }

# state_is NAME STATE [REASON [SECONDS]]: asks again, since the supervisor may be a moment behind.
has_state() {
	"$KVMCTL" --json list >"$TMP/.list" 2>/dev/null || return 1
	[ "$(jq -r --arg name "$1" '.instances[] | select(.name == $name) | "\(.state) \(.reason)"' "$TMP/.list")" = "$2 ${3:-}" ]
}
state_is() { until_true "${4:-20}" has_state "$1" "$2" "${3:-}" || fail "$1 is not $2 (${3:-}): $(cat "$TMP/.list")"; }

# ended NAME REASON: it ended, and that stands in the exit record, in `list` and in `info`.
ended() {
	expect 0 "$KVMCTL" --timeout "$GUEST_PATIENCE" wait "$1" --for stopped
	has_state "$1" stopped "$2" || fail "list: $(cat "$TMP/.list")"
	same "exit/$1" "$(jq -r .reason "$RUN/exit/$1")" "$2"
	expect 0 "$KVMCTL" --json info "$1"
	same "info's reason of $1" "$(jq -r '"\(.state) \(.last_exit.reason)"' <<<"$out")" "stopped $2"
}

# nothing_left: no process, no TAP, no file of a running instance; and cleanup has nothing to do.
nothing_left() {
	local left
	expect 0 "$KVMCTL" --json cleanup
	same "what cleanup did" "$(jq -c '[.clean, .done]' <<<"$out")" "[true,[]]"
	left=$(grep -lsz "^KVMCTL_RUN_DIR=$RUN\$" /proc/[0-9]*/environ || :)
	for pid in $(cut -d / -f 3 <<<"$left"); do
		process_gone "$pid" || fail "process $pid is left: $(tr '\0' ' ' <"/proc/$pid/cmdline")"
	done
	left=$(find "$RUN/pid" "$RUN/conf" "$RUN/uid" "$RUN/nic" "$RUN/ctrl" "$RUN/chroot" "$RUN/chroot-quarantine" -mindepth 1 2>/dev/null || :)
	[ -z "$left" ] || fail "left: $left"
	# shellcheck disable=SC2046  # two numbers: what control groups of this run directory end with
	left=$(find /sys/fs/cgroup -maxdepth 3 -name "*~$(printf '%x-%x' $(stat -c '%d %i' "$RUN"))" 2>/dev/null || :)
	[ -z "$left" ] || fail "left: $left"
}

# bare_qemu APPEND [OPTION...]: the guest without kvmctl, in the background; $bare_pid, its serial log $TMP/serial, its events and answers
# on $TMP/qmp.log, a QMP socket $TMP/qmp.
bare_qemu() {
	local append=$1
	shift
	qemu-system-x86_64 -nodefaults -accel tcg -m 128 -display none -no-reboot -kernel "$GUEST_KERNEL" -initrd "$GUEST_INITRD" \
		-append "$GUEST_ARGS $append" -serial "file:$TMP/serial" -qmp "unix:$TMP/qmp,server=on,wait=off" \
		-chardev "socket,id=events,path=$TMP/events,server=on,wait=off" -mon chardev=events,mode=control "$@" 2>"$TMP/qemu.err" &
	bare_pid=$!
	cleanup_fn "kill -9 $bare_pid 2>/dev/null"
	until_true 20 test -S "$TMP/events" || fail "QEMU did not start: $(cat "$TMP/qemu.err")"
	{ echo '{"execute": "qmp_capabilities"}'; sleep 300; } | socat -t 300 - "UNIX-CONNECT:$TMP/events" >"$TMP/qmp.log" 2>/dev/null &
	cleanup_fn "kill $! 2>/dev/null"
}
