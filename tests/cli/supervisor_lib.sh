# shellcheck shell=bash
# What the end-to-end tests of the supervisor share: settings and an instance of their own, with the real QEMU (no guest system is needed: a BIOS without a
# disk runs as well as any).

. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"
requires root kvmctl qemu-system-x86_64
RUN=$TMP/run

# begin HVPARAMS-JSON: makes settings and the instance "w1".
begin() {
	mkdir -p "$TMP/specs"
	cat >"$TMP/kvmctl.json" <<-JSON
		{"run_dir": "$RUN", "spec_dir": "$TMP/specs", "timeouts": {"powerdown": 1}}
	JSON
	cat >"$TMP/specs/w1.json" <<-JSON
		{"name": "w1", "uuid": "$(cat /proc/sys/kernel/random/uuid)", "vcpus": 1, "maxmem": 64, "minmem": 64, "hvparams": $1}
	JSON
	cleanup_fn 'kvmctl stop --force w1 >/dev/null 2>&1'
}
kvmctl() { timeout 60 "$KVMCTL" --config "$TMP/kvmctl.json" "$@"; }

state() { kvmctl --json list | grep -o '"state": *"[a-z]*"' | grep -o '[a-z]*"$' | tr -d '"'; }
qemu_pid() { head -n 1 "$RUN/pid/w1"; }
supervisor_pid() { sed -n 's/.* supervisor=\([0-9]*\).*/\1/p' "$RUN/pid/w1"; }
# exit_has TEXT: in the exit record.
exit_has() { grep -qsF -- "$1" "$RUN/exit/w1"; }
is_running() { [ "$(state)" = running ]; }
is_torn_down() { [ ! -e "$RUN/pid/w1" ] && [ ! -e "$RUN/conf/w1.runtime" ]; }
# soon COMMAND…: within 20 s.
soon() { until_true 20 "$@" || fail "not within 20 s: $*; exit record: $(cat "$RUN/exit/w1" 2>&1)"; }
