#include "adapters/oci/image_unpack.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <vector>

#include "adapters/oci/image_attributes.h"
#include "adapters/oci/image_content.h"
#include "adapters/oci/image_tree.h"

namespace fairlead::oci {

namespace {

constexpr std::string_view kWhiteout = ".wh.";
constexpr std::string_view kMeta = ".wh..wh.";
constexpr std::string_view kOpaque = ".wh..wh..opq";
constexpr std::size_t kMaxDirectoryNames = 256u << 20;

struct Place {
  std::string directory, name;
};

Place split(const std::string& path) {
  const auto slash = path.rfind('/');
  if (slash == std::string::npos) return {{}, path};
  return {path.substr(0, slash), path.substr(slash + 1)};
}

std::unexpected<base::Error> bad(std::string_view path, std::string_view why) {
  return base::fail(base::ErrorKind::invalid, fmt::format("invalid archive: \"{}\" {}", path, why));
}

/// What a failed creation says: some names and links are the archive's fault, the rest is the machine's.
std::unexpected<base::Error> creation_failed(std::string_view path) {
  const int why = errno;
  if (why == ENAMETOOLONG || why == EINVAL || why == EFBIG || why == ENOENT || why == EMLINK) {
    return bad(path, fmt::format("cannot be made: {}", strerror(why)));
  }
  return base::fail_errno(why, fmt::format("unpack {}", path));
}

class Unpacker {
 public:
  Unpacker(TarStream& archive, int root) : archive_(archive), tree_(root) {}

  base::Result<Unpacked> run() {
    while (true) {
      auto entry = archive_.next();
      if (!entry) return std::unexpected(entry.error());
      if (!*entry) break;
      if (auto done = unpack(*entry); !done) return std::unexpected(done.error());
    }
    if (auto done = set_directory_times(); !done) return std::unexpected(done.error());
    return result_;
  }

 private:
  base::Result<void> unpack(archive_entry* entry);
  base::Result<void> whiteout(const std::string& path, const Place& place);
  base::Result<void> link(archive_entry* entry, const std::string& path, const Place& place);
  base::Result<void> node(archive_entry* entry, const std::string& path, int parent, const std::string& name);
  base::Result<void> file(archive_entry* entry, const std::string& path, int parent, const std::string& name);
  base::Result<void> directory(archive_entry* entry, const std::string& path, int parent, const std::string& name);
  base::Result<void> remember_times(archive_entry* entry, std::string path);
  base::Result<void> set_directory_times();

