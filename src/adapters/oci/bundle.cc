#include "adapters/oci/bundle.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/json/serialize.hpp>

#include <array>
#include <cerrno>
#include <fstream>

#include "adapters/oci/rootfs.h"
#include "adapters/oci/runtime_cgroup.h"
#include "wire/oci_capabilities.h"

namespace fairlead::oci {
namespace {

using base::ErrorKind;

base::Result<void> write_file(const std::filesystem::path& path, const std::string& text, mode_t mode) {
  const base::Fd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, mode));
  if (!fd) return base::fail_errno(errno, "cannot write " + path.string());
  for (std::size_t done = 0; done < text.size();) {
    const auto count = ::write(fd.get(), text.data() + done, text.size() - done);
    if (count < 0) return base::fail_errno(errno, "cannot write " + path.string());
    done += static_cast<std::size_t>(count);
  }
  // Whatever umask the daemon runs under: every user of the container reads /etc/hosts.
  if (::fchmod(fd.get(), mode) != 0) return base::fail_errno(errno, "cannot write " + path.string());
  return {};
}

base::Result<void> write_generated(const Roots& roots, const ports::Launch& launch) {
  // A joined container uses the files of the one that it joins.
  if (launch.files_of) return {};
  const std::array<std::pair<const char*, std::string>, 3> files = {
      {{kHostname, launch.hostname + "\n"}, {kHosts, launch.hosts_file}, {kResolvConf, launch.resolv_conf}}};
  for (const auto& [name, text] : files)
    if (auto done = write_file(generated_file(roots, launch.id, name), text, 0644); !done) return done;
  return {};
}

base::Result<std::optional<boost::json::object>> filter_for(const ports::ContainerSpec& spec,
                                                            const std::vector<std::string>& capabilities,
                                                            SeccompDefaults& defaults) {
  if (spec.privileged) return std::optional<boost::json::object>{};
  const auto asked = security_option(spec.security_opt, "seccomp");
  if (asked == "unconfined") return std::optional<boost::json::object>{};
  if (!asked || *asked == "builtin") return defaults.filter(capabilities);
  auto custom = custom_seccomp(*asked, capabilities);
  if (!custom) return std::unexpected(custom.error());
  return std::optional<boost::json::object>(std::move(*custom));
}

/// /dev/shm of a container whose IPC namespace others may join must be a mount that others can be given.
base::Result<std::string> shared_memory(const Roots& roots, const ports::Launch& launch) {
  const auto& mode = launch.spec.ipc_mode;
  if (mode == "host") return std::string("/dev/shm");
  if (mode == "shareable") {
    const auto path = roots.of(launch.id).shm();
    ::mkdir(path.c_str(), 0755);
    const auto options = fmt::format("mode=1777,size={}", launch.spec.shm_size);
    if (::mount("shm", path.c_str(), "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, options.c_str()) != 0)
      return base::fail_errno(errno, "cannot mount /dev/shm");
    return path.string();
  }
  if (!launch.ipc_namespace_of) return std::string();
  std::ifstream file(fmt::format("/proc/{}/cgroup", *launch.ipc_namespace_of));
  for (std::string line; std::getline(file, line);) {
    const auto id = base::ContainerId::parse(std::filesystem::path(line).filename().string());
    std::error_code ignored;
    if (id && std::filesystem::exists(roots.of(*id).shm(), ignored)) return roots.of(*id).shm().string();
  }
  return base::fail(ErrorKind::conflict,
                    "the joined container's IPC namespace is not shareable: start it with --ipc shareable");
}

bool apparmor_is_on() {
  char answer = 'N';
  std::ifstream("/sys/module/apparmor/parameters/enabled") >> answer;
  return answer == 'Y';
}

}  // namespace

std::filesystem::path generated_file(const Roots& roots, const base::ContainerId& id, const std::string& file) {
  return roots.of(id).data / file;
}

base::Result<void> write_bundle(const Roots& roots, const ports::Launch& launch, SeccompDefaults& seccomp,
                                const std::string& init_path) {
  const auto paths = roots.of(launch.id);
  const auto& spec = launch.spec;
  const base::Fd root(::open(paths.root().c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!root) return base::fail_errno(errno, "cannot open " + paths.root().string());
  if (auto done = write_generated(roots, launch); !done) return done;

  SpecInput input{
      .launch = &launch, .cgroups = cgroup_host(), .root_path = paths.root().string(), .apparmor = apparmor_is_on()};
  auto user = wire::resolve_user(spec.process.user, spec.group_add, read_in_root(root.get(), "/etc/passwd"),
                                 read_in_root(root.get(), "/etc/group"));
  if (!user) return std::unexpected(user.error());
  input.user = std::move(*user);
  auto capabilities =
      wire::container_capabilities({spec.privileged, spec.cap_add, spec.cap_drop}, available_capabilities());
  if (!capabilities) return std::unexpected(capabilities.error());
  input.capabilities = std::move(*capabilities);
  auto filter = filter_for(spec, input.capabilities, seccomp);
  if (!filter) return std::unexpected(filter.error());
  input.seccomp = std::move(*filter);
  auto devices = gather_devices(spec);
  if (!devices) return std::unexpected(devices.error());
  input.devices = std::move(*devices);
  auto shm = shared_memory(roots, launch);
  if (!shm) return std::unexpected(shm.error());
  input.shm_path = std::move(*shm);
  auto binds = gather_binds(roots, launch, root.get());
  if (!binds) return std::unexpected(binds.error());
  input.binds = std::move(*binds);
  if (spec.init.value_or(false)) {
    if (init_path.empty())
      return base::fail(ErrorKind::invalid,
                        "--init needs docker-init, tini or catatonit on this host (apt install tini)");
    input.init_path = init_path;
  }
  const auto config = make_spec(input);
  if (!config) return std::unexpected(config.error());
  return write_file(paths.bundle / "config.json", boost::json::serialize(*config), 0600);
}

}  // namespace fairlead::oci
