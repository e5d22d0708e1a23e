/* start against the same devices run bare; the CPU time of kvmctl itself; version. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "bench/bench.h"

/* The bare way (no sandbox: it does not go with -daemonize): the same devices, -daemonize, then one QMP command over the socket. */
static double bare_start(struct bench *bench, int run)
{
	char command[4096], socket_path[96], pid_file[96], buffer[65536];
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	double begin = bench_now_ms();

	snprintf(socket_path, sizeof(socket_path), "%s/bare.qmp", bench->dir);
	snprintf(pid_file, sizeof(pid_file), "%s/bare.pid", bench->dir);
	snprintf(command, sizeof(command),
		 "qemu-system-x86_64 -name bare -nodefaults -no-user-config -S -daemonize -pidfile %s -machine "
		 "pc,accel=tcg,dump-guest-core=off"
		 " -m 64 -smp 1 -display none"
		 " -netdev tap,id=n0,ifname=bare%d,script=no,downscript=no -device virtio-net-pci,netdev=n0 -device "
		 "virtio-balloon-pci"
		 " -device pvpanic -object rng-random,id=r0,filename=/dev/urandom -device virtio-rng-pci,rng=r0"
		 " -chardev socket,id=s0,path=%s/bare.serial,server=on,wait=off,logfile=%s/bare.log -serial chardev:s0"
		 " -qmp unix:%s,server=on,wait=off -qmp unix:%s2,server=on,wait=off -qmp unix:%s3,server=on,wait=off",
		 pid_file, run, bench->dir, bench->dir, socket_path, socket_path, socket_path);
	if (bench_command("%s", command).status != 0)
		bench_die("bare QEMU does not start");
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", socket_path);
	static const char both[] = "{\"execute\":\"qmp_capabilities\"}{\"execute\":\"query-status\"}";
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0 || write(fd, both, strlen(both)) < 0)
		bench_die("bare QEMU does not listen");
	size_t length = 0;
	for (ssize_t n;
	     !memmem(buffer, length, "prelaunch", 9) && (n = read(fd, buffer + length, sizeof(buffer) - length)) > 0;)
		length += (size_t)n;
	double wall = bench_now_ms() - begin;
	static const char quit[] = "{\"execute\":\"quit\"}";
	if (write(fd, quit, strlen(quit)) < 0)
		bench_die("bare QEMU is gone");
	while (read(fd, buffer, sizeof(buffer)) > 0)
		;
	close(fd);
	return wall;
}

static void rows_of_start(struct bench *bench)
{
	double ours[100], bare[100], cpu[100], ratio[100];
	int n = bench->runs > 100 ? 100 : bench->runs;

	bench_spec(bench, "fast", "", "{\"mode\": \"bridged\", \"link\": \"br0\"}");
	for (int i = -1; i < n; i++) { /* the first is a warm-up, and fills the cache of what QEMU can do */
		double b = bare_start(bench, i + 1);
		struct sample s = bench_command("%s -q --config %s start fast --paused", bench->kvmctl, bench->config);

		if (s.status != 0)
			bench_die("kvmctl start fails");
		if (i >= 0) {
			ours[i] = s.wall_ms;
			bare[i] = b;
			cpu[i] = s.cpu_ms;
			ratio[i] = s.wall_ms / b;
		}
		bench_command("%s -q --config %s stop fast --force", bench->kvmctl, bench->config);
	}
	double r = bench_median(ratio, n), c = bench_median(cpu, n);
	bench_row("start --paused against bare QEMU", "<= 1.10", r <= 1.10, "%.2f (%.1f ms / %.1f ms)", r,
		  bench_median(ours, n), bench_median(bare, n));
	bench_row("CPU of kvmctl itself per start", "<= 5 ms", c <= 5, "%.1f ms", c);
}

static void row_of_version(struct bench *bench)
{
	double ratio[101], ours[101], bare[101];
	int n = 101;

	for (int i = 0; i < n; i++) {
		ours[i] = bench_command("%s version", bench->kvmctl).wall_ms;
		bare[i] = bench_command("/bin/true").wall_ms;
		ratio[i] = ours[i] / bare[i];
	}
	double r = bench_median(ratio, n);
	bench_row("kvmctl version against /bin/true", "<= 2.0", r <= 2, "%.2f (%.2f ms / %.2f ms)", r,
		  bench_median(ours, n), bench_median(bare, n));
}

static void row_of_virsh(struct bench *bench)
{
	(void)bench;
	if (access("/usr/bin/virsh", X_OK) < 0)
		bench_skip("start --paused against virsh", "left out: virsh is not installed");
	else if (bench_command("virsh -q -c qemu:///system version").status != 0)
		bench_skip("start --paused against virsh", "left out: virsh is installed, but no libvirtd answers");
	else
		bench_skip("start --paused against virsh",
			   "left out: libvirtd lives in another network namespace than this benchmark");
}

void bench_start(struct bench *bench)
{
	rows_of_start(bench);
	row_of_virsh(bench);
	row_of_version(bench);
}
