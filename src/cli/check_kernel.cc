#include <fmt/format.h>
#include <linux/if_link.h>
#include <linux/magic.h>
#include <nftables/libnftables.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>

#include "adapters/linux/netlink_socket.h"
#include "cli/check.h"
#include "cli/scratch.h"
#include "wire/netlink_link.h"

namespace fairlead::cli {
namespace {

bool exists(const char* path) {
  return ::access(path, F_OK) == 0;
}

std::string read_word(const char* path) {
  std::ifstream file(path);
  std::string word;
  file >> word;
  return word;
}

std::string make_link(const std::function<void(wire::NetlinkBatch&)>& fill) {
  auto socket = linuxnet::NetlinkSocket::open(NETLINK_ROUTE);
  if (!socket) return socket.error().text;
  wire::NetlinkBatch batch;
  fill(batch);
  const auto acks = socket->transact(batch);
  if (!acks) return acks.error().text;
  return acks->front().error == 0 ? "" : std::strerror(acks->front().error);
}

std::string make_bridge() {
  return make_link([](auto& batch) { wire::put_new_bridge(batch, "probe0", {}); });
}
std::string make_veth() {
  return make_link([](auto& batch) {
    wire::put_new_veth(batch, "probe0", {}, {.name = "probe1", .mac = base::Mac({2, 0, 0, 0, 0, 1})});
  });
}

/// A link that stands on a bridge of its own.
std::string make_child(const wire::ChildLink& wanted) {
  if (auto why = make_bridge(); !why.empty()) return why;
  auto socket = linuxnet::NetlinkSocket::open(NETLINK_ROUTE);
  if (!socket) return socket.error().text;
  auto child = wanted;
  wire::NetlinkBatch batch;
  wire::put_get_link(batch, "probe0");
  const auto looked = socket->transact(batch, [&](const nlmsghdr* message) {
    if (const auto record = wire::parse_link(message)) child.parent = record->index;
  });
  if (!looked) return looked.error().text;
  return make_link([&](auto& made) { wire::put_new_child(made, "probe1", {}, child); });
}

// What our ruleset is made of: verdict maps on the forward path, DNAT by map, masquerade, conntrack.
constexpr const char* kRuleset = R"(table inet probe {
  map verdicts { type ifname : verdict; }
  map targets { type inet_proto . inet_service : ipv4_addr . inet_service; }
  chain across { type filter hook forward priority 0; ct state established accept; iifname vmap @verdicts; }
  chain before { type nat hook prerouting priority -100; dnat ip to meta l4proto . th dport map @targets; }
  chain after { type nat hook postrouting priority 100; ip saddr 10.0.0.0/8 masquerade; }
})";

std::string make_ruleset() {
  nft_ctx* context = nft_ctx_new(NFT_CTX_DEFAULT);
  if (context == nullptr) return "libnftables does not start";
  nft_ctx_buffer_error(context);
  nft_ctx_buffer_output(context);
  std::string why;
  if (nft_run_cmd_from_buffer(context, kRuleset) != 0) {
    why = nft_ctx_get_error_buffer(context);
    why = why.substr(0, why.find('\n'));
    if (why.empty()) why = "refused";
  }
  nft_ctx_free(context);
  return why;
}

// On a tmpfs of its own, so that the answer is the kernel's and not the data root's file system's.
std::string mount_overlay() {
  if (::mount("tmpfs", "/mnt", "tmpfs", 0, "size=1m") != 0) return fmt::format("tmpfs: {}", std::strerror(errno));
  for (const char* folder : {"/mnt/lower", "/mnt/upper", "/mnt/work", "/mnt/merged"}) {
    if (::mkdir(folder, 0755) != 0) return std::strerror(errno);
  }
  if (::mount("overlay", "/mnt/merged", "overlay", 0, "lowerdir=/mnt/lower,upperdir=/mnt/upper,workdir=/mnt/work") != 0)
    return std::strerror(errno);
  return "";
}

Finding tried(const char* name, const std::string& why, const char* module, const char* seen) {
  if (why.empty()) return {name, Verdict::ok, true, seen, ""};
  return {name, Verdict::missing, true, why,
          fmt::format("modprobe {} (a kernel without it cannot be mended here)", module)};
}

Finding tried_child(const wire::ChildLink& child, const char* name, const char* module, const char* lost) {
  const auto why = in_scratch([&] { return make_child(child); });
  if (why.empty()) return {name, Verdict::ok, false, "a link was made", ""};
  return {name, Verdict::limited, false, fmt::format("{}: {}", why, lost),
          fmt::format("modprobe {} (a kernel without it cannot be mended here)", module)};
}

