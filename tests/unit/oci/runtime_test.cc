#include <signal.h>
#include <sys/wait.h>

#include <algorithm>

#include "runtime_fixture.h"

namespace fairlead::oci {
namespace {

std::vector<std::string> sh(const std::string& script) {
  return {"sh", "-c", script};
}

std::size_t entries(const std::filesystem::path& dir) {
  std::error_code error;
  return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(dir, error), {}));
}

TEST_F(RuntimeTest, OutputAndExitCode) {
  const auto launch = a_launch(sh("echo out; echo err >&2; printf half; exit 3"));
  EXPECT_EQ(run(launch), 3);
  EXPECT_EQ(log_of(launch.id, {}, 1), "out\nhalf");
  EXPECT_EQ(log_of(launch.id, {}, 2), "err\n");
}

TEST_F(RuntimeTest, NothingIsLeft) {
  const auto launch = a_launch({"sleep", "1000"});
  start(launch);
  EXPECT_TRUE(std::filesystem::exists(dir_ / "exec" / launch.id.text()));
  ASSERT_TRUE(runtime_->cleanup(launch.id));
  EXPECT_FALSE(std::filesystem::exists(dir_ / "exec" / launch.id.text()));
  EXPECT_TRUE(std::filesystem::exists(dir_ / "data/containers" / launch.id.text()));
  EXPECT_EQ(entries(dir_ / ("exec/runtime-" + kRuntime)), 0u);
  EXPECT_EQ(entries(dir_ / "exec/exits"), 0u);
  ASSERT_TRUE(runtime_->remove(launch.id));
  EXPECT_EQ(entries(dir_ / "data/containers"), 0u);
  EXPECT_FALSE(read_file("/proc/self/mountinfo").contains(launch.id.text()));
  for (const auto* hierarchy : {"/sys/fs/cgroup", "/sys/fs/cgroup/pids", "/sys/fs/cgroup/memory"})
    EXPECT_FALSE(std::filesystem::exists(std::filesystem::path(hierarchy) / "fairlead-unit" / launch.id.text()));
  ASSERT_TRUE(runtime_->remove(launch.id)) << "repeatable";
}

TEST_F(RuntimeTest, CommandThatIsNotThere) {
  const auto launch = a_launch({"nosuch"});
  ASSERT_TRUE(runtime_->prepare(launch.id));
  const auto launched = runtime_->launch(launch);
  ASSERT_FALSE(launched);
  EXPECT_EQ(launched.error().kind, base::ErrorKind::invalid);
  EXPECT_THAT(launched.error().text,
              ::testing::StartsWith(
                  "failed to create task for container: failed to create shim task: OCI runtime create failed: "));
  EXPECT_THAT(launched.error().text, ::testing::HasSubstr("exec: \"nosuch\": executable file not found in $PATH"));
  EXPECT_EQ(entries(dir_ / "exec/exits") + entries(dir_ / ("exec/runtime-" + kRuntime)), 0u);
  EXPECT_FALSE(std::filesystem::exists(dir_ / "exec" / launch.id.text()));
}

TEST_F(RuntimeTest, CommandThatMayNotRun) {
  const auto launch = a_launch({"/etc/passwd"});
  ASSERT_TRUE(runtime_->prepare(launch.id));
  const auto launched = runtime_->launch(launch);
  ASSERT_FALSE(launched);
  EXPECT_EQ(launched.error().kind, base::ErrorKind::invalid);
  EXPECT_THAT(launched.error().text, ::testing::HasSubstr("permission denied"));
}

TEST_F(RuntimeTest, KilledBySignal) {
  const auto launch = a_launch({"sleep", "1000"});
  const auto launched = start(launch);
  EXPECT_FALSE(runtime_->signal(launch.id, launched.pid + 1, SIGKILL)) << "another process is not ours to signal";
  ASSERT_TRUE(runtime_->signal(launch.id, launched.pid, SIGKILL));
  EXPECT_EQ(wait_exit(launch.id).exit_code, 137);
  EXPECT_EQ(runtime_->signal(launch.id, launched.pid, SIGKILL).error().kind, base::ErrorKind::conflict);
}

TEST_F(RuntimeTest, StdinThroughAttach) {
  auto launch = a_launch({"cat"});
  launch.spec.process.open_stdin = launch.spec.process.stdin_once = true;
  ASSERT_TRUE(runtime_->prepare(launch.id));
  ASSERT_TRUE(runtime_->launch(launch));
  const auto attached = runtime_->attach(launch.id);
  ASSERT_TRUE(attached) << attached.error().text;
  ASSERT_TRUE(runtime_->release(launch.id));
  ASSERT_EQ(::write(attached->get(), "hello\n", 6), 6);
  ::shutdown(attached->get(), SHUT_WR);
  char packet[64];
  const auto length = ::read(attached->get(), packet, sizeof packet);
  EXPECT_EQ(std::string_view(packet, static_cast<std::size_t>(std::max<ssize_t>(length, 0))), "\2hello\n");
  EXPECT_EQ(wait_exit(launch.id).exit_code, 0);
}

