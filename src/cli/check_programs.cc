#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <sstream>

#include "cli/bootstrap.h"
#include "cli/check.h"

namespace fairlead::cli {
namespace {

struct Wanted {
  const char* program;
  const char* package;
  bool essential;
  const char* purpose;
};

constexpr Wanted kWanted[] = {
    {"conmon", "conmon", true, "keeps containers alive beside the daemon"},
    {"skopeo", "skopeo", false, "docker pull"},
    {"docker", "docker.io", false, "the client; ./quickstart takes it out of the package without its daemon"},
    {"tini", "tini", false, "docker run --init"},
};

Finding look_for(const FindProgram& find, const Wanted& wanted) {
  const auto path = find(wanted.program);
  if (path) return {wanted.program, Verdict::ok, wanted.essential, *path, ""};
  return {wanted.program, Verdict::missing, wanted.essential, fmt::format("not found; needed for: {}", wanted.purpose),
          fmt::format("apt install {}", wanted.package)};
}

// crun insists on one cgroup version: beside v1 hierarchies it takes a `unified` one for a broken v2.
Finding look_for_crun(const FindProgram& find, CgroupLayout layout) {
  const auto path = find("crun");
  if (!path) return {"crun", Verdict::missing, false, "not found; the faster of the two runtimes", "apt install crun"};
  if (layout == CgroupLayout::v2) return {"crun", Verdict::ok, false, *path, ""};
  return {"crun", Verdict::limited, false, *path + ": cannot run under this cgroup layout; runc is used",
          "boot with systemd.unified_cgroup_hierarchy=1 for cgroup v2"};
}

Finding judge_runtime(const FindProgram& find, CgroupLayout layout) {
  if (const auto runc = find("runc")) return {"runc", Verdict::ok, true, *runc, ""};
  const bool other = find("crun").has_value() && layout == CgroupLayout::v2;
  return {"runc", other ? Verdict::limited : Verdict::missing, true,
          other ? "not found; crun can stand in: --default-runtime crun" : "not found; runs the containers",
          "apt install runc"};
}

Finding look_for_busybox(const FindProgram& find) {
  const auto path = find("busybox");
  if (!path)
    return {"busybox", Verdict::missing, false, "not found; needed for: fairlead image bootstrap",
            "apt install busybox-static"};
  std::ifstream file(*path, std::ios::binary);
  if (!is_static_elf({std::istreambuf_iterator<char>(file), {}})) {
    return {"busybox", Verdict::limited, false,
            *path + " needs the host's libraries, which an image made of it alone has not",
            "apt install busybox-static"};
  }
  return {"busybox", Verdict::ok, false, *path + " (static)", ""};
}

Finding look_for_profile() {
  constexpr const char* kProfile = "/usr/share/containers/seccomp.json";
  if (::access(kProfile, R_OK) == 0) return {"seccomp profile", Verdict::ok, false, kProfile, ""};
  return {"seccomp profile", Verdict::missing, false, "containers run with every system call allowed",
          "apt install golang-github-containers-common"};
}

}  // namespace

std::optional<std::string> find_program(const std::string& name) {
  const char* path = std::getenv("PATH");
  std::istringstream folders(std::string(path != nullptr ? path : "") +
                             ":/usr/local/sbin:/usr/sbin:/sbin:/usr/bin:/bin");
  for (std::string folder; std::getline(folders, folder, ':');) {
    const std::string file = folder + "/" + name;
    struct stat info{};
    if (folder.starts_with('/') && ::stat(file.c_str(), &info) == 0 && S_ISREG(info.st_mode) &&
        ::access(file.c_str(), X_OK) == 0)
      return file;
  }
  return std::nullopt;
}

std::vector<Finding> check_programs(const FindProgram& find, CgroupLayout layout) {
  std::vector<Finding> findings{judge_runtime(find, layout), look_for_crun(find, layout)};
  for (const auto& wanted : kWanted) findings.push_back(look_for(find, wanted));
  findings.push_back(look_for_busybox(find));
  findings.push_back(look_for_profile());
  return findings;
}

}  // namespace fairlead::cli
