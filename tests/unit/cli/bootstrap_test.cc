#include "cli/bootstrap.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "support/test_tar.h"

namespace fairlead::cli {
namespace {

using testing::HasSubstr;

/// Names and link targets of a tar's members.
std::map<std::string, std::string> members(const std::string& tar) {
  std::map<std::string, std::string> out;
  std::unique_ptr<archive, decltype(&archive_read_free)> reader(archive_read_new(), archive_read_free);
  archive_read_support_format_tar(reader.get());
  archive_read_open_memory(reader.get(), tar.data(), tar.size());
  archive_entry* entry = nullptr;
  while (archive_read_next_header(reader.get(), &entry) == ARCHIVE_OK) {
    const char* link = archive_entry_symlink(entry);
    out[archive_entry_pathname(entry)] = link ? link : "";
    EXPECT_EQ(archive_entry_hardlink(entry), nullptr);
  }
  return out;
}

TEST(Bootstrap, MakesARootFileSystem) {
  const auto tar = busybox_rootfs_tar();
  if (!tar) GTEST_SKIP() << tar.error().text;
  const auto found = members(*tar);
  EXPECT_EQ(found.at("bin/sh"), "/bin/busybox");
  EXPECT_EQ(found.at("bin/busybox"), "");
  for (const auto* path :
       {"tmp/", "proc/", "sys/", "dev/", "root/", "var/www/", "etc/passwd", "etc/group", "etc/shadow"}) {
    EXPECT_TRUE(found.contains(path)) << path;
  }
  EXPECT_FALSE(found.contains("var/www/index.html"));
  EXPECT_TRUE(members(*httpd_rootfs_tar()).contains("var/www/index.html"));
  EXPECT_EQ(*tar, *busybox_rootfs_tar());
}

TEST(Bootstrap, RefusesWhatIsNoStaticBusybox) {
  for (const auto* program : {"/no/such/busybox", "/etc/hostname", "/proc/self/exe"}) {
    const auto tar = busybox_rootfs_tar(program);
    ASSERT_FALSE(tar.has_value()) << program;
    EXPECT_EQ(tar.error().kind, base::ErrorKind::unavailable);
    EXPECT_THAT(tar.error().text, HasSubstr("apt install busybox-static"));
  }
}

TEST(Bootstrap, TellsStaticProgramsApart) {
  EXPECT_FALSE(is_static_elf(""));
  EXPECT_FALSE(is_static_elf(std::string(64, '\0')));
  EXPECT_FALSE(
      is_static_elf("\x7f"
                    "ELF\x02" +
                    std::string(60, '\xff')));
}

}  // namespace
}  // namespace fairlead::cli
