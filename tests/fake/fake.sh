# shellcheck shell=bash
# For test scripts: `. "$ROOT/tests/fake/fake.sh"`, then `fake_qemu MEMBERS` makes a fake QEMU of one's own: FAKE is its path (for "kvm_path"),
# FAKE_DIR its directory, which anybody may write into (QEMU may run as another user). MEMBERS: those of the conf, as JSON without braces; tests/fake/fake.h
# names them. Records: $FAKE_DIR/run-PID.json, $FAKE_DIR/commands.jsonl.

fake_qemu() {
	FAKE_DIR=$(tmp fake)
	FAKE=$FAKE_DIR/qemu
	[ -x "$BUILD/tests/fake-qemu" ] || skip "no $BUILD/tests/fake-qemu (make unit)"
	cp "$BUILD/tests/fake-qemu" "$FAKE"
	# The way to it must be open for the user that QEMU becomes.
	chmod 755 "$TMP"
	chmod 1777 "$FAKE_DIR"
	fake_conf "${1:-}"
	export FAKE FAKE_DIR
}

# fake_conf MEMBERS: another script for the next start.
fake_conf() {
	printf '{"record": "%s"%s%s}\n' "$FAKE_DIR" "${1:+, }" "${1:-}" >"$FAKE_DIR/fake-qemu.conf"
	chmod 644 "$FAKE_DIR/fake-qemu.conf"
}

# fake_world MEMBERS [INSTANCE MEMBERS]: a fake QEMU, and a run directory, settings and an instance "w1" that use it. `k ARGS` is kvmctl there. Whatever
# runs at the end is ended.
fake_world() {
	fake_qemu "${1:-}"
	WORLD=$(tmp world)
	mkdir "$WORLD/run" "$WORLD/spec"
	truncate -s 1M "$WORLD/disk.img"
	cat >"$WORLD/kvmctl.json" <<-END
		{"spec_dir": "$WORLD/spec", "cache_dir": "$WORLD/cache", "defaults": {"kvm_path": "$FAKE", "kvm_flag": "disabled", "security_model": "none"}}
	END
	fake_spec "${2:-}"
	cleanup_fn 'k stop --force w1 >/dev/null 2>&1'
}

# fake_spec [MEMBERS]: the spec of "w1", with more members.
fake_spec() {
	cat >"$WORLD/spec/w1.json" <<-END
		{"name": "w1", "uuid": "0f1b9cf2-8f2d-4a50-9a5e-0d0a6f7f9b11", "vcpus": 2, "maxmem": 128, "minmem": 128,
		 "disks": [{"path": "$WORLD/disk.img", "format": "raw"}]${1:+, $1}}
	END
}

# shellcheck disable=SC2120  # called with arguments by the tests
k() {
	timeout 60 "$KVMCTL" --config "$WORLD/kvmctl.json" --run-dir "$WORLD/run" "$@"
}

# start_fails STATUS WORDS [ARG...]: `start w1` ends with the status, says the words, and leaves nothing but logs, locks and the exit record.
start_fails() {
	local wanted=$1 words=$2 status=0
	shift 2
	k "$@" start w1 >"$WORLD/out" 2>"$WORLD/err" || status=$?
	[ "$status" = "$wanted" ] || fail "status $status, not $wanted: $(cat "$WORLD/err")"
	grep -qF -- "$words" "$WORLD/err" || fail "does not say \"$words\": $(cat "$WORLD/err")"
	nothing_left
}

nothing_left() {
	local left
	left=$(find "$WORLD/run" ! -type d ! -path '*/lock/*' ! -path '*/log/*' ! -path '*/exit/*' ! -name scanned)
	[ -z "$left" ] || fail "left behind: $left; $(cat "$WORLD/err")"
	# The supervisor may be reaping; what it supervised may not run.
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		pgrep -f "$FAKE " >/dev/null || return 0
		sleep 0.1
	done
	fail "still runs: $(pgrep -af "$FAKE ")"
}
