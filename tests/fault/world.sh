# shellcheck shell=bash
# What the tests of the crash rule share: a world of their own (settings, spec, fake or real QEMU, a bridge), and the proof that nothing is left in it.
# Source it after lib.sh, inside of a network namespace of one's own; then `world_make`.

# Cgroups are called after the instance alone: names that no other test has.
world_prefix=w$$x

# world_make [real]: WORLD holds run/, cache/, state/, uids/ and kvmctl.json; the instance $ONE has a bridged and a routed NIC, and a uid of the pool.
world_make() {
	local qemu
	WORLD=$TMP/world
	mkdir -p "$WORLD/specs"
	chmod 755 "$TMP" "$WORLD"
	if [ "${1:-}" = real ]; then
		qemu=/usr/bin/qemu-system-x86_64
	else
		# shellcheck source=tests/fake/fake.sh
		. "$ROOT/tests/fake/fake.sh"
		fake_qemu
		# Without records: they would be files that are left.
		echo '{ "powerdown": 20, "migrate_bytes": 200000 }' >"$FAKE_DIR/fake-qemu.conf"
		qemu=$FAKE
	fi
	export KVMCTL_CONFIG=$WORLD/kvmctl.json
	world_pool=$((700000 + $$ % 20000 * 1000))
	jq -n --arg d "$WORLD" --arg q "$qemu" --arg p "$world_pool-$((world_pool + 99))" \
		'{run_dir: ($d + "/run"), cache_dir: ($d + "/cache"), state_dir: ($d + "/state"), spec_dir: ($d + "/specs"), filter_dir: ($d + "/filters"), secgroup_dir: ($d + "/secgroups"), uid_dir: ($d + "/uids"), uid_pool: $p,
		  timeouts: {powerdown: 3, quit: 2, sigterm: 2, sigkill: 2, start: 15},
		  defaults: {kvm_path: $q, kvm_flag: "disabled", security_model: "pool"}}' >"$KVMCTL_CONFIG"
	ip link add br0 type bridge
	ip link set br0 up
	ip addr add 192.0.2.9/24 dev br0
	ONE=${world_prefix}1
	spec_plain
	# What a script has made is a file up/INTERFACE.
	mkdir "$WORLD/up"
	cat >"$WORLD/script" <<-END
		#!/bin/sh
		case \$1 in
		up) : >"$WORLD/up/\$INTERFACE"; ip link set dev "\$INTERFACE" up ;;
		down) rm -f "$WORLD/up/\$INTERFACE" ;;
		esac
	END
	chmod +x "$WORLD/script"
	links_before=$(world_links)
	cleanup_fn world_end
}

spec_plain() { spec "$ONE" '{"nics": [{"mode": "bridged", "link": "br0"}, {"mode": "routed", "ip": "198.51.100.7"}]}'; }
# Everything else that leaves something on the host.
spec_rich() {
	spec "$ONE" "$(jq -n --arg s "$WORLD/script" '{nics: [{mode: "ext", script: $s, bandwidth: {inbound: {average: 100}, outbound: {average: 100}}}], hooks: {started: $s, stopped: $s},
		hvparams: {use_chroot: true, vnc_bind_address: "127.0.0.1"}, network_port: 11901}')"
}

# A NIC under a filter of its own, one under one that is shipped, one under none, one in a security group.
spec_filtered() {
	mkdir -p "$WORLD/secgroups"
	group_web >"$WORLD/secgroups/web.json"
	spec "$ONE" '{"nics": [{"link": "br0", "filter": {"name": "own", "parameters": {"PORT": [22, 80]}}},
		{"link": "br0", "filter": "clean-traffic", "ip": "192.0.2.7"}, {"link": "br0"},
		{"link": "br0", "ip": "192.0.2.8", "security_groups": ["web"]}]}'
}
# filter_own PORT: what the filter says; its rules are known by that port.
filter_own() {
	printf '%s\n' "<filter name='own'><filterref filter='no-mac-spoofing'/>" \
		"<rule action='drop' direction='out'><ip protocol='tcp' dstportstart='\$PORT'/></rule>" \
		"<rule action='drop' direction='out'><ip protocol='tcp' dstportstart='$1'/></rule></filter>"
}
spec_grouped() { spec "$ONE" '{"nics": [{"link": "br0", "ip": "192.0.2.7", "security_groups": ["web"]}]}'; }
group_web() { echo '{"name": "web", "rules": [{"protocol": "tcp", "ports": "80", "group": "web"}]}'; }
world_rules() { nft -s list ruleset 2>/dev/null; }
# A TAP that is up has its rules: all but the third one's. Rules first: they come before a link is up, and go after it.
world_unfiltered() {
	local rules tap
	rules=$(world_rules)
	for tap in $(cat "$WORLD/run/nic/$ONE/"[013] 2>/dev/null); do
		! ip -o link show up 2>/dev/null | grep -q " $tap:" || grep -qF "$tap" <<<"$rules" || echo "unfiltered: $tap is up and has no rules"
	done
}

