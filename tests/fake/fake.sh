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
