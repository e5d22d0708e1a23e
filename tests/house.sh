# shellcheck shell=bash
# For tests that start instances: `. "$ROOT/tests/house.sh"` after lib.sh, then `house`: settings, run directory, uid pool and cache of one's own.

# house [FILTER]: FILTER changes the settings (jq). RUN is the run directory; whatever still runs at the end is ended.
house() {
	RUN=$TMP/run
	chmod 755 "$TMP"   # QEMU may run as another user
	jq -n --arg d "$TMP" '{run_dir: ($d + "/run"), spec_dir: ($d + "/specs"), cache_dir: ($d + "/cache"), state_dir: ($d + "/state"),
		uid_dir: ($d + "/uids"), uid_pool: "611000-611999", defaults: {security_model: "none"}} | '"${1:-.}" >"$TMP/kvmctl.json"
	mkdir -p "$TMP/specs"
	export KVMCTL_CONFIG=$TMP/kvmctl.json
	cleanup_fn '"$KVMCTL" -q stop --all --force >/dev/null 2>&1'
	nobody_home >"$TMP/.before"
}

# house_spec NAME [FILTER]: writes its spec where the settings have it.
house_spec() {
	jq -n --arg name "$1" '{name: $name, vcpus: 1, maxmem: 64, minmem: 64, hvparams: {kvm_flag: "disabled"}} | '"${2:-.}" >"$TMP/specs/$1.json"
}

# What instances have: files of the run directory that are no history, links (of a namespace of one's own), processes, control groups.
nobody_home() {
	{
		find "$TMP/run" -mindepth 2 ! -path '*/log/*' ! -path '*/exit/*' ! -path '*/lock/*' 2>/dev/null || true
		[ -z "${KVMCTL_TEST_NETNS:-}" ] || ip -o link show | awk '{ print "link", $2 }'
		grep -lsz "^KVMCTL_RUN_DIR=$TMP/run" /proc/[0-9]*/environ || true
		[ ! -d "$TMP/run" ] ||
			find /sys/fs/cgroup -type d -name "*~$(stat -c %D "$TMP/run")-$(printf %x "$(stat -c %i "$TMP/run")")" 2>/dev/null || true
	} | sort
}

# as_before: the host is as it was, within two seconds (the kernel takes its time with a process that ended).
as_before() {
	if ! until_true 3 is_as_before; then
		fail "something is left:$(diff "$TMP/.before" "$TMP/.after" | sed 's/^/\n  /')"
	fi
}
is_as_before() {
	nobody_home >"$TMP/.after"
	cmp -s "$TMP/.before" "$TMP/.after"
}

# refused STATUS START-ARGUMENT...: the start ends with it, says something with a name in it and leaves nothing.
refused() {
	local status=$1
	shift
	expect "$status" timeout 60 "$KVMCTL" start "$@"
	[ -n "$errors" ] || fail "start $*: no word why"
	as_before
}

# own_group NAME: $dir is the directory of its control group; skipped where none can be made.
own_group() {
	local kind
	read -r kind dir < <("$KVMCTL" --json info "$1" | jq -r .placement)
	case $kind in
	cgroup1 | cgroup2) ;;
	*) skip "no control group can be made here: $kind $dir" ;;
	esac
}

# Of a running instance.
qemu_pid() { sed -n 1p "$RUN/pid/$1"; }

# enter_mounts: the rest of the script has mounts of its own.
enter_mounts() {
	if [ -z "${KVMCTL_TEST_MOUNTS:-}" ]; then
		requires root
		unshare --mount true 2>/dev/null || skip "no right to make a mount namespace"
		trap - EXIT
		KVMCTL_TEST_MOUNTS=1 exec unshare --mount --propagation private -- "$0" "$@"
	fi
}
