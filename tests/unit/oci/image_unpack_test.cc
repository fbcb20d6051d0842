#include "adapters/oci/image_unpack.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#include <filesystem>
#include <fstream>

#include "support/scratch_dir.h"
#include "support/test_tar.h"

namespace fairlead::oci {
namespace {

namespace fs = std::filesystem;
using support::TestTar;

/// Unpacks into `layer` of a scratch directory, whose other content is what an escape would change.
class Unpack : public testing::Test {
 protected:
  Unpack() {
    fs::create_directories(scratch_ / "outside");
    fs::create_directories(root());
    std::ofstream(scratch_ / "outside/secret") << "untouched";
  }
  fs::path root() const { return scratch_ / "layer"; }

  base::Result<Unpacked> unpack(const std::string& bytes, UnpackLimits limits = {}) {
    const auto input = support::readable(bytes);
    auto stream = TarStream::open(input.get(), limits);
    if (!stream) return std::unexpected(stream.error());
    const base::Fd dir(::open(root().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    auto unpacked = unpack_layer(**stream, dir.get());
    if (!unpacked) return unpacked;
    if (auto done = (*stream)->finish(); !done) return std::unexpected(done.error());
    digest_ = (*stream)->digest();
    return unpacked;
  }
  void expect_refused(const std::string& bytes) {
    const auto done = unpack(bytes);
    ASSERT_FALSE(done.has_value());
    EXPECT_EQ(done.error().kind, base::ErrorKind::invalid) << done.error().text << " / " << done.error().context;
    EXPECT_EQ(text(scratch_ / "outside/secret"), "untouched");
    EXPECT_EQ(std::distance(fs::directory_iterator(scratch_.path()), {}), 2);
    EXPECT_EQ(std::distance(fs::directory_iterator(scratch_ / "outside"), {}), 1);
  }
  static std::string text(const fs::path& path) {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  struct stat info(const std::string& name) const {
    struct stat out{};
    EXPECT_EQ(::lstat((root() / name).c_str(), &out), 0) << name;
    return out;
  }
  std::string attribute(const std::string& name, const char* key) const {
    char value[64];
    const auto n = ::lgetxattr((root() / name).c_str(), key, value, sizeof value);
    return n < 0 ? "" : std::string(value, static_cast<std::size_t>(n));
  }

  support::ScratchDir scratch_;
  std::string digest_;
};

TEST_F(Unpack, KeepsContentModeOwnerAndTime) {
  TestTar tar;
  tar.directory("./").directory("./bin/", 0750).file("./bin/tool", "hello", 04755).symlink("./bin/alias", "tool");
  tar.hardlink("./bin/again", "./bin/tool").member("home", '5', 0, {}, 0700, 0, 0, 1000);
  const auto done = unpack(tar.bytes());
  ASSERT_TRUE(done.has_value()) << done.error().text;
  EXPECT_EQ(done->bytes, 5);
  EXPECT_EQ(text(root() / "bin/tool"), "hello");
  EXPECT_EQ(info("bin/tool").st_mode, S_IFREG | 04755u);
  EXPECT_EQ(info("bin").st_mode, S_IFDIR | 0750u);
  EXPECT_EQ(info("bin").st_mtime, 1'000'000'000);
  EXPECT_EQ(info("bin/alias").st_mtime, 1'000'000'000);
  EXPECT_EQ(fs::read_symlink(root() / "bin/alias"), "tool");
  EXPECT_EQ(info("bin/again").st_ino, info("bin/tool").st_ino);
  EXPECT_EQ(info("home").st_uid, 1000u);
  EXPECT_EQ(digest_, sha256_digest(tar.bytes()));
}

TEST_F(Unpack, ReadsEveryCompressionAndHashesWhatIsInside) {
  const auto plain = TestTar().file("a", std::string(100'000, 'x')).bytes();
  for (const auto* filter : {"gzip", "zstd", "xz", "bzip2"}) {
    const auto done = unpack(support::compressed(plain, filter));
    ASSERT_TRUE(done.has_value()) << filter << ": " << done.error().text;
    EXPECT_EQ(digest_, sha256_digest(plain)) << filter;
  }
}

TEST_F(Unpack, HashesPaddingAfterTheEnd) {
  const auto plain = TestTar().file("a", "x").bytes() + std::string(8192, '\0');
  ASSERT_TRUE(unpack(plain).has_value());
  EXPECT_EQ(digest_, sha256_digest(plain));
}

TEST_F(Unpack, RefusesParentPath) {
  expect_refused(TestTar().file("../outside/secret", "owned").bytes());
}
TEST_F(Unpack, RefusesHiddenParentPath) {
  expect_refused(TestTar().file("a/../../outside/secret", "owned").bytes());
}
TEST_F(Unpack, RefusesAbsolutePath) {
  expect_refused(TestTar().file("/tmp/fairlead-owned", "owned").bytes());
}
TEST_F(Unpack, RefusesHardLinkOut) {
  expect_refused(TestTar().hardlink("link", "../outside/secret").bytes());
}
TEST_F(Unpack, RefusesAbsoluteHardLink) {
  expect_refused(TestTar().hardlink("link", "/etc/passwd").bytes());
}
TEST_F(Unpack, RefusesHardLinkToNothing) {
  expect_refused(TestTar().hardlink("link", "missing").bytes());
}
TEST_F(Unpack, RefusesHardLinkToDirectory) {
  expect_refused(TestTar().directory("d").hardlink("link", "d").bytes());
}
TEST_F(Unpack, RefusesWhiteoutOfTheParent) {
  expect_refused(TestTar().file("d/.wh...", "").bytes());
}
TEST_F(Unpack, RefusesWhiteoutOfNothing) {
  expect_refused(TestTar().file(".wh.", "").bytes());
}

TEST_F(Unpack, RefusesToWriteThroughASymlink) {
  for (const auto* target : {"../outside", "/tmp", ".", "other"}) {
    expect_refused(TestTar().directory("other").symlink("door", target).file("door/secret", "owned").bytes());
    fs::remove_all(root());
    fs::create_directories(root());
  }
}

TEST_F(Unpack, RefusesToLinkThroughASymlink) {
  expect_refused(TestTar().symlink("door", "../outside").hardlink("mine", "door/secret").bytes());
}

TEST_F(Unpack, ReplacesALinkInsteadOfFollowingIt) {
  const auto tar = TestTar().symlink("file", "../outside/secret").file("file", "mine", 0777);
  ASSERT_TRUE(unpack(tar.bytes()).has_value());
  EXPECT_EQ(text(root() / "file"), "mine");
  EXPECT_EQ(text(scratch_ / "outside/secret"), "untouched");
}

TEST_F(Unpack, ReplacesATreeByAFileAndAFileByADirectory) {
  TestTar tar;
  tar.file("a/b/c", "1").file("a/b/d", "2").file("a", "now a file").file("f", "3").directory("f").file("f/g", "4");
  ASSERT_TRUE(unpack(tar.bytes()).has_value());
  EXPECT_EQ(text(root() / "a"), "now a file");
  EXPECT_EQ(text(root() / "f/g"), "4");
}

TEST_F(Unpack, MakesDevices) {
  ASSERT_TRUE(unpack(TestTar().device("dev/null", 1, 3).bytes()).has_value());
  EXPECT_TRUE(S_ISCHR(info("dev/null").st_mode));
  EXPECT_EQ(info("dev/null").st_rdev, makedev(1, 3));
}

TEST_F(Unpack, TurnsWhiteoutsIntoOverlayMarks) {
  ASSERT_TRUE(unpack(TestTar().file("d/.wh.gone", "").file("e/.wh..wh..opq", "").bytes()).has_value());
  EXPECT_TRUE(S_ISCHR(info("d/gone").st_mode));
  EXPECT_EQ(info("d/gone").st_rdev, makedev(0, 0));
  EXPECT_EQ(attribute("e", "trusted.overlay.opaque"), "y");
  EXPECT_FALSE(fs::exists(root() / "e/.wh..wh..opq"));
}

TEST_F(Unpack, WhiteoutHidesOnlyLowerLayers) {
  TestTar tar;
  tar.file("d/new", "1")
      .file(".wh.d", "")
      .file(".wh.f", "")
      .directory("f")
      .file("f/x", "2")
      .file(".wh.g", "")
      .file("g", "3");
  ASSERT_TRUE(unpack(tar.bytes()).has_value());
  EXPECT_EQ(text(root() / "d/new"), "1");
  EXPECT_EQ(attribute("d", "trusted.overlay.opaque"), "y");
  EXPECT_EQ(text(root() / "f/x"), "2");
  EXPECT_EQ(attribute("f", "trusted.overlay.opaque"), "y");
  EXPECT_EQ(text(root() / "g"), "3");
}

/// A pax header with one record before a file, as GNU tar and Go write extended attributes.
std::string with_pax(const std::string& key, const std::string& value, const std::string& name) {
  const auto tail = " " + key + "=" + value + "\n";
  auto length = tail.size() + 2;
  if (std::to_string(length).size() != 2) length = tail.size() + std::to_string(length + 1).size();
  const auto record = std::to_string(length) + tail;
  TestTar tar;
  tar.member("PaxHeaders/" + name, 'x', record.size(), {}, 0644);
  auto bytes = tar.bytes();
  bytes.resize(512);
  bytes += record;
  bytes.resize(1024, '\0');
  return bytes + TestTar().file(name, "content").bytes();
}

TEST_F(Unpack, KeepsCapabilitiesAndDropsWhatSteersOverlayfs) {
  const std::string capability("\x01\x00\x00\x02\x00\x04\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00", 20);
  ASSERT_TRUE(unpack(with_pax("SCHILY.xattr.security.capability", capability, "ping")).has_value());
  EXPECT_EQ(attribute("ping", "security.capability").size(), 20u);
  ASSERT_TRUE(unpack(with_pax("SCHILY.xattr.trusted.overlay.redirect", "/outside", "steered")).has_value());
  EXPECT_EQ(attribute("steered", "trusted.overlay.redirect"), "");
}

TEST_F(Unpack, KeepsNamesThatAreNotAscii) {
  ASSERT_TRUE(unpack(with_pax("path", "caf\xc3\xa9", "plain")).has_value());
  EXPECT_EQ(text(root() / "caf\xc3\xa9"), "content");
  ASSERT_TRUE(unpack(TestTar().file("latin\xe9", "1").bytes()).has_value());
  EXPECT_EQ(text(root() / "latin\xe9"), "1");
}

TEST_F(Unpack, RefusesEscapesInPaxHeaders) {
  expect_refused(with_pax("path", "../outside/secret", "plain"));
  expect_refused(with_pax("path", "/" + std::string(40, 'x'), "plain"));
}

TEST_F(Unpack, RefusesTruncatedAndBrokenArchives) {
  const auto plain = TestTar().file("a", std::string(5000, 'x')).file("b", "y").bytes();
  expect_refused(plain.substr(0, 2000));
  expect_refused(plain.substr(0, 700));
  expect_refused(plain.substr(0, 100));
  const auto gzip = support::compressed(plain, "gzip");
  expect_refused(gzip.substr(0, gzip.size() / 2));
  const auto zstd = support::compressed(plain, "zstd");
  expect_refused(zstd.substr(0, zstd.size() / 2));
  auto damaged = plain;
  damaged[5632 + 3] = '!';  // in the second header: its sum is wrong now
  expect_refused(damaged);
  expect_refused("");
  expect_refused("this is no archive at all, but long enough to be looked at" + std::string(1000, 'z'));
}

TEST_F(Unpack, StopsABombAtItsLimits) {
  const auto bomb = support::compressed(TestTar().file("zeros", std::string(50 << 20, '\0')).bytes(), "gzip");
  ASSERT_LT(bomb.size(), 100'000u);
  const auto done = unpack(bomb, {.max_bytes = 1 << 20});
  ASSERT_FALSE(done.has_value());
  EXPECT_EQ(done.error().kind, base::ErrorKind::invalid);
  EXPECT_EQ(done.error().text, "the archive holds more than 1048576 bytes");
  EXPECT_LE(fs::file_size(root() / "zeros"), 1u << 20);

  TestTar many;
  for (int at = 0; at < 20; ++at) many.file("f" + std::to_string(at), "");
  const auto refused = unpack(many.bytes(), {.max_entries = 10});
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().text, "the archive holds more than 10 entries");
}

}  // namespace
}  // namespace fairlead::oci
