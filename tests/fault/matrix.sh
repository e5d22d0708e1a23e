# shellcheck shell=bash
# The fault matrix: `matrix_run POINTS JOBS` tries POINTS places (system call, n) of the traces of kvmctl and its supervisor, evenly over all of them, each once
# killed there and once failing there; after each, `cleanup` must leave nothing and a start and a stop must work.
#
# A scenario is: what is there before, the command that is traced (and all that kvmctl it starts, QEMU is let go), what happens then. POINT="SCENARIO ROLE SYSCALL N kill|ERRNO" in
# the environment tries that one only.

# scenario NAME PHASE: before | traced | then. The roles whose places count are in matrix_roles.
matrix_roles() {
	case $1 in
	start | reboot | rich | restore | accept | filtered) echo 'kvmctl|kvmctl+|kvmctl++' ;;
	foreground) echo 'kvmctl|kvmctl+|supervisor|supervisor+' ;;
	attach) echo 'kvmctl|kvmctl+|supervisor' ;;
	crash) echo 'supervisor|afterwards' ;;
	restart) echo 'afterwards|afterwards+|afterwards++' ;;
	watched) echo 'supervisor' ;;
	*) echo 'kvmctl' ;;
	esac
}
matrix_scenarios=${MATRIX_SCENARIOS:-start stop force reboot stale attach reboot-cut start-cut crash restart watched rich foreground save restore accept refuse grant nic-set filtered define bind rebind unbind secgroup group-define group-remove}

quiet() { "$@" >>"$WORLD/said" 2>&1 </dev/null; }
quiet_in() { "$@" >>"$WORLD/said" 2>&1; }
kvmctl_bounded() { timeout -k 5 60 "$KVMCTL" "$@"; }
injected() { timeout -k 5 60 "$BUILD/tests/fault-inject" "${inject[@]}" "$KVMCTL" "$@" >>"$WORLD/said" 2>&1 </dev/null; }

scenario_before() {
	case $1 in
	start | crash | watched | foreground) ;;
	rich) spec_rich ;;
	filtered)
		filter_own 1111 | quiet_in kvmctl_bounded filter define - || return 1
		spec_filtered
		;;
	secgroup)
		rm -rf "$WORLD/secgroups"
		group_web | quiet_in kvmctl_bounded secgroup define - || return 1
		spec_grouped
		quiet kvmctl_bounded start "$ONE" || return 1
		;;
	bind | rebind | unbind)
		ip tuntap add bound0 mode tap && ip link set bound0 master br0 up || return 1
		filter_own 1111 | quiet_in kvmctl_bounded filter define - || return 1
		[ "$1" = bind ] || quiet kvmctl_bounded filter bind --interface bound0 --mac 52:54:00:00:00:01 --filter own --param PORT=22 || return 1
		;;
	define)
		filter_own 1111 | quiet_in kvmctl_bounded filter define - || return 1
		spec_filtered
		quiet kvmctl_bounded start "$ONE" || return 1
		filter_own 2222 >"$TMP/own.xml"
		;;
	group-*)
		group_rules 1111 | quiet_in kvmctl_bounded secgroup define - || return 1
		echo '{"name": "m", "rules": []}' | quiet_in kvmctl_bounded secgroup define - || return 1
		quiet kvmctl_bounded secgroup add m 192.0.2.66 192.0.2.77 || return 1
		spec "$ONE" '{"nics": [{"link": "br0", "security_groups": ["g"], "ip": "192.0.2.7"}, {"link": "br0"}]}'
		quiet kvmctl_bounded start "$ONE" || return 1
		group_rules 2222 >"$TMP/group.json"
		;;
	restart) spec "$ONE" '{"hvparams": {"on_crash": "restart"}, "nics": [{"mode": "bridged", "link": "br0"}]}' ;;
	stale)
		quiet kvmctl_bounded start "$ONE" || return 1
		kill_hard "$(supervisor_pid "$ONE")" "$(qemu_pid "$ONE")"
		;;
	attach)
		quiet kvmctl_bounded start "$ONE" || return 1
		kill_hard "$(supervisor_pid "$ONE")"
		;;
	reboot-cut)
		quiet kvmctl_bounded start "$ONE" || return 1
		kill_hard "$(supervisor_pid "$ONE")" "$(qemu_pid "$ONE")"
		sed -i 's/phase=running/phase=rebooting/' "$WORLD/run/pid/$ONE"
		;;
	start-cut)
		quiet kvmctl_bounded start "$ONE" || return 1
		kill_hard "$(supervisor_pid "$ONE")"
		sed -i 's/phase=running/phase=starting/' "$WORLD/run/pid/$ONE"
		;;
	restore)
		quiet kvmctl_bounded start "$ONE" || return 1
		quiet kvmctl_bounded save "$ONE"
		;;
	accept) info_document ;;
	refuse | grant)
		info_document || return 1
		quiet accepting kvmctl_bounded
		;;
	*) quiet kvmctl_bounded start "$ONE" ;;
	esac
}

