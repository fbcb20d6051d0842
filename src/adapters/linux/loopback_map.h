#pragma once
/// What loopback.bpf.c and loopback_hook.cc both know: the map of published ports. Plain C; everything in network order.
#include <linux/types.h>

struct loopback_port {
  __u16 number;
  __u8 protocol; /* as in IP */
  __u8 zero;
};

struct loopback_target {
  __u32 address[4]; /* an IPv4 one is mapped: ::ffff:a.b.c.d */
  __u16 number;
  __u16 is_ipv4;
};
