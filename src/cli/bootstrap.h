#pragma once
#include <string>
#include <vector>

#include "base/error.h"

namespace fairlead::cli {

/// One image that `fairlead image bootstrap` makes, for a machine that can fetch none.
struct BootstrapImage {
  std::string repository;            ///< `busybox`; the tag is `latest`
  std::vector<std::string> changes;  ///< Dockerfile words for the API's import
  std::string tar;                   ///< plain tar of the root file system
};

/// `busybox:latest` and `httpd:latest`. Errors as `busybox_rootfs_tar`.
base::Result<std::vector<BootstrapImage>> bootstrap_images();

/// A root file system out of this machine's static busybox: the program, a symbolic link per applet, and the few files
/// and directories that programs expect. `unavailable`, with the remedy, where `program` is missing or not static.
base::Result<std::string> busybox_rootfs_tar(const std::string& program = "/bin/busybox");

/// The same with /var/www/index.html, which says `It works!`.
base::Result<std::string> httpd_rootfs_tar(const std::string& program = "/bin/busybox");

/// Whether the bytes of a program are an ELF file that needs no dynamic loader (elf(5): no PT_INTERP).
bool is_static_elf(const std::string& bytes);

}  // namespace fairlead::cli