# As if it ran on another host: the document, and the stream that comes from there.
info_document() {
	quiet kvmctl_bounded start "$ONE" || return 1
	kvmctl_bounded migration info "$ONE" >"$WORLD/info" 2>>"$WORLD/said" </dev/null || return 1
	quiet kvmctl_bounded stop --force "$ONE" || return 1
	# what the fake QEMU takes for a guest (tests/fake/fake_migration.c)
	python3 -c "import sys; sys.stdout.buffer.write(bytes((i * 7 + (i >> 10) * 3) & 255 for i in range(200000)))" >"$WORLD/stream"
}
accepting() { "$@" migration accept "$ONE" --info "$WORLD/info" --listen fd:7 7<"$WORLD/stream"; }

scenario_traced() {
	case $1 in
	start | crash | restart | watched | rich | filtered) injected start "$ONE" ;;
	foreground)
		# Until it runs, or never will; then it is stopped by somebody else, and ends.
		injected start --foreground "$ONE" &
		until_true 10 runs_or_ended $! || :
		quiet kvmctl_bounded stop "$ONE" || :
		wait $!
		;;
	stop) injected stop "$ONE" ;;
	force) injected stop --force "$ONE" ;;
	reboot) injected reboot "$ONE" ;;
	secgroup) injected secgroup add web 192.0.2.77 "$ONE/0" ;;
	define) injected filter define "$TMP/own.xml" ;;
	bind | rebind) injected filter bind --interface bound0 --mac 52:54:00:00:00:02 --filter clean-traffic --param IP=192.0.2.22 ;;
	unbind) injected filter unbind bound0 ;;
	group-define) injected secgroup define "$TMP/group.json" ;;
	group-remove) injected secgroup remove m 192.0.2.77 ;;
	save) injected save "$ONE" ;;
	restore) injected restore "$ONE" ;;
	accept) accepting injected ;;
	refuse) injected migration finalize "$ONE" --target --failed ;;
	grant) injected migration finalize "$ONE" --target --ok ;;
	nic-set) injected nic-set "$ONE" 0 --bandwidth-inbound 100 --bandwidth-outbound 100 --link down ;;
	stale | attach | reboot-cut | start-cut) injected cleanup ;;
	esac
}

# What happens to a guest that runs by then; the supervisor is still traced.
scenario_then() {
	local pid
	pid=$(qemu_pid "$ONE")
	case $1 in
	crash | attach)
		[ -z "$pid" ] || [ "$pid" = 0 ] || kill_hard "$pid"
		;;
	restart)
		[ -z "$pid" ] || [ "$pid" = 0 ] || kill_hard "$pid"
		# After its second of back-off it runs again, or it never will.
		until_true 5 restarted "$pid" || :
		;;
	watched) quiet kvmctl_bounded stop "$ONE" || : ;;
	esac
}

runs_or_ended() { grep -qs phase=running "$WORLD/run/pid/$ONE" || ! kill -0 "$1" 2>/dev/null; }

restarted() {
	local pid
	pid=$(qemu_pid "$ONE" 2>/dev/null)
	[ -z "$pid" ] || { [ "$pid" != 0 ] && [ "$pid" != "$1" ] && grep -qs phase=running "$WORLD/run/pid/$ONE"; }
}