Finding look_at_root() {
  if (::geteuid() == 0) return {"root", Verdict::ok, true, "runs as root", ""};
  return {"root", Verdict::missing, true, "not root: the kernel cannot be tried out", "sudo fairlead check"};
}

Finding look_at_namespaces() {
  const std::string why =
      in_scratch([] { return std::string(); }, CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP);
  if (why.empty()) return {"namespaces", Verdict::ok, true, "network, mount, pid, ipc, uts, cgroup", ""};
  return {"namespaces", Verdict::missing, true, why, "a kernel with namespaces, and CAP_SYS_ADMIN, are needed"};
}

Finding look_at_cgroups(CgroupLayout layout) {
  switch (layout) {
    case CgroupLayout::v2:
      return {"cgroups", Verdict::ok, true, "v2", ""};
    case CgroupLayout::hybrid:
    case CgroupLayout::v1: {
      std::string lacking;
      for (const char* name : {"memory", "cpu", "pids", "devices"}) {
        if (!exists(fmt::format("/sys/fs/cgroup/{}", name).c_str())) lacking += fmt::format(" {}", name);
      }
      const char* kind = layout == CgroupLayout::hybrid ? "v1 with v2 beside it (hybrid)" : "v1";
      if (lacking.empty()) return {"cgroups", Verdict::ok, true, kind, ""};
      return {"cgroups", Verdict::limited, true, fmt::format("{}, without{}: those limits do nothing", kind, lacking),
              "boot with systemd.unified_cgroup_hierarchy=1 for cgroup v2"};
    }
    case CgroupLayout::none:
      break;
  }
  return {"cgroups", Verdict::missing, true, "nothing is mounted at /sys/fs/cgroup",
          "mount -t cgroup2 none /sys/fs/cgroup"};
}

Finding look_at_forwarding() {
  const std::string value = read_word("/proc/sys/net/ipv4/ip_forward");
  if (value == "1") return {"ip_forward", Verdict::ok, false, "on", ""};
  if (value == "0") return {"ip_forward", Verdict::ok, false, "off; the daemon switches it on at start", ""};
  return {"ip_forward", Verdict::missing, true, "/proc/sys/net/ipv4/ip_forward cannot be read",
          "mount -t proc proc /proc"};
}

Finding look_at_seccomp() {
  if (exists("/proc/sys/kernel/seccomp/actions_avail")) return {"seccomp", Verdict::ok, false, "filters", ""};
  return {"seccomp", Verdict::missing, false, "this kernel filters no system calls",
          "run containers with --security-opt seccomp=unconfined"};
}

}  // namespace

CgroupLayout cgroup_layout() {
  struct statfs info{};
  if (::statfs("/sys/fs/cgroup", &info) != 0) return CgroupLayout::none;
  if (info.f_type == CGROUP2_SUPER_MAGIC) return CgroupLayout::v2;
  if (exists("/sys/fs/cgroup/unified/cgroup.controllers")) return CgroupLayout::hybrid;
  return exists("/sys/fs/cgroup/memory") || exists("/sys/fs/cgroup/pids") ? CgroupLayout::v1 : CgroupLayout::none;
}

std::vector<Finding> check_kernel() {
  utsname name{};
  ::uname(&name);
  std::vector<Finding> findings{{"kernel", Verdict::ok, false, fmt::format("{} {}", name.release, name.machine), ""},
                                look_at_root()};
  if (findings.back().verdict == Verdict::ok) {
    findings.push_back(look_at_namespaces());
    findings.push_back(tried("bridge", in_scratch(make_bridge), "bridge", "a bridge was made"));
    findings.push_back(tried("veth", in_scratch(make_veth), "veth", "a pair was made"));
    findings.push_back(tried_child({.kind = "macvlan", .mode = MACVLAN_MODE_BRIDGE}, "macvlan", "macvlan",
                                   "no networks of that driver"));
    findings.push_back(tried_child({.kind = "ipvlan"}, "ipvlan", "ipvlan", "no networks of that driver"));
    findings.push_back(
        tried_child({.kind = "vlan", .vlan = 9}, "802.1Q", "8021q", "parent=IF.VLAN must be there before"));
    findings.push_back(tried("nftables", in_scratch(make_ruleset), "nf_tables nft_nat nft_masq nft_ct",
                             "maps, DNAT, masquerade, conntrack"));
    findings.push_back(tried("overlayfs", in_scratch(mount_overlay), "overlay", "an overlay was mounted"));
  }
  findings.push_back(look_at_cgroups(cgroup_layout()));
  findings.push_back(look_at_forwarding());
  findings.push_back(look_at_seccomp());
  return findings;
}

}  // namespace fairlead::cli