TEST_F(RuntimeTest, TerminalAndItsSize) {
  auto launch = a_launch(sh("sleep 0.3; stty size"));
  launch.spec.process.tty = true;
  start(launch);
  ASSERT_TRUE(runtime_->resize(launch.id, 33, 77));
  EXPECT_EQ(wait_exit(launch.id).exit_code, 0);
  EXPECT_EQ(log_of(launch.id), "33 77\r\n");
}

TEST_F(RuntimeTest, UserEnvironmentAndFiles) {
  auto launch = a_launch(sh("id -u; id -g; id -G; echo $HOME $HOSTNAME $A; hostname; cat /etc/hosts; pwd"));
  launch.spec.process.user = "web";
  launch.spec.process.env = {"A=b"};
  launch.spec.process.working_dir = "/made/here";
  EXPECT_EQ(run(launch), 0);
  EXPECT_EQ(log_of(launch.id), "101\n102\n102 200\n/home/web box b\nbox\n127.0.0.1 localhost\n/made/here\n");
}

TEST_F(RuntimeTest, Exec) {
  const auto launch = a_launch({"sleep", "1000"});
  start(launch);
  auto process = runtime_->exec(
      launch.id, launch.spec,
      {.command = sh("cat; echo err >&2; exit 5"), .attach_stdin = true, .attach_stdout = true, .attach_stderr = true});
  ASSERT_TRUE(process) << process.error().text;
  ASSERT_EQ(::write(process->input.get(), "abc", 3), 3);
  process->input.reset();
  char text[16] = {};
  EXPECT_EQ(::read(process->output.get(), text, sizeof text), 3);
  EXPECT_STREQ(text, "abc");
  pollfd waiting{.fd = process->exited.get(), .events = POLLIN};
  ASSERT_EQ(::poll(&waiting, 1, 5000), 1);
  EXPECT_EQ(runtime_->exec_exit_code(process->pid), 5);
}

TEST_F(RuntimeTest, ExecOnTerminal) {
  const auto launch = a_launch({"sleep", "1000"});
  start(launch);
  auto process = runtime_->exec(
      launch.id, launch.spec,
      {.command = sh("stty size; exit 4"), .user = "web", .tty = true, .console_height = 20, .console_width = 90});
  ASSERT_TRUE(process) << process.error().text;
  pollfd waiting{.fd = process->exited.get(), .events = POLLIN};
  ASSERT_EQ(::poll(&waiting, 1, 5000), 1);
  char text[64] = {};
  EXPECT_GT(::read(process->terminal.get(), text, sizeof text - 1), 0);
  EXPECT_STREQ(text, "20 90\r\n");
  EXPECT_EQ(runtime_->exec_exit_code(process->pid), 4);
}

TEST_F(RuntimeTest, CleanupCollectsExecsThatNobodyAskedFor) {
  const auto launch = a_launch({"sleep", "1000"});
  start(launch);
  auto process = runtime_->exec(launch.id, launch.spec, {.command = {"sleep", "1000"}});
  ASSERT_TRUE(process) << process.error().text;
  const auto begin = std::chrono::steady_clock::now();
  ASSERT_TRUE(runtime_->cleanup(launch.id));
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(5));
  EXPECT_EQ(runtime_->exec_exit_code(process->pid), 137);
}

TEST_F(RuntimeTest, ExecOfNothing) {
  const auto launch = a_launch({"sleep", "1000"});
  start(launch);
  const auto process = runtime_->exec(launch.id, launch.spec, {.command = {"nosuch"}, .attach_stderr = true});
  ASSERT_FALSE(process);
  EXPECT_EQ(process.error().kind, base::ErrorKind::invalid);
  EXPECT_THAT(process.error().text, ::testing::StartsWith("OCI runtime exec failed: "));
  EXPECT_THAT(process.error().text, ::testing::HasSubstr("exec: \"nosuch\": executable file not found in $PATH"));
}