# Nobody works on it any more: no kvmctl runs, no supervisor has a QEMU that has ended (it is about to tear down), and the lock is free.
settled() {
	local qemu
	! world_processes | grep -q ' teardown \| start \| stop ' || return 1
	for qemu in $(world_processes | sed -n 's/.*kvmctl-supervisor .*--qemu \([0-9]*\) .*/\1/p'); do
		! has_ended "$qemu" || return 1
	done
	[ ! -e "$WORLD/run/lock/$ONE" ] || flock -n "$WORLD/run/lock/$ONE" true
}

# clean_up: at most twice; then nothing but a guest that runs in order.
clean_up() {
	local status=0
	until_true 10 settled || :
	quiet kvmctl_bounded cleanup || status=$?
	[ $status = 0 ] || { [ $status = 124 ] && echo "cleanup hangs"; }
	until_true 10 settled || :
	status=0
	quiet kvmctl_bounded cleanup || status=$?
	[ $status = 0 ] || echo "the second cleanup ends with $status"
}

# is_state STATUS: what `kvmctl state` ends with.
is_state() {
	local status=0
	quiet kvmctl_bounded state "$ONE" || status=$?
	[ $status = "$1" ]
}

stands() { is_state 0 || is_state 5; }

# A guest that goes to a file, or comes back, is in one place: it runs, or it is saved and can be restored.
is_in_one_place() {
	if [ -L "$WORLD/state/.saved/$ONE" ]; then
		! is_state 0 || echo "it runs, and is saved as well"
		quiet kvmctl_bounded start "$ONE" || echo "what is saved cannot be restored"
		grep -qF "$ONE: restored" "$WORLD/said" || echo "it was not restored"
	fi
	is_state 0 || echo "the guest is lost"
}

# A guest that was to come is where its manager says, once he says so: not here, or here and let run.
is_as_decided() {
	if [ "$1" = grant ]; then
		quiet kvmctl_bounded migration finalize "$ONE" --target --ok || echo "it cannot be granted again"
		is_state 0 || echo "the guest is lost"
	else
		quiet kvmctl_bounded migration finalize "$ONE" --target --failed || echo "it cannot be refused again"
		is_state 5 || echo "it is there, although it was refused"
	fi
}

# A guest whose limits were being set goes on, and can be given them: both of them, or neither, is what the kernel has then.
is_limited() {
	is_state 0 || echo "the guest is lost"
	quiet kvmctl_bounded nic-set "$ONE" 0 --bandwidth-inbound 200 --bandwidth-outbound 200 --link up || echo "its limits cannot be set again"
	tc class show dev "$(cat "$WORLD/run/nic/$ONE/0")" | grep -q 'rate 1638Kbit ' || echo "it has no limit inbound"
	{ nft list ruleset; tc filter show dev "$(cat "$WORLD/run/nic/$ONE/0")" ingress; } | grep -q 'limit rate over 200 kbytes\|rate 1638Kbit' || echo "it has no limit outbound"
	[ "$("$KVMCTL" info "$ONE" --json | jq -c '.nics[0] | [.inbound, .outbound, .link_state]')" = '["200","200","up"]' ] || echo "info says something else"
}

# A definition and the rules of those that run are both the old ones or both the new ones; after a cleanup, when it was cut off in the middle.
is_old_or_new() {
	local defined rules
	defined=$(grep -o '1111\|2222' "$WORLD/filters/own.xml" | sort -u)
	rules=$(world_rules | grep -o 'dport \(1111\|2222\)' | cut -d ' ' -f 2 | sort -u)
	[ "$defined" = "$rules" ] || echo "the definition says $defined, the rules $rules"
}

# Nobody is let in whom the group's definition does not have; and the same command again finishes it.
is_member() {
	local known=no let_in=no
	! grep -qsF 192.0.2.77 "$WORLD/secgroups/web.members" || known=yes
	! world_rules | grep -qF 192.0.2.77 || let_in=yes
	[ $known = yes ] || [ $let_in = no ] || echo "192.0.2.77 is let in, and is no member"
	quiet kvmctl_bounded secgroup add web 192.0.2.77 "$ONE/0" || echo "it cannot be added again"
	world_rules | grep -qF 192.0.2.77 || echo "a member is not let in"
}

