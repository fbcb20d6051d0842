#include "adapters/linux/sysctl.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/fd.h"

namespace fairlead::linuxnet {
namespace {

base::Result<std::string> path_of(const std::string& key) {
  const bool wrong = key.empty() || key.front() == '/' || key.back() == '/' || key.find('\0') != std::string::npos ||
                     ("/" + key + "/").find("/../") != std::string::npos;
  if (wrong) return base::fail(base::ErrorKind::invalid, "invalid sysctl \"" + key + "\"");
  return "/proc/sys/" + key;
}

}  // namespace

base::Result<std::optional<std::string>> read_sysctl(const std::string& key) {
  auto path = path_of(key);
  if (!path) return std::unexpected(path.error());
  const base::Fd file(open(path->c_str(), O_RDONLY | O_CLOEXEC));
  if (!file && (errno == ENOENT || errno == ENOTDIR)) return std::optional<std::string>{};
  if (!file) return base::fail_errno(errno, "reading sysctl " + key);
  char text[4096];
  const auto size = read(file.get(), text, sizeof text);
  if (size < 0) return base::fail_errno(errno, "reading sysctl " + key);
  std::string value(text, static_cast<std::size_t>(size));
  while (!value.empty() && value.back() == '\n') value.pop_back();
  std::ranges::replace(value, '\t', ' ');
  return value;
}

base::Result<void> write_sysctl(const std::string& key, const std::string& value) {
  auto path = path_of(key);
  if (!path) return std::unexpected(path.error());
  const base::Fd file(open(path->c_str(), O_WRONLY | O_CLOEXEC));
  if (!file) return base::fail_errno(errno, "setting sysctl " + key);
  if (write(file.get(), value.data(), value.size()) != static_cast<ssize_t>(value.size())) {
    return base::fail_errno(errno, "setting sysctl " + key + " to " + value);
  }
  return {};
}

}  // namespace fairlead::linuxnet
