#include "adapters/oci/seccomp.h"

#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <iterator>

#include "base/log.h"

namespace fairlead::oci {
namespace {

constexpr const char* kPlaces[] = {"/usr/share/containers/seccomp.json", "/etc/containers/seccomp.json"};
constexpr std::size_t kMaxProfile = 4 << 20;

std::optional<std::string> read_text(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return std::nullopt;
  std::string text(kMaxProfile + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(file.gcount()));
  return text;
}

}  // namespace

wire::SeccompHost seccomp_host() {
  static const wire::SeccompHost host = [] {
    wire::SeccompHost found;
    utsname names{};
    if (::uname(&names) == 0) {
      (void)std::sscanf(names.release, "%d.%d", &found.kernel.first, &found.kernel.second);
      const std::string_view machine = names.machine;
      found.arch = machine == "x86_64" ? "amd64" : machine == "aarch64" ? "arm64" : std::string(machine);
    }
#ifdef __x86_64__
    // Bit 30 marks an x32 call; a kernel without CONFIG_X86_X32_ABI knows none of them.
    constexpr long kX32 = 0x40000000;
    if (::syscall(kX32 | SYS_getpid) < 0) found.absent_abis.insert("SCMP_ARCH_X32");
#endif
    return found;
  }();
  return host;
}

base::Result<void> SeccompDefaults::load() {
  if (loaded_) return {};
  std::optional<std::string> text;
  if (!path_.empty()) {
    text = read_text(path_);
    if (!text) return base::fail(base::ErrorKind::internal, "cannot read the seccomp profile " + path_);
  }
  for (const auto* place : kPlaces)
    if (!text) text = read_text(place);
  if (!text) {
    base::log(base::LogLevel::warn,
              "no default seccomp profile is installed (apt install containers-common): containers run without a "
              "system call filter");
  } else {
    auto parsed = wire::parse_seccomp_profile(*text);
    if (!parsed) return std::unexpected(parsed.error());
    profile_ = std::move(*parsed);
  }
  loaded_ = true;
  return {};
}

base::Result<std::optional<boost::json::object>> SeccompDefaults::filter(const std::vector<std::string>& capabilities) {
  const std::lock_guard lock(mutex_);
  if (auto ready = load(); !ready) return std::unexpected(ready.error());
  if (!profile_) return std::optional<boost::json::object>{};
  auto found = converted_.find(capabilities);
  if (found == converted_.end()) {
    constexpr std::size_t kKept = 64;
    if (converted_.size() >= kKept) converted_.clear();
    found = converted_.emplace(capabilities, wire::oci_seccomp(*profile_, seccomp_host(), capabilities)).first;
  }
  return found->second;
}

base::Result<boost::json::object> custom_seccomp(const std::string& given,
                                                 const std::vector<std::string>& capabilities) {
  std::string text = given;
  if (given.starts_with('/')) {
    auto read = read_text(given);
    if (!read) return base::fail(base::ErrorKind::invalid, "opening seccomp profile (" + given + ") failed");
    text = std::move(*read);
  }
  const auto profile = wire::parse_seccomp_profile(text);
  if (!profile) return std::unexpected(profile.error());
  return wire::oci_seccomp(*profile, seccomp_host(), capabilities);
}

}  // namespace fairlead::oci
