#pragma once
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/fd.h"

namespace fairlead::oci {

/// A name out of an archive as a path below the layer's root: `./a//b/` is `a/b`, `./` is empty.
/// Refuses (`invalid`) an absolute path and every `..`.
base::Result<std::string> clean_entry_path(std::string_view name);

/// The directory that one layer is unpacked into. Every path is walked from its root by openat2(2) with RESOLVE_BENEATH
/// and RESOLVE_NO_SYMLINKS, so that no symbolic link, whoever made it, leads anywhere.
class LayerTree {
 public:
  /// `root` is an open directory; it stays the caller's.
  explicit LayerTree(int root) : root_(root) {}

  int root() const { return root_; }
  /// The directory `path` (clean; empty is the root), made where it is missing; O_PATH, valid until the next call.
  /// `invalid` where something that is no directory stands in the way.
  base::Result<int> directory(const std::string& path);
  /// As `directory`, without making any; the caller owns the result.
  base::Result<base::Fd> existing_directory(const std::string& path) const;
  /// Makes `name` free in `parent`: removes what is there, a whole tree if need be.
  base::Result<void> clear(int parent, const std::string& name);
  /// Makes the directory `name`, or keeps the one that is there. One that takes the place of a whiteout is made opaque.
  base::Result<void> make_directory(int parent, const std::string& name);

 private:
  base::Result<base::Fd> open(int from, const std::string& path) const;
  base::Result<void> make_path(const std::string& path);

  int root_;
  std::string cached_path_;
  base::Fd cached_;
};

/// overlayfs's mark that hides a lower file of this name: a character device 0:0.
base::Result<void> make_whiteout(int parent, const std::string& name);
/// overlayfs's mark that hides the lower directory's content: trusted.overlay.opaque on `name` (`.`: the parent
/// itself).
base::Result<void> make_opaque(int parent, const std::string& name);
/// `/proc/self/fd/PARENT/NAME`: for system calls that take a path only.
std::string proc_path(int parent, const std::string& name);

}  // namespace fairlead::oci
