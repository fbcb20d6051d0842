#include "adapters/linux/loopback_hook.h"

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <netinet/in.h>
#include <sys/mount.h>
#include <sys/socket.h>

#include <cstdio>
#include <cstring>
#include <fstream>
#include <sstream>

#include "adapters/linux/loopback_map.h"
#include "base/fd.h"
#include "base/log.h"

// The object of loopback.bpf.c, as compiled for the kernel.
asm(R"(
  .pushsection .rodata
  .balign 8
fairlead_loopback_object:
  .incbin ")" FAIRLEAD_LOOPBACK_OBJECT R"("
fairlead_loopback_object_end:
  .popsection
)");
extern "C" const std::uint8_t fairlead_loopback_object[], fairlead_loopback_object_end[];

namespace fairlead::linuxnet {
namespace {

int log_of_libbpf(libbpf_print_level level, const char* format, va_list words) {
  if (level != LIBBPF_WARN) return 0;
  char text[512];
  std::vsnprintf(text, sizeof text, format, words);
  std::string_view line = text;
  if (line.ends_with('\n')) line.remove_suffix(1);
  base::log_line(base::LogLevel::debug, line);
  return 0;
}

/// Where the tree's top is mounted. To mount it once more would reset the options that the host gave it.
std::string mounted_cgroups() {
  std::ifstream mounts("/proc/self/mountinfo");
  for (std::string line; std::getline(mounts, line);) {
    if (!line.contains(" - cgroup2 ")) continue;
    std::istringstream words(line);
    std::string number, parent, device, top, at;
    words >> number >> parent >> device >> top >> at;
    if (top == "/") return at;
  }
  return {};
}

base::Result<base::Fd> top_cgroup() {
  if (const auto at = mounted_cgroups(); !at.empty()) {
    base::Fd top(::open(at.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!top) return base::fail_errno(errno, "opening " + at);
    return top;
  }
  const base::Fd made(::fsopen("cgroup2", FSOPEN_CLOEXEC));
  if (!made || ::fsconfig(made.get(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) != 0)
    return base::fail_errno(errno, "looking at the cgroup tree");
  const base::Fd mount(::fsmount(made.get(), FSMOUNT_CLOEXEC, 0));
  base::Fd top(::openat(mount.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!mount || !top) return base::fail_errno(errno, "looking at the cgroup tree");
  return top;
}

base::Result<std::uint64_t> namespace_cookie() {
  const base::Fd socket(::socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  std::uint64_t cookie = 0;
  socklen_t size = sizeof cookie;
  if (!socket || getsockopt(socket.get(), SOL_SOCKET, SO_NETNS_COOKIE, &cookie, &size) != 0)
    return base::fail_errno(errno, "asking for the namespace's cookie");
  return cookie;
}

bool is_at_loopback(const ports::HostPort& port) {
  if (port.protocol.number != IPPROTO_TCP) return false;
  if (!port.address) return true;
  return port.address->family() == base::Family::v6 && (port.address->is_unspecified() || port.address->is_loopback());
}

loopback_target value_of(const ports::PortTarget& target) {
  loopback_target value{};
  const auto bytes = target.address.bytes();
  auto* out = reinterpret_cast<std::uint8_t*>(value.address);
  if (target.address.family() == base::Family::v4) {
    out[10] = out[11] = 0xff;  // RFC 4291, section 2.5.5.2
    value.is_ipv4 = 1;
  }
  std::memcpy(out + sizeof value.address - bytes.size(), bytes.data(), bytes.size());
  value.number = htons(target.port);
  return value;
}

}  // namespace

base::Result<std::unique_ptr<LoopbackHook>> LoopbackHook::attach() {
  const auto cookie = namespace_cookie();
  if (!cookie) return std::unexpected(cookie.error());
  auto top = top_cgroup();
  if (!top) return std::unexpected(top.error());
  libbpf_set_print(log_of_libbpf);
  std::unique_ptr<LoopbackHook> hook(new LoopbackHook);
  bpf_object_open_opts options{};
  options.sz = sizeof options;
  options.object_name = "fairlead";
  hook->object_.reset(bpf_object__open_mem(
      fairlead_loopback_object, static_cast<std::size_t>(fairlead_loopback_object_end - fairlead_loopback_object),
      &options));
  if (!hook->object_) return base::fail_errno(errno, "reading the program for the kernel");
  auto* constants = bpf_object__find_map_by_name(hook->object_.get(), ".rodata");
  if (const int error = bpf_map__set_initial_value(constants, &*cookie, sizeof *cookie); error != 0)
    return base::fail_errno(-error, "preparing the program for the kernel");
  if (const int error = bpf_object__load(hook->object_.get()); error != 0)
    return base::fail_errno(-error, "loading the program into the kernel");
  hook->targets_ = bpf_object__find_map_fd_by_name(hook->object_.get(), "targets");
  bpf_program* program = nullptr;
  bpf_object__for_each_program(program, hook->object_.get()) {
    hook->links_.emplace_back(bpf_program__attach_cgroup(program, top->get()));
    if (!hook->links_.back()) return base::fail_errno(errno, "attaching the program to connect(2)");
  }
  return hook;
}

void LoopbackHook::lead(const ports::HostPort& port, const ports::PortTarget& target) {
  if (!is_at_loopback(port)) return;
  const auto key = htons(port.number);
  const auto value = value_of(target);
  // Without room in the map the forwarder leads them.
  (void)bpf_map_update_elem(targets_, &key, &value, BPF_ANY);
}

void LoopbackHook::release(const ports::HostPort& port) {
  if (!is_at_loopback(port)) return;
  const auto key = htons(port.number);
  (void)bpf_map_delete_elem(targets_, &key);
}

}  // namespace fairlead::linuxnet
