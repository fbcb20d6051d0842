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
  __uint(max_entries, 2 * 65536);
  __uint(map_flags, BPF_F_NO_PREALLOC);
  __type(key, struct loopback_port);
  __type(value, struct loopback_target);
} targets SEC(".maps");

/* What a led socket was connected to, by its cookie, for getpeername(2). The oldest give way. */
struct {
  __uint(type, BPF_MAP_TYPE_LRU_HASH);
  __uint(max_entries, 4096);
  __type(key, __u64);
  __type(value, __u16);
} origins SEC(".maps");

static bool takes_ipv6_only(struct bpf_sock* socket, __u8 protocol) {
  void* inside = protocol == IPPROTO_TCP ? (void*)bpf_skc_to_tcp6_sock(socket) : (void*)bpf_skc_to_udp6_sock(socket);
  return !inside || BPF_CORE_READ_BITFIELD((struct sock_common*)inside, skc_ipv6only);
}

static bool is_bound(const struct bpf_sock* socket) {
  return socket->src_ip6[0] || socket->src_ip6[1] || socket->src_ip6[2] || socket->src_ip6[3];
}

SEC("cgroup/connect6")
int lead_client(struct bpf_sock_addr* asked) {
  if (asked->user_ip6[0] || asked->user_ip6[1] || asked->user_ip6[2] || asked->user_ip6[3] != bpf_htonl(1)) return 1;
  if (bpf_get_netns_cookie(asked) != home) return 1;
  const struct loopback_port port = {.number = asked->user_port, .protocol = asked->protocol};
  const struct loopback_target* target = bpf_map_lookup_elem(&targets, &port);
  if (!target) return 1;
  struct bpf_sock* socket = asked->sk;
  if (!socket || is_bound(socket)) return 1;
  if (target->is_ipv4 && takes_ipv6_only(socket, port.protocol)) return 1;
  const __u64 cookie = bpf_get_socket_cookie(asked);
  bpf_map_update_elem(&origins, &cookie, &port.number, BPF_ANY);
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
  const __u16* number = bpf_map_lookup_elem(&origins, &cookie);
  if (!number) return 1;
  asked->user_ip6[0] = 0;
  asked->user_ip6[1] = 0;
  asked->user_ip6[2] = 0;
  asked->user_ip6[3] = bpf_htonl(1);
  asked->user_port = *number;
  return 1;
}

char terms[] SEC("license") = "Dual MIT/GPL";