# spec NAME [MEMBERS]
spec() {
	jq -n --arg n "$1" --argjson more "${2:-{\}}" '{name: $n, vcpus: 1, maxmem: 32, minmem: 32} + $more' >"$WORLD/specs/$1.json"
}

world_links() {
	ip -o link show | sed 's/^[0-9]*: \([^:]*\):.*/\1/' | sort
	ip route show table all | sed '/^local \|^broadcast /d; s/ linkdown//' | sort
	ip neigh show proxy
}

# Every process of this world, whatever it is: QEMUs by their environment, supervisors and the kvmctls they run by their arguments.
world_processes() {
	# From a file: as an argument it would find itself.
	[ -e "$TMP/patterns" ] || printf '%s\n' "KVMCTL_RUN_DIR=$WORLD/run" "$WORLD/run" >"$TMP/patterns"
	grep -lsazxF -f "$TMP/patterns" /proc/[0-9]*/environ /proc/[0-9]*/cmdline | sed 's,/proc/\([0-9]*\)/.*,\1,' | sort -u | while read -r pid; do
		echo "$pid $(tr '\0' ' ' <"/proc/$pid/cmdline")"
	done 2>/dev/null
}

qemu_pid() { head -n 1 "$WORLD/run/pid/$1" 2>/dev/null || :; }
supervisor_pid() { sed -n 's/.* supervisor=\([0-9]*\).*/\1/p' "$WORLD/run/pid/$1" 2>/dev/null || :; }

# kill_hard PID...: SIGKILL, and waits until it is gone (or a zombie, with no other thread that still dies).
kill_hard() {
	local pid
	for pid; do
		[ -n "$pid" ] && [ "$pid" -gt 1 ] || continue
		kill -9 "$pid" 2>/dev/null || :
		until_true 5 has_ended "$pid" || fail "process $pid survives SIGKILL"
	done
}
has_ended() {
	local line
	line=$(cat "/proc/$1/stat" 2>/dev/null) || return 0
	# State and num_threads, fields 3 and 20 of proc(5).
	# shellcheck disable=SC2086  # words
	set -- ${line##*) }
	case $1 in
	X) return 0 ;;
	Z) [ "${18}" -le 1 ] ;;
	*) return 1 ;;
	esac
}

# Says what is left that should not be; nothing when all is well.
world_left() {
	local file uid
	world_processes | sed 's/^/process: /'
	world_rules | grep -o 'kvt[0-9]*' | sort -u | sed 's/^/rules: /'
	diff <(echo "$links_before") <(world_links) | sed -n 's/^[<>]/link or route: &/p'
	# Logs, locks, exit records and the mark of the last look stay, quarantined chroots would be a finding.
	find "$WORLD/run" "$WORLD/cache" "$WORLD/state" "$WORLD/uids" "$WORLD/up" ! -type d 2>/dev/null | while IFS= read -r file; do
		case $file in
		"$WORLD"/run/filter/.[a-z]* | "$WORLD"/run/lock/* | "$WORLD"/run/log/*[!-]* | "$WORLD"/run/exit/[!.]* | "$WORLD"/run/scanned | "$WORLD"/cache/probe-*.json | "$WORLD"/cache/probe.lock | "$WORLD"/state/*/vars.fd) ;;
		"$WORLD"/uids/[0-9]*)
			uid=${file##*/}
			flock -n "$file" true || echo "uid: $uid is locked"
			;;
		*) echo "file: ${file#"$WORLD"/}" ;;
		esac
	done
	find "$WORLD/run/nic" "$WORLD/run/chroot" "$WORLD/run/chroot-quarantine" "$WORLD/run/conf" -mindepth 1 -type d 2>/dev/null | sed 's/^/directory: /'
	nft list tables netdev 2>/dev/null | sed 's/^/nftables: /'
	find /sys/fs/cgroup -maxdepth 4 -type d -path "*/kvmctl/$world_prefix*" 2>/dev/null | sed 's/^/cgroup: /'
}

# Whatever a failed test has left must not outlive it.
world_end() {
	local pid rest
	world_processes | while read -r pid rest; do kill -9 "$pid" 2>/dev/null; done
	"$KVMCTL" cleanup >/dev/null 2>&1
	"$KVMCTL" stop --all --force >/dev/null 2>&1
	return 0
}
