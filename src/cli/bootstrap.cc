#include "cli/bootstrap.h"

#include <archive.h>
#include <archive_entry.h>
#include <elf.h>

#include <cstdint>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iterator>
#include <memory>
#include <sstream>

namespace fairlead::cli {

namespace {

constexpr auto kPath = "ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// A tar in memory. Every member belongs to root and has the same time, so that equal input gives an equal image id.
class Tar {
 public:
  Tar() : bytes_(std::make_unique<std::string>()), out_(archive_write_new()) {
    archive_write_set_format_ustar(out_.get());
    archive_write_open(out_.get(), bytes_.get(), nullptr, append, nullptr);
  }
  void directory(const std::string& path, unsigned mode = 0755) { add(path + "/", AE_IFDIR, mode, {}, {}); }
  void file(const std::string& path, const std::string& content, unsigned mode = 0644) {
    add(path, AE_IFREG, mode, content, {});
  }
  void link(const std::string& path, const std::string& target) { add(path, AE_IFLNK, 0777, {}, target); }

  base::Result<std::string> finish() {
    good_ = archive_write_close(out_.get()) == ARCHIVE_OK && good_;
    if (!good_) return base::fail(base::ErrorKind::internal, "cannot make a tar of busybox");
    return std::move(*bytes_);
  }

 private:
  struct Close {
    void operator()(archive* a) const { archive_write_free(a); }
  };
  static la_ssize_t append(archive*, void* bytes, const void* data, std::size_t size) {
    static_cast<std::string*>(bytes)->append(static_cast<const char*>(data), size);
    return static_cast<la_ssize_t>(size);
  }
  void add(const std::string& path, unsigned type, unsigned mode, const std::string& content,
           const std::string& target) {
    std::unique_ptr<archive_entry, decltype(&archive_entry_free)> entry(archive_entry_new(), archive_entry_free);
    archive_entry_set_pathname(entry.get(), path.c_str());
    archive_entry_set_filetype(entry.get(), type);
    archive_entry_set_perm(entry.get(), static_cast<mode_t>(mode));
    archive_entry_set_size(entry.get(), static_cast<la_int64_t>(content.size()));
    archive_entry_set_mtime(entry.get(), 0, 0);
    if (!target.empty()) archive_entry_set_symlink(entry.get(), target.c_str());
    good_ = archive_write_header(out_.get(), entry.get()) == ARCHIVE_OK && good_;
    if (content.empty()) return;
    good_ = archive_write_data(out_.get(), content.data(), content.size()) == static_cast<la_ssize_t>(content.size()) &&
            good_;
  }

  std::unique_ptr<std::string> bytes_;  // libarchive keeps its address
  bool good_ = true;
  std::unique_ptr<archive, Close> out_;  // last: its end writes into the bytes
};

std::unexpected<base::Error> no_busybox(const std::string& program, const std::string& why) {
  return base::fail(base::ErrorKind::unavailable, program + " " + why + ": apt install busybox-static");
}

/// The paths of all applets, without a leading slash; empty where the program does not run.
std::vector<std::string> applets(const std::string& program) {
  std::vector<std::string> out;
  std::string quoted = "'";
  for (const char c : program) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  const std::unique_ptr<FILE, int (*)(FILE*)> list(popen((quoted + "' --list-full").c_str(), "re"), pclose);
  std::string text;
  char buffer[4096];
  while (list) {
    const auto n = fread(buffer, 1, sizeof buffer, list.get());
    if (n == 0) break;
    text.append(buffer, n);
  }
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (!line.empty() && line != "bin/busybox") out.push_back(line);
  }
  return out;
}

void add_files(Tar& tar) {
  for (const auto* path :
       {"bin",  "dev",     "etc",    "home", "lib",     "mnt",      "opt",       "proc",          "run",
        "sbin", "srv",     "sys",    "usr",  "usr/bin", "usr/sbin", "usr/local", "usr/local/bin", "usr/local/sbin",
        "var",  "var/log", "var/www"}) {
    tar.directory(path);
  }
  tar.directory("root", 0700);
  tar.directory("tmp", 01777);
  tar.directory("var/tmp", 01777);
  tar.file("etc/passwd",
           "root:x:0:0:root:/root:/bin/sh\ndaemon:x:1:1:daemon:/usr/sbin:/bin/false\nbin:x:2:2:bin:/bin:/bin/false\n"
           "www-data:x:33:33:www-data:/var/www:/bin/false\nnobody:x:65534:65534:nobody:/home:/bin/false\n");
  tar.file("etc/group",
           "root:x:0:\ndaemon:x:1:\nbin:x:2:\nsys:x:3:\nadm:x:4:\ntty:x:5:\ndisk:x:6:\nwheel:x:10:root\n"
           "www-data:x:33:\nusers:x:100:\nnogroup:x:65534:\n");
  tar.file("etc/shadow", "root:*:::::::\ndaemon:*:::::::\nbin:*:::::::\nwww-data:*:::::::\nnobody:*:::::::\n", 0640);
  // Without it the C library may ask DNS before /etc/hosts.
  tar.file("etc/nsswitch.conf", "passwd: files\ngroup: files\nshadow: files\nhosts: files dns\n");
}

base::Result<Tar> rootfs(const std::string& program) {
  std::ifstream file(program, std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(file), {}};
  if (bytes.empty()) return no_busybox(program, "cannot be read");
  if (!is_static_elf(bytes)) return no_busybox(program, "is not a static program");
  const auto links = applets(program);
  if (links.empty()) return no_busybox(program, "lists no applets");
  Tar tar;
  add_files(tar);
  tar.file("bin/busybox", bytes, 0755);
  for (const auto& path : links) tar.link(path, "/bin/busybox");
  return tar;
}

}  // namespace

bool is_static_elf(const std::string& bytes) {
  Elf64_Ehdr header;
  if (bytes.size() < sizeof header) return false;
  std::memcpy(&header, bytes.data(), sizeof header);
  if (std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 || header.e_ident[EI_CLASS] != ELFCLASS64) return false;
  for (unsigned at = 0; at < header.e_phnum; ++at) {
    Elf64_Phdr segment;
    const auto offset = header.e_phoff + std::uint64_t{at} * sizeof segment;
    if (offset > bytes.size() || bytes.size() - offset < sizeof segment) return false;
    std::memcpy(&segment, bytes.data() + offset, sizeof segment);
    if (segment.p_type == PT_INTERP) return false;
  }
  return header.e_phnum > 0;
}

base::Result<std::string> busybox_rootfs_tar(const std::string& program) {
  auto tar = rootfs(program);
  if (!tar) return std::unexpected(tar.error());
  return tar->finish();
}

base::Result<std::string> httpd_rootfs_tar(const std::string& program) {
  auto tar = rootfs(program);
  if (!tar) return std::unexpected(tar.error());
  tar->file("var/www/index.html", "<html><body><h1>It works!</h1></body></html>\n");
  return tar->finish();
}

base::Result<std::vector<BootstrapImage>> bootstrap_images() {
  auto busybox = busybox_rootfs_tar();
  if (!busybox) return std::unexpected(busybox.error());
  auto httpd = httpd_rootfs_tar();
  if (!httpd) return std::unexpected(httpd.error());
  std::vector<BootstrapImage> out;
  out.push_back({"busybox", {kPath, R"(CMD ["sh"])"}, std::move(*busybox)});
  out.push_back(
      {"httpd", {kPath, R"(CMD ["httpd","-f","-v","-p","80","-h","/var/www"])", "EXPOSE 80/tcp"}, std::move(*httpd)});
  return out;
}

}  // namespace fairlead::cli
