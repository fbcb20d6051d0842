#pragma once
/// What loopback.bpf.c and loopback_hook.cc both know: where a published port leads. Plain C; all in network order.
#include <linux/types.h>

struct loopback_target {
  __u32 address[4]; /* an IPv4 one is mapped: ::ffff:a.b.c.d */
  __u16 number;
  __u16 is_ipv4;
};
