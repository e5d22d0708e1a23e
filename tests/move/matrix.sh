# shellcheck shell=bash
# The failure matrix of moves: `. "$(dirname "$0")/world.sh"`, then this, `matrix_world`, `matrix_run POINTS [WORKER OF]`.
#
# A point is a place in the trace of one kvmctl (the source's or the target's: the Nth call of a system call), and what happens there, while that kvmctl stands still
# at it: so each phase is met exactly, however short it is. What is done: SIGKILL of either kvmctl, supervisor or QEMU, SIGSTOP of either QEMU, a cable
# pulled and put back, Ctrl-C. After each point, and a cleanup on both sides, the guest runs on exactly one side, or went down with the QEMU that had it;
# nothing is left on the other one; the one that was granted is the one that runs; and the move works when it is repeated.

matrix_actions=(kill-source kill-target kill-supervisor-A kill-supervisor-B kill-qemu-A kill-qemu-B cut interrupt stop-qemu-A stop-qemu-B)
MATRIX_SYSCALLS='renameat|renameat2|unlinkat|write|sendto|sendmsg|openat|connect|poll|ppoll|clone|clone3|flock|symlinkat|pwrite64|fdatasync|fsync'

# No kernel: the firmware is guest enough.
matrix_world() {
	requires strace
	[ -x "$BUILD/tests/fault-inject" ] || skip "no $BUILD/tests/fault-inject (make unit)"
	two_hosts '.timeouts = { command: 3 }'
	guest_spec g '.maxmem = 32 | .hvparams.kernel_path = "" | .hvparams.initrd_path = "" | .hvparams.kernel_args = ""'
	cat >"$TMP/phases" <<-'END'
		# What both sides say at this moment.
		for host in A B; do
			sed -n "2s/.* phase=\([a-z]*\).*/\1/p" "$TMP/$host/run/pid/g" 2>/dev/null | tr -d '\n'
			sed -n "2s/.* reason=\([a-z-]*\).*/:\1/p" "$TMP/$host/run/pid/g" 2>/dev/null | tr -d '\n'
			echo " "
		done | tr -d '\n'
		echo
	END
	cat >"$TMP/act" <<-'END'
		exec >>"$TMP/act.log" 2>&1
		. "$TMP/phases" >"$TMP/phase"
		# Of a host's status line: QEMU, or its supervisor.
		qemu() { sed -n 1p "$TMP/$1/run/pid/g" 2>/dev/null; }
		supervisor() { sed -n "2s/.* supervisor=\([0-9]*\).*/\1/p" "$TMP/$1/run/pid/g" 2>/dev/null; }
		hit() { [ "${2:-0}" -gt 1 ] 2>/dev/null && kill "-$1" "$2"; }
		# Of a host's lock: who is at work, and stands at the place if it is the traced one.
		holder() { sed -n 's/^pid \([0-9]*\),.*/\1/p' "$TMP/$1/run/lock/g" 2>/dev/null; }
		kvmctl_of() {
			if [ "$1" = "$SIDE" ]; then
				echo "$TRACEE"
			elif [ "$(cat "/proc/$(holder "$2")/comm" 2>/dev/null)" = kvmctl ]; then
				holder "$2"
			fi
		}
		case $ACTION in
		kill-source) hit KILL "$(kvmctl_of source A)" ;;
		kill-target) hit KILL "$(kvmctl_of target B)" ;;
		kill-supervisor-?) hit KILL "$(supervisor "${ACTION##*-}")" ;;
		kill-qemu-?) hit KILL "$(qemu "${ACTION##*-}")" ;;
		stop-qemu-? | still-qemu-?)
			qemu "${ACTION##*-}" >"$TMP/stopped"
			hit STOP "$(qemu "${ACTION##*-}")"
			# What it said before is no answer of now any more.
			[ "${ACTION%-?}" = stop-qemu ] || sleep 0.2
			;;
		interrupt) hit INT "$(kvmctl_of source A)" ;;
		cut) nsenter -t "$NETWORK" -n ip link set lan-B down; (sleep 1; nsenter -t "$NETWORK" -n ip link set lan-B up) & ;;
		esac
		exit 0
	END
	export TMP NETWORK=$$
}