group_rules() { echo "{\"name\": \"g\", \"rules\": [{\"protocol\": \"tcp\", \"ports\": $1, \"group\": \"m\"}]}"; }
group_set() { nft list set bridge kvmctl group4/m 2>/dev/null | grep -q "$1"; }

# Whatever was cut off: the old rules or the new ones; nobody is let in who is not written down; and the same command again does all of it.
is_group_whole() {
	local defined rules
	defined=$(grep -o '1111\|2222' "$WORLD/secgroups/g.json" | sort -u)
	rules=$(world_rules | grep -o 'dport \(1111\|2222\)' | cut -d ' ' -f 2 | sort -u)
	[ "$defined" = "$rules" ] || echo "the definition says $defined, the rules $rules"
	! group_set 192.0.2.77 || grep -q 192.0.2.77 "$WORLD/secgroups/m.members" || echo "a member that is not written down"
	if [ "$1" = group-remove ]; then
		quiet kvmctl_bounded secgroup remove m 192.0.2.77 || echo "secgroup remove afterwards ends with $?"
		! group_set 192.0.2.77 || echo "removed again, it is a member"
	fi
	group_set 192.0.2.66 || echo "another member is gone"
}

# A TAP that somebody else made: what it had, or what it was to have; what is bound is in force after a cleanup, and goes without a trace.
bound_rules() { nft list ruleset 2>/dev/null | grep -o '1111\|192[.]0[.]2[.]22' | sort -u; }
is_bound_whole() {
	local record=$WORLD/run/filter/bound0 wanted=''
	[ ! -e "$record" ] || wanted=$(grep -o '"own"\|192[.]0[.]2[.]22' "$record" | sed 's/"own"/1111/')
	[ "$wanted" = "$(bound_rules)" ] || echo "the record says \"$wanted\", the rules \"$(bound_rules)\""
	quiet kvmctl_bounded filter verify || echo "filter verify ends with $?"
	if [ "$2" = 0 ]; then
		case $1 in
		unbind) [ ! -e "$record" ] || echo "unbound, and bound" ;;
		*) [ "$wanted" = 192.0.2.22 ] || echo "bound, and not bound" ;;
		esac
	fi
	[ ! -e "$record" ] || quiet kvmctl_bounded filter unbind bound0 || echo "filter unbind ends with $?"
	! nft list ruleset | grep bound0 || echo "unbound, these are left"
	ip link delete bound0
}

# try_point SCENARIO: the whole of one; says what is wrong on stdout.
try_point() {
	local status=0 left
	: >"$WORLD/said"
	scenario_before "$1" || { echo "cannot be prepared: $(cat "$WORLD/said")"; return; }
	scenario_traced "$1" || status=$?
	[ $status != 124 ] || echo "hangs"
	case $1 in
	filtered | define) world_unfiltered ;;
	rebind) [ -n "$(bound_rules)" ] || echo "unfiltered: bound0" ;;
	esac
	scenario_then "$1"
	clean_up
	case $1 in group-*) is_group_whole "$1" ;; bind | rebind | unbind) is_bound_whole "$1" $status ;; esac
	[ "$1" != define ] || is_old_or_new
	[ "$1" != secgroup ] || is_member
	case $1 in save | restore) is_in_one_place ;; accept | refuse | grant) is_as_decided "$1" ;; nic-set) is_limited ;; esac
	# A start that said that it failed must not have left a guest.
	if { [ "$1" = start ] || [ "$1" = rich ] || [ "$1" = filtered ]; } && [ $status -gt 0 ] && [ $status -lt 100 ] && ! is_state 5; then
		echo "start ended with $status, but the guest is there"
	fi
	if ! is_state 5; then
		# A supervisor may be tearing down just now.
		until_true 5 stands || :
		is_state 0 || is_state 5 || echo "the state after cleanup is neither running nor stopped: $("$KVMCTL" state "$ONE" 2>&1)"
		quiet kvmctl_bounded stop --force "$ONE" || echo "stop --force ends with $?"
		clean_up
	fi
	until_true 3 world_is_clean || { left=$(world_left); [ -z "$left" ] || echo "$left"; }
	spec_plain
	quiet kvmctl_bounded start --paused "$ONE" || echo "start afterwards ends with $?"
	is_state 0 || echo "afterwards it does not run"
	quiet kvmctl_bounded stop --force "$ONE" || echo "stop --force afterwards ends with $?"
	until_true 3 world_is_clean || world_left
}
world_is_clean() { [ -z "$(world_left)" ]; }

