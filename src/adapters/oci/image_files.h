#pragma once
#include <filesystem>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/fd.h"

namespace fairlead::oci {

/// Writes `text` under a temporary name in `temp_dir` (of the same file system; by default next to `path`), syncs it
/// and renames it over `path`: after a crash at any point either the old or the new content stands there.
base::Result<void> write_file_atomically(const std::filesystem::path& path, std::string_view text,
                                         const std::filesystem::path& temp_dir = {});

/// The same without waiting for the disk: for content that is checked when it is read, or fetched again.
base::Result<void> write_file(const std::filesystem::path& path, std::string_view text,
                              const std::filesystem::path& temp_dir);

/// The whole of a file of at most `max_bytes`; `invalid` where it is longer, `not_found` where there is none.
base::Result<std::string> read_small_file(const std::filesystem::path& path, std::size_t max_bytes);

/// Removes a tree without following symbolic links; what cannot be removed is logged and left for the next start.
void remove_tree(const std::filesystem::path& path);

/// Makes a directory and its parents, readable by root alone.
base::Result<void> make_private_dir(const std::filesystem::path& path);

/// A fresh directory (mode 0700) that is removed with all its content unless it has been moved away.
class TempDir {
 public:
  static base::Result<TempDir> make(const std::filesystem::path& parent);
  TempDir(TempDir&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  TempDir& operator=(TempDir&& other) noexcept {
    std::swap(path_, other.path_);
    return *this;
  }
  ~TempDir() {
    if (!path_.empty()) remove_tree(path_);
  }

  const std::filesystem::path& path() const { return path_; }
  /// Renames the directory to `target`, where it stays.
  base::Result<void> move_to(const std::filesystem::path& target);

 private:
  explicit TempDir(std::filesystem::path path) : path_(std::move(path)) {}
  std::filesystem::path path_;
};

}  // namespace fairlead::oci