# traced SIDE SOURCE-OPTIONS...: the move from A to B, with one of the kvmctls traced.
traced() {
	local side=$1 source=() target=
	shift
	case $side in
	source) source=("$BUILD/tests/fault-inject" "$@") ;;
	target) printf -v target '%q ' "$BUILD/tests/fault-inject" "$@" ;;
	esac
	cat >"$TMP/to-B-traced" <<-END
		#!/bin/sh
		shift
		exec nsenter -t ${HOST_PID[B]} -n -m -- env KVMCTL_CONFIG=$TMP/B/kvmctl.json TMP=$TMP ACTION=${ACTION:-} SIDE=$side NETWORK=$NETWORK $target $KVMCTL "\$@"
	END
	chmod 755 "$TMP/to-B-traced"
	timeout -k 5 150 env TMP="$TMP" ACTION="${ACTION:-}" SIDE="$side" NETWORK="$NETWORK" nsenter -t "${HOST_PID[A]}" -n -m -- env KVMCTL_CONFIG="$TMP/A/kvmctl.json" "${source[@]}" "$KVMCTL" --json \
		migrate g B --shell "$TMP/to-B-traced" --address "${HOST_IP[B]}" >"$TMP/moved" 2>"$TMP/moved.err" </dev/null
}

# places SIDE: of the trace of a move in which nothing happens.
matrix_places() {
	local side
	for side in source target; do
		matrix_begin || return 1
		rm -f "$TMP/trace-$side"
		traced $side --log "$TMP/trace-$side" || fail "a traced move does not work: $(cat "$TMP/moved" "$TMP/moved.err")"
		matrix_end
	done
	sleep 1   # the tracer writes until the last one ends
	for side in source target; do
		sed -n -E "s/^kvmctl ($MATRIX_SYSCALLS) ([0-9]+)\$/$side kvmctl:\1:\2/p" "$TMP/trace-$side"
	done >"$TMP/places"
	[ "$(wc -l <"$TMP/places")" -gt 200 ] || fail "the trace has $(wc -l <"$TMP/places") places only"
}

matrix_begin() {
	rm -f "$TMP"/phase "$TMP"/stopped "$TMP"/hit "$TMP"/A/run/log/g.events "$TMP"/B/run/log/g.events
	expect 0 kvm A start g
}
matrix_end() {
	kvm A -q stop --force g || :
	kvm B -q stop --force g || :
}

qemus_on() { grep -lsz "^KVMCTL_RUN_DIR=$TMP/$1/run\$" /proc/[0-9]*/environ | cut -d / -f 3 | while read -r pid; do
	case $(cat "/proc/$pid/comm" 2>/dev/null) in qemu-*) process_gone "$pid" || echo "$pid" ;; esac
done; }
both_clean() {
	local host clean=true
	for host in A B; do
		kvm "$host" --json --timeout 60 cleanup >"$TMP/clean-$host" 2>&1 || clean=false
		[ "$(jq -c '[.clean, .done]' "$TMP/clean-$host" 2>/dev/null)" = "[true,[]]" ] || clean=false
	done
	$clean
}
# when HOST EVENT: the last time that QEMU told it (microseconds), 0: never.
# shellcheck disable=SC2002  # without the file there is nothing to read
when() { cat "$TMP/$1/run/log/g.events" 2>/dev/null | jq -rs "map(select(.event == \"$2\") | .timestamp.seconds * 1000000 + .timestamp.microseconds) | max // 0"; }

wrong() {
	echo "POINT=\"$point\" ($(cat "$TMP/phase" 2>/dev/null)): $*"
	echo "      said: $(cat "$TMP/moved" "$TMP/moved.err" 2>/dev/null | tr '\n' ' ')"
	echo "      now: A: $(state_on A), QEMU $(qemus_on A | xargs); B: $(state_on B), QEMU $(qemus_on B | xargs); cleanup A: $(cat "$TMP/clean-A"); cleanup B: $(cat "$TMP/clean-B")"
	return 1
}