# The errors that a call may fail with, one after the other.
matrix_errors=(EIO ENOMEM EMFILE ENOSPC EACCES)

# matrix_traces: the places of all scenarios, as lines SCENARIO ROLE SYSCALL N.
matrix_traces() {
	local scenario
	for scenario in $matrix_scenarios; do
		rm -f "$TMP/trace"
		inject=(--log "$TMP/trace")
		try_point "$scenario" >"$TMP/trace.said"
		[ ! -s "$TMP/trace.said" ] || fail "scenario $scenario without any fault: $(cat "$TMP/trace.said" "$WORLD/said")"
		# What ends a process cannot fail.
		grep -E "^($(matrix_roles "$scenario" | sed 's/+/\\+/g')) " "$TMP/trace" | grep -v ' exit_group \| rt_sigreturn ' | sed "s/^/$scenario /"
	done
}

# matrix_points WANTED: about so many of the places, with what happens there. Of each (scenario, role, system call) as many as the root of how often it is made:
# a loop over /proc must not push out the one rename.
matrix_points() {
	awk -v wanted="$1" -v errors="${matrix_errors[*]}" '
		{ group = $1 " " $2 " " $3; if (!(group in n)) order[++groups] = group; place[group, ++n[group]] = $0 }
		function share(g, factor,   k) { k = int(factor * sqrt(n[g]) + turn(g)); return k > n[g] ? n[g] : k }
		# Of rare groups one in so many gets a point when there are fewer points than groups.
		function turn(g) { return (place_of[g] * 0.618034) % 1 }
		function total(factor,   i, sum) { for (i = 1; i <= groups; i++) sum += share(order[i], factor); return sum }
		END {
			n_errors = split(errors, e, " ")
			for (i = 1; i <= groups; i++) place_of[order[i]] = i
			half = int((wanted + 1) / 2)
			if (half > NR) half = NR
			low = 0; high = 1000
			for (i = 0; i < 50; i++) { middle = (low + high) / 2; if (total(middle) < half) low = middle; else high = middle }
			for (i = 1; i <= groups; i++) {
				g = order[i]
				k = share(g, high)
				for (j = 0; j < k; j++) {
					at = int((j + turn(g)) * n[g] / k) % n[g] + 1
					print place[g, at], "kill"
					# These have no way to fail.
					if (g ~ / (getpid|gettid|getppid|getuid|geteuid|getgid|getegid|getpgrp|umask)$/) continue
					# The other kind of fault between two of these.
					at = int((j + turn(g) + 0.5) * n[g] / k) % n[g] + 1
					print place[g, at], e[++count % n_errors + 1]
				}
			}
		}' | awk '{ printf "%.6f %s\n", (NR * 0.618034) % 1, $0 }' | sort -n | cut -d " " -f 2-   # mixed: a run whose time is up has tried some of each
}

# matrix_worker NUMBER JOBS POINTS_FILE: every JOBSth point; results as lines in $TMP/result.NUMBER.
matrix_worker() {
	local number=$1 jobs=$2 i=0 scenario role call n fault left
	while read -r scenario role call n fault; do
		i=$((i + 1))
		[ $((i % jobs)) = "$number" ] || continue
		[ "$EPOCHSECONDS" -lt "${MATRIX_END:-9999999999}" ] || break
		rm -f "$TMP/hit"
		inject=(--at "$role:$call:$n" --hit "$TMP/hit")
		[ "$fault" = kill ] && inject+=(--kill) || inject+=(--error "$fault")
		left=$(try_point "$scenario")
		if [ -e "$TMP/hit" ]; then echo tried; else echo missed; fi >>"$3.result.$number"
		if [ -n "$left" ]; then
			{
				echo "POINT='$scenario $role $call $n $fault':"
				printf '%s\n' "$left" | sed 's/^/    /'
				tail -n 12 "$WORLD/said" | sed 's/^/    | /'
			} >>"$3.failed.$number"
			# A clean ground for the next one.
			world_end
			rm -rf "$WORLD/run"
		fi
	done <"$3"
}
