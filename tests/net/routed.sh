# shellcheck shell=bash
# Three networks for the tests of mode routed: this one is the host, with the uplink up0; $outside and $guest are processes in
# namespaces of their own. tap0 leads to the guest (a veth stands for the TAP). Sourced after lib.sh.

# holder: a process in a new namespace; its pid in $pid.
holder() {
	unshare --net sleep 600 &
	pid=$!
	cleanup_fn "kill $pid 2>/dev/null"
	until_true 5 eval "[ \"\$(readlink /proc/$pid/ns/net)\" != \"\$(readlink /proc/self/ns/net)\" ]" || fail "no namespace"
}

in_ns() {
	local pid=$1
	shift
	nsenter -t "$pid" -n "$@"
}

three_networks() {
	holder
	outside=$pid
	holder
	guest=$pid
	ip link add up0 type veth peer name eth0 netns "$outside"
	ip addr add 192.0.2.9/24 dev up0
	ip addr add 2001:db8::9/64 dev up0 nodad
	ip link set up0 up
	in_ns "$outside" sh -c 'ip addr add 192.0.2.2/24 dev eth0; ip addr add 2001:db8::2/64 dev eth0 nodad; ip link set eth0 up'
	# The uplink forwards: the administrator's part.
	echo 1 >/proc/sys/net/ipv4/conf/up0/forwarding
	echo 1 >/proc/sys/net/ipv6/conf/all/forwarding
	ip link add tap0 type veth peer name eth0 netns "$guest"
	in_ns "$guest" sh -c 'ip addr add 192.0.2.50/24 dev eth0; ip addr add 2001:db8::50/128 dev eth0 nodad; ip link set eth0 up
		ip -6 route add 2001:db8::1 dev eth0; ip -6 route add default via 2001:db8::1 dev eth0'
}

# The guest and the host, and the guest and the others on the host's network, reach each other.
everybody_pings() {
	local address
	for address in 192.0.2.9 192.0.2.2 2001:db8::9 2001:db8::2; do
		in_ns "$guest" ping -n -q -c 1 -W 2 -w 8 $address >/dev/null || fail "the guest does not reach $address"
	done
	for address in 192.0.2.50 2001:db8::50; do
		ping -n -q -c 1 -W 2 -w 8 $address >/dev/null || fail "the host does not reach $address"
		in_ns "$outside" ping -n -q -c 1 -W 2 -w 8 $address >/dev/null || fail "the others do not reach $address"
	done
}
