// SPDX-License-Identifier: MIT OR GPL-2.0-only
/* Leads clients of the host's [::1] to containers within connect(2): the kernel routes loopback to nowhere else, so no
 * address translation can. Attached by loopback_hook.cc; see there. */
#include <linux/bpf.h>
#include <linux/in.h>
#include <linux/in6.h>
#include <stdbool.h>

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "adapters/linux/loopback_map.h"

/* Of the kernel's own structures only this bit: its place is looked up when the program is loaded. */
struct sock_common {
  unsigned char skc_ipv6only : 1;
} __attribute__((preserve_access_index));

/* Whose [::1] it is (SO_NETNS_COOKIE): every container has one of its own. */
const volatile __u64 home;

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 65536);
  __uint(map_flags, BPF_F_NO_PREALLOC);
  __type(key, __u16); /* the port, in network order */
  __type(value, struct loopback_target);
} targets SEC(".maps");

/* From where a socket was led to where, by its cookie, for getpeername(2). The oldest give way. */
struct led {
  struct loopback_target to;
  __u16 from;
};
struct {
  __uint(type, BPF_MAP_TYPE_LRU_HASH);
  __uint(max_entries, 4096);
  __type(key, __u64);
  __type(value, struct led);
} origins SEC(".maps");

static bool takes_ipv6_only(struct bpf_sock* socket) {
  struct sock_common* inside = (struct sock_common*)bpf_skc_to_tcp6_sock(socket);
  return !inside || BPF_CORE_READ_BITFIELD(inside, skc_ipv6only);
}

static bool is_bound(const struct bpf_sock* socket) {
  return socket->bound_dev_if || socket->src_ip6[0] || socket->src_ip6[1] || socket->src_ip6[2] || socket->src_ip6[3];
}

SEC("cgroup/connect6")
int lead_client(struct bpf_sock_addr* asked) {
  if (asked->user_ip6[0] || asked->user_ip6[1] || asked->user_ip6[2] || asked->user_ip6[3] != bpf_htonl(1)) return 1;
  if (bpf_get_netns_cookie(asked) != home) return 1;
  /* A datagram socket stays connected while containers come and go: the port's own socket serves it. */
  if (asked->protocol != IPPROTO_TCP) return 1;
  const __u16 number = asked->user_port;
  const struct loopback_target* target = bpf_map_lookup_elem(&targets, &number);
  if (!target) return 1;
  struct bpf_sock* socket = asked->sk;
  if (!socket || is_bound(socket)) return 1;
  if (target->is_ipv4 && takes_ipv6_only(socket)) return 1;
  const __u64 cookie = bpf_get_socket_cookie(asked);
  const struct led led = {.to = *target, .from = number};
  bpf_map_update_elem(&origins, &cookie, &led, BPF_ANY);
  asked->user_ip6[0] = target->address[0];
  asked->user_ip6[1] = target->address[1];
  asked->user_ip6[2] = target->address[2];
  asked->user_ip6[3] = target->address[3];
  asked->user_port = target->number;
  return 1;
}

SEC("cgroup/getpeername6")
int name_peer(struct bpf_sock_addr* asked) {
  const __u64 cookie = bpf_get_socket_cookie(asked);
  const struct led* led = bpf_map_lookup_elem(&origins, &cookie);
  if (!led) return 1;
  /* It may have been connected to something else since. */
  const __u32* to = led->to.address;
  if (asked->user_ip6[0] != to[0] || asked->user_ip6[1] != to[1] || asked->user_ip6[2] != to[2] ||
      asked->user_ip6[3] != to[3] || asked->user_port != led->to.number)
    return 1;
  asked->user_ip6[0] = 0;
  asked->user_ip6[1] = 0;
  asked->user_ip6[2] = 0;
  asked->user_ip6[3] = bpf_htonl(1);
  asked->user_port = led->from;
  return 1;
}

char terms[] SEC("license") = "Dual MIT/GPL";
