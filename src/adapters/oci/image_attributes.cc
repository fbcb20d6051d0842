#include "adapters/oci/image_attributes.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cerrno>
#include <string_view>

#include "adapters/oci/image_tree.h"

namespace fairlead::oci {

namespace {

bool steers_overlay(std::string_view attribute) {
  return attribute.starts_with("trusted.overlay.") || attribute.starts_with("user.overlay.");
}

base::Result<void> apply_xattrs(archive_entry* entry, int parent, const std::string& name) {
  const char* key = nullptr;
  const void* value = nullptr;
  std::size_t size = 0;
  archive_entry_xattr_reset(entry);
  while (archive_entry_xattr_next(entry, &key, &value, &size) == ARCHIVE_OK) {
    if (!key || steers_overlay(key)) continue;
    if (lsetxattr(proc_path(parent, name).c_str(), key, value, size, 0) == 0) continue;
    // A file system without this kind, or `user.` on something that is no file: dockerd goes on as well.
    if (errno == ENOTSUP || errno == EPERM) continue;
    if (errno == EINVAL || errno == ERANGE || errno == E2BIG || errno == ENOSPC) {
      return base::fail(base::ErrorKind::invalid, fmt::format("invalid archive: attribute {} of {}", key, name));
    }
    return base::fail_errno(errno, fmt::format("set attribute {} of {}", key, name));
  }
  return {};
}

}  // namespace

base::Result<void> apply_attributes(archive_entry* entry, int parent, const std::string& name) {
  const auto uid = static_cast<uid_t>(archive_entry_uid(entry));
  const auto gid = static_cast<gid_t>(archive_entry_gid(entry));
  if (fchownat(parent, name.c_str(), uid, gid, AT_SYMLINK_NOFOLLOW) != 0)
    return base::fail_errno(errno, "chown " + name);
  // After chown(2), which clears the set-user-id bits, and before the attributes, which it clears as well (file
  // capabilities).
  const bool is_link = archive_entry_filetype(entry) == AE_IFLNK;
  if (!is_link && fchmodat(parent, name.c_str(), archive_entry_perm(entry) & 07777, 0) != 0) {
    return base::fail_errno(errno, "chmod " + name);
  }
  return apply_xattrs(entry, parent, name);
}

base::Result<void> apply_times(archive_entry* entry, int parent, const std::string& name) {
  if (!archive_entry_mtime_is_set(entry)) return {};
  timespec times[2];
  times[1] = {archive_entry_mtime(entry), archive_entry_mtime_nsec(entry)};
  times[0] = times[1];
  if (archive_entry_atime_is_set(entry)) times[0] = {archive_entry_atime(entry), archive_entry_atime_nsec(entry)};
  if (utimensat(parent, name.c_str(), times, AT_SYMLINK_NOFOLLOW) == 0 || errno == EINVAL) return {};
  return base::fail_errno(errno, "set times of " + name);
}

}  // namespace fairlead::oci
