{
  "name": "web1.example.com",
  "uuid": "0f1b9cf2-8f2d-4a50-9a5e-0d0a6f7f9b11",
  "title": "Web server, first of two",
  "description": "Behind the load balancer lb1.\nAsk the web team before a reboot.",
  "vcpus": 2,
  "maxmem": 2048,
  "minmem": 1024,
  "hvparams": {
    "vnc_bind_address": "127.0.0.1",
    "use_guest_agent": true,
    "disk_cache": "none",
    "disk_aio": "native",
    "disk_discard": "unmap",
    "on_crash": "restart"
  },
  "disks": [
    { "path": "/dev/vg0/web1-root", "format": "raw", "serial": "root" },
    { "path": "/dev/vg0/web1-data", "format": "raw", "serial": "data" }
  ],
  "nics": [
    {
      "mac": "aa:00:00:35:ac:23",
      "mode": "bridged",
      "link": "br0",
      "ip": "198.51.100.4",
      "network": { "name": "lan", "subnet": "198.51.100.0/24", "gateway": "198.51.100.1", "tags": [ "public" ] }
    }
  ],
  "network_port": 11002,
  "tags": [ "web", "team:web" ],
  "autostart": true
}
