#pragma once
#include <filesystem>
#include <map>
#include <string>

#include "adapters/oci/image_files.h"
#include "adapters/oci/image_stream.h"
#include "base/error.h"

namespace fairlead::oci {

/// The members of an archive that cannot be read twice (it may come through a pipe) in numbered files of one temporary
/// directory. Members' names are only keys of a map: none ever becomes a path.
class ArchiveSpool {
 public:
  /// Reads the archive to its end. Errors: `invalid` as TarStream, or where a name leads out of the archive.
  static base::Result<ArchiveSpool> read(int fd, TempDir directory, const UnpackLimits& limits);

  bool has(const std::string& name) const { return resolve(name).has_value(); }
  /// The file that holds a member, through links inside the archive; `invalid` where there is none.
  base::Result<std::filesystem::path> file(const std::string& name) const;
  /// The content of a small member, at most 8 MiB.
  base::Result<std::string> text(const std::string& name) const;

 private:
  explicit ArchiveSpool(TempDir directory) : directory_(std::move(directory)) {}
  base::Result<void> take(TarStream& archive, archive_entry* entry);
  std::optional<std::filesystem::path> resolve(const std::string& name) const;

  TempDir directory_;
  std::map<std::string, std::filesystem::path> files_;
  std::map<std::string, std::string> links_;
};

}  // namespace fairlead::oci
