#include "adapters/oci/image_spool.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <cerrno>
#include <optional>

#include "adapters/oci/image_content.h"
#include "adapters/oci/image_tree.h"
#include "base/fd.h"

namespace fairlead::oci {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t kMaxText = 8u << 20;
constexpr int kMaxLinks = 16;
constexpr std::size_t kMaxMembers = 1'000'000;

/// Where a symbolic link at `name` points, as a member's name; nothing where it points out of the archive.
std::optional<std::string> link_target(const std::string& name, const std::string& target) {
  if (target.starts_with('/')) return std::nullopt;
  const auto joined = (fs::path(name).parent_path() / target).lexically_normal().string();
  auto clean = clean_entry_path(joined);
  if (!clean) return std::nullopt;
  return *clean;
}

}  // namespace

base::Result<ArchiveSpool> ArchiveSpool::read(int fd, TempDir directory, const UnpackLimits& limits) {
  auto stream = TarStream::open(fd, limits);
  if (!stream) return std::unexpected(stream.error());
  ArchiveSpool out(std::move(directory));
  while (true) {
    auto entry = (*stream)->next();
    if (!entry) return std::unexpected(entry.error());
    if (!*entry) break;
    if (auto taken = out.take(**stream, *entry); !taken) return std::unexpected(taken.error());
  }
  // Whoever writes into the pipe must be able to finish, padding and all.
  if (auto finished = (*stream)->finish(); !finished) return std::unexpected(finished.error());
  return out;
}

base::Result<void> ArchiveSpool::take(TarStream& archive, archive_entry* entry) {
  const char* raw = archive_entry_pathname(entry);
  if (!raw) return base::fail(base::ErrorKind::invalid, "invalid archive: an entry has no name");
  auto name = clean_entry_path(raw);
  if (!name) return std::unexpected(name.error());
  if (files_.size() + links_.size() >= kMaxMembers) {
    return base::fail(base::ErrorKind::invalid, "invalid archive: too many members for an image");
  }
  if (const char* hard = archive_entry_hardlink(entry)) {
    auto target = clean_entry_path(hard);
    if (!target) return std::unexpected(target.error());
    links_[*name] = *target;
  } else if (archive_entry_filetype(entry) == AE_IFLNK) {
    const char* soft = archive_entry_symlink(entry);
    auto target = link_target(*name, soft ? soft : "");
    if (!target)
      return base::fail(base::ErrorKind::invalid,
                        fmt::format("invalid archive: \"{}\" leads out of the archive", *name));
    links_[*name] = *target;
  } else if (archive_entry_filetype(entry) == AE_IFREG) {
    const auto path = directory_.path() / std::to_string(files_.size());
    const base::Fd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    if (!fd) return base::fail_errno(errno, "open " + path.string());
    auto written = write_content(archive, entry, fd.get());
    if (!written) return std::unexpected(written.error());
    files_[*name] = path;
  }
  return {};
}

std::optional<fs::path> ArchiveSpool::resolve(const std::string& name) const {
  auto clean = clean_entry_path(name);
  if (!clean) return std::nullopt;
  auto key = *clean;
  for (int hops = 0; hops < kMaxLinks; ++hops) {
    if (const auto file = files_.find(key); file != files_.end()) return file->second;
    const auto link = links_.find(key);
    if (link == links_.end()) return std::nullopt;
    key = link->second;
  }
  return std::nullopt;
}

base::Result<fs::path> ArchiveSpool::file(const std::string& name) const {
  if (auto path = resolve(name)) return *path;
  return base::fail(base::ErrorKind::invalid, fmt::format("invalid archive: \"{}\" is missing", name));
}

base::Result<std::string> ArchiveSpool::text(const std::string& name) const {
  auto path = file(name);
  if (!path) return std::unexpected(path.error());
  return read_small_file(*path, kMaxText);
}

}  // namespace fairlead::oci
