# shellcheck shell=bash
# A quiet bridge br0 with the TAPs tap0 (a guest's) and tap1 (the LAN's), for tests/net/frames: `. ring.sh` after enter_netns.

# Nothing speaks here but those who put frames in: no MLD, no ARP of the host; every frame is flooded, whatever its addresses are.
echo 1 >/proc/sys/net/ipv6/conf/all/disable_ipv6
echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6
for key in iptables ip6tables arptables; do
	[ ! -e /proc/sys/net/bridge/bridge-nf-call-$key ] || echo 0 >/proc/sys/net/bridge/bridge-nf-call-$key
done
ip link add br0 type bridge forward_delay 0 stp_state 0 mcast_snooping 0
ip link set br0 address 52:54:00:00:00:fe up
ip addr add 10.255.255.254/8 dev br0
for tap in tap0 tap1; do
	ip tuntap add $tap mode tap
	ip link set $tap master br0 up
	ip link set $tap type bridge_slave learning off
done
ip neigh add 10.0.0.1 lladdr 52:54:00:00:00:01 dev br0 nud permanent
ip neigh add 10.0.0.2 lladdr 52:54:00:00:00:02 dev br0 nud permanent
for key in nf_conntrack_checksum=0 nf_conntrack_tcp_be_liberal=1; do
	[ ! -e "/proc/sys/net/netfilter/${key%=*}" ] || echo "${key#*=}" >"/proc/sys/net/netfilter/${key%=*}"
done
