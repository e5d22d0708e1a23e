# shellcheck shell=bash
# What tests with a real guest share: `. "$(dirname "$0")/lib.sh"` (it brings tests/lib.sh). The guest is that of `make guest`; see
# scripts/guest-init for the words that it heeds. TCG boots it in about three seconds on an idle machine: waits here are generous.

. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"
requires guest qemu-system-x86_64
# shellcheck disable=SC2034  # for the tests
GUEST_KERNEL=$ROOT/build/guest/vmlinuz GUEST_INITRD=$ROOT/build/guest/initrd.gz
GUEST_PATIENCE=${GUEST_PATIENCE:-90}

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
# The marks are put together by the shell, so that the echo of the line does not have them.
s.sendall(("\necho kvmctl-beg''in; " + command + "; echo kvmctl-e''nd\n").encode())
text = ""
while "kvmctl-end" not in text:
    if time.monotonic() > end:
        sys.exit("no answer from the guest's shell: " + text)
    try:
        data = s.recv(65536)
    except socket.timeout:
        continue
    if not data:
        sys.exit("the guest's serial port was closed: " + text)
    text += data.decode(errors="replace").replace("\r", "")
sys.stdout.write(text.split("kvmctl-begin\n", 1)[1].split("kvmctl-end", 1)[0])
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

# bare_qemu APPEND [OPTION...]: the guest without kvmctl, in the background; $bare_pid, its serial log $TMP/serial, its events and answers
# on $TMP/qmp.log, a QMP socket $TMP/qmp.
bare_qemu() {
	local append=$1
	shift
	qemu-system-x86_64 -nodefaults -accel tcg -m 128 -display none -no-reboot -kernel "$GUEST_KERNEL" -initrd "$GUEST_INITRD" \
		-append "console=ttyS0 quiet $append" -serial "file:$TMP/serial" -qmp "unix:$TMP/qmp,server=on,wait=off" \
		-chardev "socket,id=events,path=$TMP/events,server=on,wait=off" -mon chardev=events,mode=control "$@" 2>"$TMP/qemu.err" &
	bare_pid=$!
	cleanup_fn "kill -9 $bare_pid 2>/dev/null"
	until_true 20 test -S "$TMP/events" || fail "QEMU did not start: $(cat "$TMP/qemu.err")"
	{ echo '{"execute": "qmp_capabilities"}'; sleep 300; } | socat -t 300 - "UNIX-CONNECT:$TMP/events" >"$TMP/qmp.log" 2>/dev/null &
	cleanup_fn "kill $! 2>/dev/null"
}