# matrix_point "SIDE PLACE ACTION": 0 as it should be, 1 wrong (said), 2 the place was not reached.
matrix_point() {
	local point=$1 side place action phase where='' other
	read -r side place action <<<"$1"
	matrix_begin || return 1
	ACTION=$action
	export ACTION
	local status=0
	traced "$side" --at "$place" --hit "$TMP/hit" --run ". $TMP/act" || status=$?
	unset ACTION
	if [ -s "$TMP/stopped" ]; then kill -CONT "$(cat "$TMP/stopped")" 2>/dev/null || :; fi
	[ -e "$TMP/hit" ] || { matrix_end; return 2; }
	phase=$(cat "$TMP/phase" 2>/dev/null)
	echo "${phase// /,} $action" >>"$TMP/tried"
	[ $status != 124 ] && [ $status != 137 ] || [ "$action" = kill-source ] || { wrong "the move does not end" || return 1; }
	until_true 60 both_clean || { wrong "cleanup does not come to an end" || return 1; }
	case "$(qemus_on A | wc -l) $(qemus_on B | wc -l)" in
	"1 0") where=A other=B ;;
	"0 1") where=B other=A ;;
	"0 0")
		# It went down with the QEMU that had it.
		case "$action $phase" in
		"kill-qemu-A running"* | "kill-qemu-A outgoing:migrating"*) ;;
		"kill-qemu-B "*" running"* | "kill-qemu-B "*":granted"* | "kill-qemu-B running"* | "kill-qemu-B  "*) ;;
		*) wrong "the guest is nowhere" || return 1 ;;
		esac
		;;
	*) wrong "two QEMUs" || return 1 ;;
	esac
	if [ -n "$where" ]; then
		[ "$(state_on $where)" = "running " ] || { wrong "it does not run" || return 1; }
		[ $where = B ] || [ "$(when B RESUME)" = 0 ] || { wrong "it ran on B, and runs on A" || return 1; }
		[ $where = A ] || [ "$(when A RESUME)" -le "$(when B RESUME)" ] || { wrong "it ran on A after it ran on B" || return 1; }
		kvm "$where" --json --timeout 100 migrate g "$other" --shell "$TMP/to-$other" --address "${HOST_IP[$other]}" >"$TMP/moved" 2>"$TMP/moved.err" </dev/null ||
			{ wrong "it cannot be moved again" || return 1; }
		[ "$(state_on $other)" = "running " ] || { wrong "moved again, it does not run" || return 1; }
	fi
	matrix_end
	(nothing_on A && nothing_on B) >"$TMP/left" 2>&1 || { wrong "$(cat "$TMP/left")" || return 1; }
}

# matrix_run POINTS [WORKER OF]: POINTS points, evenly over places and actions; of several workers, this one's.
matrix_run() {
	local points=$1 worker=${2:-0} of=${3:-1} i n place wrongs=0 tried=0 missed=0 status
	matrix_places
	mapfile -t places <"$TMP/places"
	n=${#places[@]}
	for ((i = worker; i < points; i += of)); do
		# Each action meets places of all phases.
		place=${places[$((i * n / points))]}
		status=0
		matrix_point "$place ${matrix_actions[$((i % ${#matrix_actions[@]}))]}" || status=$?
		case $status in
		0) tried=$((tried + 1)) ;;
		2) missed=$((missed + 1)) ;;
		*)
			tried=$((tried + 1)) wrongs=$((wrongs + 1))
			pkill -KILL -f "kvmctl.*$TMP/" 2>/dev/null
			matrix_end >/dev/null 2>&1
			until_true 30 both_clean || :
			;;
		esac
	done
	echo "$tried points tried of $n places, $missed not reached, $wrongs wrong"
	[ -z "${MATRIX_PHASES:-}" ] || sort "$TMP/tried" | uniq -c
	[ $wrongs = 0 ]
}