TEST_F(RuntimeTest, NextDaemonFindsThem) {
  const auto running = a_launch({"sleep", "1000"});
  const auto ended = a_launch(sh("exit 7"));
  const auto waiting = a_launch({"sleep", "1000"});
  const auto stranger = a_launch({"sleep", "1000"});
  const auto launched = start(running);
  start(stranger);
  ASSERT_TRUE(runtime_->prepare(waiting.id));
  ASSERT_TRUE(runtime_->launch(waiting));
  EXPECT_EQ(run(ended), 7);
  open();
  const auto observed = runtime_->observe({running.id, ended.id, waiting.id});
  ASSERT_TRUE(observed);
  ASSERT_EQ(observed->size(), 3u);
  EXPECT_TRUE((*observed)[0].running);
  EXPECT_EQ((*observed)[0].pid, launched.pid);
  EXPECT_FALSE((*observed)[1].running);
  ASSERT_TRUE((*observed)[1].exit);
  EXPECT_EQ((*observed)[1].exit->exit_code, 7);
  EXPECT_TRUE((*observed)[2].waiting);
  EXPECT_FALSE(std::filesystem::exists(dir_ / "exec" / stranger.id.text()));
  EXPECT_FALSE(std::filesystem::exists(dir_ / "data/containers" / stranger.id.text()));
  auto process = runtime_->exec(running.id, running.spec, {.command = {"true"}});
  ASSERT_TRUE(process) << process.error().text;
  pollfd ended_exec{.fd = process->exited.get(), .events = POLLIN};
  ASSERT_EQ(::poll(&ended_exec, 1, 5000), 1);
  EXPECT_EQ(runtime_->exec_exit_code(process->pid), 0);
  ASSERT_TRUE(runtime_->release(waiting.id));
  ASSERT_TRUE(runtime_->signal(running.id, launched.pid, SIGKILL));
  EXPECT_EQ(wait_exit(running.id).exit_code, 137);
}

TEST_F(RuntimeTest, LimitsAreSet) {
  auto launch = a_launch(sh("cat /sys/fs/cgroup/pids/pids.max 2>/dev/null || cat /sys/fs/cgroup/pids.max"));
  launch.spec.resources.pids = 50;
  launch.spec.resources.memory = 64 << 20;
  EXPECT_EQ(run(launch), 0);
  EXPECT_EQ(log_of(launch.id), "50\n");
}

TEST_F(RuntimeTest, VolumeIsFilledFromTheImage) {
  auto volumes = open_volumes(dir_ / "data", clock_);
  const auto volume = volumes->create({.name = "vol1"});
  ASSERT_TRUE(volume) << volume.error().text;
  auto launch = a_launch(sh("cat /data/seed; echo more > /data/new"));
  launch.spec.mounts.push_back({.kind = ports::MountRequest::Kind::volume, .source = "vol1", .target = "/data"});
  EXPECT_EQ(run(launch), 0);
  EXPECT_EQ(log_of(launch.id), "from the image\n");
  EXPECT_EQ(read_file(std::filesystem::path(volume->mountpoint) / "new"), "more\n");
  ASSERT_TRUE(volumes->remove("vol1"));
  EXPECT_EQ(volumes->find("vol1").error().text, "get vol1: no such volume");
}

TEST_F(RuntimeTest, LongRootsAndManyLayers) {
  const auto deep = dir_ / std::string(120, 'l');
  std::filesystem::create_directories(deep);
  auto runtime = open_runtime({.data_root = deep / "data", .exec_root = deep / "exec", .clock = &clock_});
  ASSERT_TRUE(runtime);
  runtime_ = std::move(*runtime);
  auto launch = a_launch({"cat", "/number"});
  launch.spec.process.open_stdin = true;
  for (int i = 0; i < 100; ++i) {
    const auto extra = deep / fmt::format("layer,with:signs-{}", i);
    std::filesystem::create_directories(extra);
    write(extra / "number", std::to_string(i));
    launch.layer_dirs.push_back(extra.string());
  }
  ASSERT_TRUE(runtime_->prepare(launch.id));
  const auto launched = runtime_->launch(launch);
  ASSERT_TRUE(launched) << launched.error().text;
  EXPECT_TRUE(runtime_->attach(launch.id));
  ASSERT_TRUE(runtime_->release(launch.id));
  EXPECT_EQ(wait_exit(launch.id).exit_code, 0);
  EXPECT_EQ(log_of(launch.id), "99");
  EXPECT_TRUE(runtime_->remove(launch.id));
}

TEST_F(RuntimeTest, EveryByteOfAHundredMebibytes) {
  const auto launch = a_launch(sh("head -c 104857600 /dev/zero"));
  start(launch);
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  bool ended = false;
  while (!ended && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    ended = !runtime_->take_exits().empty();
  }
  const auto all = log_of(launch.id);
  EXPECT_EQ(all.size(), 104857600u);
  EXPECT_EQ(std::ranges::count(all, '\0'), 104857600);
}

}  // namespace
}  // namespace fairlead::oci