  struct DirectoryTimes {
    std::string path;
    timespec time;
  };
  TarStream& archive_;
  LayerTree tree_;
  Unpacked result_;
  std::vector<DirectoryTimes> directories_;
  std::size_t directory_names_ = 0;
};

base::Result<void> Unpacker::unpack(archive_entry* entry) {
  const char* raw = archive_entry_pathname(entry);
  if (!raw) return base::fail(base::ErrorKind::invalid, "invalid archive: an entry has no name");
  auto path = clean_entry_path(raw);
  if (!path) return std::unexpected(path.error());
  if (path->empty()) {
    if (archive_entry_filetype(entry) != AE_IFDIR) return bad(raw, "is not a directory");
    if (auto done = apply_attributes(entry, tree_.root(), "."); !done) return done;
    return remember_times(entry, ".");
  }
  const auto place = split(*path);
  // aufs kept its own books below such names; they mean nothing to anybody else.
  if (place.directory.starts_with(kMeta) || place.directory.find(fmt::format("/{}", kMeta)) != std::string::npos)
    return {};
  if (place.name.starts_with(kWhiteout)) return whiteout(*path, place);
  if (archive_entry_hardlink(entry)) return link(entry, *path, place);
  const auto type = archive_entry_filetype(entry);
  auto parent = tree_.directory(place.directory);
  if (!parent) return std::unexpected(parent.error());
  if (type == AE_IFDIR) return directory(entry, *path, *parent, place.name);
  if (type == AE_IFSOCK) return {};
  if (auto cleared = tree_.clear(*parent, place.name); !cleared) return cleared;
  auto made = type == AE_IFREG ? file(entry, *path, *parent, place.name) : node(entry, *path, *parent, place.name);
  if (made) made = apply_attributes(entry, *parent, place.name);
  if (made) made = apply_times(entry, *parent, place.name);
  return made;
}

/// A whiteout hides what lower layers have; what this layer itself brings under the name stays, in whichever order they
/// come.
base::Result<void> Unpacker::whiteout(const std::string& path, const Place& place) {
  auto parent = tree_.directory(place.directory);
  if (!parent) return std::unexpected(parent.error());
  if (place.name == kOpaque) return make_opaque(*parent, ".");
  if (place.name.starts_with(kMeta)) return {};
  const auto hidden = place.name.substr(kWhiteout.size());
  if (hidden.empty() || hidden == "." || hidden == "..") return bad(path, "is no whiteout");
  struct stat info{};
  if (fstatat(*parent, hidden.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) return make_whiteout(*parent, hidden);
  return S_ISDIR(info.st_mode) ? make_opaque(*parent, hidden) : base::Result<void>{};
}

base::Result<void> Unpacker::link(archive_entry* entry, const std::string& path, const Place& place) {
  auto target = clean_entry_path(archive_entry_hardlink(entry));
  if (!target) return std::unexpected(target.error());
  const auto from = split(*target);
  auto source = tree_.existing_directory(from.directory);
  struct stat info{};
  if (!source || fstatat(source->get(), from.name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) {
    return bad(path, "is a link to something that is not in the archive");
  }
  if (S_ISDIR(info.st_mode)) return bad(path, "is a hard link to a directory");
  if (path == *target) return {};
  auto parent = tree_.directory(place.directory);
  if (!parent) return std::unexpected(parent.error());
  if (auto cleared = tree_.clear(*parent, place.name); !cleared) return cleared;
  if (linkat(source->get(), from.name.c_str(), *parent, place.name.c_str(), 0) != 0) return creation_failed(path);
  return {};
}

base::Result<void> Unpacker::node(archive_entry* entry, const std::string& path, int parent, const std::string& name) {
  const auto device = makedev(archive_entry_rdevmajor(entry), archive_entry_rdevminor(entry));
  switch (archive_entry_filetype(entry)) {
    case AE_IFLNK: {
      const char* target = archive_entry_symlink(entry);
      if (!target || symlinkat(target, parent, name.c_str()) != 0) return creation_failed(path);
      return {};
    }
    case AE_IFCHR:
    case AE_IFBLK: {
      const mode_t kind = archive_entry_filetype(entry) == AE_IFCHR ? S_IFCHR : S_IFBLK;
      if (mknodat(parent, name.c_str(), kind | 0600, device) != 0) return creation_failed(path);
      return {};
    }
    case AE_IFIFO:
      if (mknodat(parent, name.c_str(), S_IFIFO | 0600, 0) != 0) return creation_failed(path);
      return {};
    default:
      return bad(path, "is of an unknown kind");
  }
}

base::Result<void> Unpacker::file(archive_entry* entry, const std::string& path, int parent, const std::string& name) {
  base::Fd fd(openat(parent, name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!fd) return creation_failed(path);
  auto written = write_content(archive_, entry, fd.get());
  if (!written) return std::unexpected(written.error());
  result_.bytes += *written;
  return {};
}

base::Result<void> Unpacker::directory(archive_entry* entry, const std::string& path, int parent,
                                       const std::string& name) {
  if (auto made = tree_.make_directory(parent, name); !made) return made;
  if (auto done = apply_attributes(entry, parent, name); !done) return done;
  return remember_times(entry, path);
}

/// A directory's time changes with each entry made in it: set when all are there. The names are bounded, as they stay
/// in memory.
base::Result<void> Unpacker::remember_times(archive_entry* entry, std::string path) {
  if (!archive_entry_mtime_is_set(entry)) return {};
  directory_names_ += path.size() + sizeof(DirectoryTimes);
  if (directory_names_ > kMaxDirectoryNames)
    return base::fail(base::ErrorKind::invalid, "the archive holds too many directories");
  directories_.push_back({std::move(path), {archive_entry_mtime(entry), archive_entry_mtime_nsec(entry)}});
  return {};
}

base::Result<void> Unpacker::set_directory_times() {
  for (const auto& [path, time] : directories_) {
    // A later entry may have put something else here.
    auto fd = tree_.existing_directory(path);
    if (!fd) continue;
    const timespec times[2] = {time, time};
    if (utimensat(fd->get(), ".", times, 0) != 0 && errno != EINVAL)
      return base::fail_errno(errno, "set times of " + path);
  }
  return {};
}

}  // namespace

base::Result<Unpacked> unpack_layer(TarStream& archive, int root) {
  return Unpacker(archive, root).run();
}

}  // namespace fairlead::oci
