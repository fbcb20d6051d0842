#include "adapters/oci/exits.h"

#include <sys/inotify.h>
#include <sys/stat.h>

#include <cerrno>
#include <fstream>

namespace fairlead::oci {

base::Result<void> Exits::open() {
  std::error_code error;
  std::filesystem::create_directories(roots_.exits(), error);
  inotify_.reset(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
  // The monitor writes a temporary file and renames it.
  if (!inotify_ || ::inotify_add_watch(inotify_.get(), roots_.exits().c_str(), IN_MOVED_TO | IN_CLOSE_WRITE) < 0)
    return base::fail_errno(errno, "cannot watch " + roots_.exits().string());
  return {};
}

std::optional<ports::ExitNotice> Exits::read(const base::ContainerId& id) const {
  const auto path = roots_.exit_file(id);
  std::ifstream file(path);
  int code = 0;
  struct stat status{};
  if (!(file >> code) || ::stat(path.c_str(), &status) != 0) return std::nullopt;
  ports::ExitNotice notice{.id = id, .exit_code = code};
  notice.oom_killed = std::filesystem::exists(roots_.of(id).bundle / "oom");
  notice.at =
      ports::Time(std::chrono::seconds(status.st_mtim.tv_sec) + std::chrono::nanoseconds(status.st_mtim.tv_nsec));
  return notice;
}

std::vector<ports::ExitNotice> Exits::take() {
  std::vector<ports::ExitNotice> notices;
  alignas(inotify_event) char buffer[16 << 10];
  while (true) {
    const auto length = ::read(inotify_.get(), buffer, sizeof buffer);
    if (length < 0 && errno == EINTR) continue;
    if (length <= 0) break;
    for (const char* at = buffer; at < buffer + length;) {
      const auto* event = reinterpret_cast<const inotify_event*>(at);
      at += sizeof *event + event->len;
      std::vector<base::ContainerId> ids;
      if ((event->mask & IN_Q_OVERFLOW) != 0)
        ids = all();
      else if (const auto id = base::ContainerId::parse(event->len != 0 ? event->name : ""))
        ids.push_back(*id);
      for (const auto& id : ids) {
        const std::lock_guard lock(mutex_);
        auto notice = told_.contains(id) ? std::nullopt : read(id);
        if (!notice) continue;
        told_.insert(id);
        // Seen as it happens: our clock says it better than the file's time, which lags behind by up to a jiffy.
        notice->at = {};
        notices.push_back(*notice);
      }
    }
  }
  return notices;
}

std::optional<ports::ExitNotice> Exits::look(const base::ContainerId& id) {
  const std::lock_guard lock(mutex_);
  auto notice = read(id);
  if (notice) told_.insert(id);
  return notice;
}

void Exits::forget(const base::ContainerId& id) {
  const std::lock_guard lock(mutex_);
  std::error_code ignored;
  std::filesystem::remove(roots_.exit_file(id), ignored);
  told_.erase(id);
}

std::vector<base::ContainerId> Exits::all() const {
  std::vector<base::ContainerId> ids;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(roots_.exits(), error))
    if (const auto id = base::ContainerId::parse(entry.path().filename().string())) ids.push_back(*id);
  return ids;
}

}  // namespace fairlead::oci
