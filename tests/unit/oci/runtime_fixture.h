#pragma once
/// A container runtime on directories of its own, in a mount namespace and a network namespace of its own.
#include <fcntl.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <thread>

#include "adapters/oci/runtime.h"
#include "adapters/oci/volumes.h"

namespace fairlead::oci {

class TestClock final : public ports::Clock {
 public:
  ports::Time now() override {
    return std::chrono::time_point_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now());
  }
};

/// The OCI runtime under test: crun where FAIRLEAD_TEST_RUNTIME says so.
inline const std::string kRuntime = ::getenv("FAIRLEAD_TEST_RUNTIME") ? ::getenv("FAIRLEAD_TEST_RUNTIME") : "runc";

class RuntimeTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    if (::geteuid() != 0) return;
    ASSERT_EQ(::unshare(CLONE_NEWNS), 0);
    ASSERT_EQ(::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr), 0);
    std::thread([] {
      if (::unshare(CLONE_NEWNET) == 0) netns_ = ::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
    }).join();
  }

  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "needs root";
    const std::string program_of_runtime = kRuntime == "runc" ? "/usr/sbin/runc" : "/usr/bin/" + kRuntime;
    for (const auto& program : {std::string("/usr/bin/conmon"), program_of_runtime, std::string("/bin/busybox")})
      if (::access(program.c_str(), X_OK) != 0) GTEST_SKIP() << program << " is not installed";
    char name[] = "/tmp/fairlead-runtime-XXXXXX";
    dir_ = ::mkdtemp(name);
    for (const auto* sub : {"bin", "etc", "proc", "sys", "dev", "tmp", "data"})
      std::filesystem::create_directories(layer() / sub);
    std::filesystem::copy_file("/bin/busybox", layer() / "bin/busybox");
    for (const auto* applet : {"sh", "cat", "echo", "sleep", "id", "printf", "true", "tty", "stty", "head", "ls",
                               "hostname", "env", "pwd", "tr"})
      std::filesystem::create_symlink("busybox", layer() / "bin" / applet);
    write(layer() / "etc/passwd", "root:x:0:0:root:/root:/bin/sh\nweb:x:101:102::/home/web:/bin/sh\n");
    write(layer() / "etc/group", "root:x:0:\nweb:x:102:\nextra:x:200:web\n");
    write(layer() / "data/seed", "from the image\n");
    open();
  }

  void TearDown() override {
    if (dir_.empty()) return;
    for (const auto& id : made_) (void)runtime_->remove(id);
    runtime_.reset();
    std::filesystem::remove_all(dir_);
    // The runtime keeps the parent of its containers' cgroups; empty by now in every hierarchy.
    std::error_code ignored;
    ::rmdir("/sys/fs/cgroup/fairlead-unit");
    for (const auto& entry : std::filesystem::directory_iterator("/sys/fs/cgroup", ignored))
      ::rmdir((entry.path() / "fairlead-unit").c_str());
  }

  void open() {
    runtime_.reset();
    auto runtime = open_runtime(
        {.data_root = dir_ / "data", .exec_root = dir_ / "exec", .default_runtime = kRuntime, .clock = &clock_});
    ASSERT_TRUE(runtime) << runtime.error().text;
    runtime_ = std::move(*runtime);
  }

  static void write(const std::filesystem::path& path, const std::string& text) { std::ofstream(path) << text; }
  static std::string read_file(const std::filesystem::path& path) {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  std::filesystem::path layer() const { return dir_ / "layer"; }

  ports::Launch a_launch(std::vector<std::string> command) {
    ports::Launch launch;
    launch.id = base::ContainerId::from(base::fresh_entropy());
    launch.name = "one";
    launch.spec.process.cmd = std::move(command);
    launch.spec.cgroup_parent = "fairlead-unit";
    launch.layer_dirs = {layer().string()};
    launch.netns_path = fmt::format("/proc/{}/fd/{}", ::getpid(), netns_);
    launch.hostname = "box";
    launch.hosts_file = "127.0.0.1 localhost\n";
    launch.resolv_conf = "nameserver 10.0.0.1\n";
    made_.push_back(launch.id);
    return launch;
  }

  ports::Launched start(const ports::Launch& launch) {
    EXPECT_TRUE(runtime_->prepare(launch.id));
    auto launched = runtime_->launch(launch);
    EXPECT_TRUE(launched) << launched.error().text;
    if (!launched) return {};
    auto released = runtime_->release(launch.id);
    EXPECT_TRUE(released) << released.error().text;
    return *launched;
  }

  ports::ExitNotice wait_exit(const base::ContainerId& id) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (std::chrono::steady_clock::now() < deadline) {
      pollfd waiting{.fd = runtime_->exits_fd(), .events = POLLIN};
      ::poll(&waiting, 1, 100);
      for (auto& notice : runtime_->take_exits())
        if (notice.id == id) return notice;
    }
    ADD_FAILURE() << "no exit";
    return {};
  }

  std::string log_of(const base::ContainerId& id, ports::LogQuery query = {}, int only = -1) {
    auto stream = runtime_->logs(id, query);
    EXPECT_TRUE(stream);
    std::string all;
    while (stream) {
      const auto records = (*stream)->read();
      EXPECT_TRUE(records);
      if (!records || records->empty()) break;
      for (const auto& record : *records)
        if (only < 0 || record.is_stderr == (only == 2)) all += record.bytes;
    }
    return all;
  }

  /// Runs to the end; gives the exit code.
  int run(const ports::Launch& launch) {
    start(launch);
    return wait_exit(launch.id).exit_code;
  }

  inline static int netns_ = -1;
  TestClock clock_;
  std::filesystem::path dir_;
  std::unique_ptr<ports::Runtime> runtime_;
  std::vector<base::ContainerId> made_;
};

}  // namespace fairlead::oci
