#pragma once
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "adapters/oci/exits.h"
#include "adapters/oci/runtime.h"
#include "adapters/oci/runtime_paths.h"
#include "adapters/oci/runtime_state.h"
#include "adapters/oci/seccomp.h"

namespace fairlead::oci {

/// A process of `exec`: our child, whose end somebody will ask for.
struct ExecChild {
  base::ContainerId container;
  base::Fd process;
  std::optional<int> exit_code;  ///< collected already
};

/// `ports::Runtime` over runc or crun and conmon.
class OciRuntime final : public ports::Runtime {
 public:
  OciRuntime(RuntimeOptions options, Roots roots);
  base::Result<void> open();

  base::Result<void> prepare(base::ContainerId id) override;
  base::Result<ports::Launched> launch(const ports::Launch& launch) override;
  base::Result<void> release(base::ContainerId id) override;
  base::Result<void> signal(base::ContainerId id, pid_t pid, int signal) override;
  base::Result<base::Fd> attach(base::ContainerId id) override;
  base::Result<void> resize(base::ContainerId id, std::uint32_t height, std::uint32_t width) override;
  base::Result<ports::ExecProcess> exec(base::ContainerId id, const ports::ContainerSpec& spec,
                                        const ports::ExecSpec& exec) override;
  int exec_exit_code(pid_t pid) override;
  base::Result<void> cleanup(base::ContainerId id) override;
  base::Result<void> remove(base::ContainerId id) override;
  base::Result<std::unique_ptr<ports::LogStream>> logs(base::ContainerId id, const ports::LogQuery& query) override;
  std::string log_path(base::ContainerId id) const override;
  std::string file_path(base::ContainerId id, const std::string& file) const override;
  std::map<std::string, std::string> root_paths(base::ContainerId id,
                                                const std::vector<std::string>& layer_dirs) const override;
  int exits_fd() const override { return exits_.fd(); }
  std::vector<ports::ExitNotice> take_exits() override { return exits_.take(); }
  base::Result<std::vector<ports::ObservedContainer>> observe(const std::vector<base::ContainerId>& known) override;

 private:
  base::Result<std::string> program_of(const std::string& runtime) const;
  base::Result<ports::Launched> launch_inside(const ports::Launch& launch, const LaunchRecord& record);
  void end_processes(const base::ContainerId& id);
  void end_execs(const base::ContainerId& id);
  base::Result<void> remove_runtime_state(const base::ContainerId& id);
  void clean_strangers(const std::vector<base::ContainerId>& known);
  ports::ObservedContainer observe_one(const base::ContainerId& id, pid_t monitor_pid);
  bool waits(const base::ContainerId& id, const LaunchRecord& record) const;

  RuntimeOptions options_;
  Roots roots_;
  SeccompDefaults seccomp_;
  Exits exits_;
  LiveTable live_;
  std::mutex exec_mutex_;
  std::map<pid_t, ExecChild> execs_;
};

}  // namespace fairlead::oci
