#pragma once
/// An engine desk for tests of the doors: what it is asked is recorded, what it answers is set by the test.
#include <fmt/format.h>
#include <deque>

#include "engine/service.h"

namespace fairlead::support {

class FakeImages : public ports::Images {
 public:
  std::vector<ports::Image> stored;
  std::vector<std::string> calls;
  base::Result<ports::Image> find(const std::string& reference) override {
    for (const auto& image : stored) {
      if (image.id == reference) return image;
      for (const auto& tag : image.tags)
        if (tag == reference || tag == reference + ":latest") return image;
    }
    return base::fail(base::ErrorKind::not_found, "No such image: " + reference);
  }
  std::vector<ports::Image> list() override { return stored; }
  base::Result<ports::Image> import(base::Fd, const ports::ImportOptions& options) override {
    calls.push_back(fmt::format("import {}:{}", options.repository, options.tag));
    return ports::Image{.id = "sha256:" + std::string(64, 'a')};
  }
  base::Result<std::vector<std::string>> load(base::Fd, const ports::OnProgress&) override {
    calls.push_back("load");
    return std::vector<std::string>{"Loaded image: busybox:latest"};
  }
  base::Result<void> save(const std::vector<std::string>&, base::Fd) override { return {}; }
  base::Result<void> tag(const std::string& reference, const std::string& repository, const std::string& tag) override {
    calls.push_back(fmt::format("tag {} {}:{}", reference, repository, tag));
    return {};
  }
  base::Result<ports::ImageDeletion> remove(const std::string& reference, bool,
                                            const std::map<std::string, std::string>&) override {
    calls.push_back("remove " + reference);
    return ports::ImageDeletion{.untagged = {reference}};
  }
  base::Result<ports::ImageDeletion> prune(bool, const std::map<std::string, std::string>&) override {
    return ports::ImageDeletion{};
  }
  base::Result<ports::Image> pull(const std::string& reference, const std::string&, const std::string&,
                                  const ports::OnProgress&) override {
    return base::fail(base::ErrorKind::unavailable, "cannot pull " + reference);
  }
};

class FakeVolumes : public ports::Volumes {
 public:
  std::vector<ports::Volume> stored;
  std::vector<ports::Volume> list() override { return stored; }
  base::Result<ports::Volume> find(const std::string& name) override {
    for (const auto& volume : stored)
      if (volume.name == name) return volume;
    return base::fail(base::ErrorKind::not_found, fmt::format("get {}: no such volume", name));
  }
  base::Result<ports::Volume> create(const ports::Volume& wanted) override {
    if (auto there = find(wanted.name)) return there;
    stored.push_back(wanted);
    return wanted;
  }
  base::Result<void> remove(const std::string& name) override {
    return std::erase_if(stored, [&](const auto& volume) { return volume.name == name; })
               ? base::Result<void>()
               : base::fail(base::ErrorKind::not_found, fmt::format("get {}: no such volume", name));
  }
};

/// Gives what the test put in, piece by piece; `changed` is the reading end of a pipe of the test's.
class FakeLog : public ports::LogStream {
 public:
  std::deque<std::vector<ports::LogRecord>> pieces;
  base::Fd changed;
  base::Result<std::vector<ports::LogRecord>> read() override {
    if (pieces.empty()) return std::vector<ports::LogRecord>();
    auto piece = std::move(pieces.front());
    pieces.pop_front();
    return piece;
  }
  int changed_fd() const override { return changed.get(); }
};

class FakeRuntime : public ports::Runtime {
 public:
  std::function<std::unique_ptr<ports::LogStream>(const ports::LogQuery&)> on_logs = [](const auto&) {
    return std::make_unique<FakeLog>();
  };
  base::Result<void> prepare(base::ContainerId) override { return {}; }
  base::Result<ports::Launched> launch(const ports::Launch&) override { return ports::Launched{}; }
  base::Result<void> release(base::ContainerId) override { return {}; }
  base::Result<void> signal(base::ContainerId, pid_t, int) override { return {}; }
  base::Result<base::Fd> attach(base::ContainerId) override { return base::Fd(); }
  base::Result<void> resize(base::ContainerId, std::uint32_t, std::uint32_t) override { return {}; }
  base::Result<ports::ExecProcess> exec(base::ContainerId, const ports::ContainerSpec&,
                                        const ports::ExecSpec&) override {
    return ports::ExecProcess{};
  }
  int exec_exit_code(pid_t) override { return 0; }
  base::Result<void> cleanup(base::ContainerId) override { return {}; }
  base::Result<void> remove(base::ContainerId) override { return {}; }
  base::Result<std::unique_ptr<ports::LogStream>> logs(base::ContainerId, const ports::LogQuery& query) override {
    return on_logs(query);
  }
  std::string log_path(base::ContainerId id) const override { return "/data/" + id.text() + ".log"; }
  std::string file_path(base::ContainerId id, const std::string& file) const override {
    return "/data/" + id.text() + "/" + file;
  }
  std::map<std::string, std::string> root_paths(base::ContainerId, const std::vector<std::string>&) const override {
    return {{"MergedDir", "/data/merged"},
            {"UpperDir", "/data/upper"},
            {"WorkDir", "/data/work"},
            {"LowerDir", "/data/lower"}};
  }
  int exits_fd() const override { return -1; }
  std::vector<ports::ExitNotice> take_exits() override { return {}; }
  base::Result<std::vector<ports::ObservedContainer>> observe(const std::vector<base::ContainerId>&) override {
    return std::vector<ports::ObservedContainer>();
  }
};

class FakeClock : public ports::Clock {
 public:
  ports::Time time{std::chrono::seconds(1'700'000'000)};
  ports::Time now() override { return time; }
};

/// A ticket that says, by the flag it was given, whether it was given up.
class FakeTicket : public engine::Standing {
 public:
  explicit FakeTicket(std::function<void()> on_end = {}) : on_end_(std::move(on_end)) {}
  ~FakeTicket() override {
    if (on_end_) on_end_();
  }

 private:
  std::function<void()> on_end_;
};

/// `calls` tells what was asked, in words; `refuse`, when set, is the answer to every command.
class FakeService : public engine::Service {
 public:
  template <class T = void>
  using Done = engine::Done<T>;
  using Id = engine::ContainerId;

  explicit FakeService(engine::State initial = engine::State()) : held(std::move(initial)) {}

  engine::State held;
  FakeImages fake_images;
  FakeVolumes fake_volumes;
  FakeRuntime fake_runtime;
  FakeClock fake_clock;
  std::vector<std::string> calls;
  std::optional<base::Error> refuse;
  std::optional<ports::ContainerSpec> created_spec;
  std::optional<engine::CreateNetwork> created_network;
  std::map<std::string, engine::ExecRecord> execs;
  std::vector<engine::Event> past;
  std::vector<std::function<void(const engine::Event&)>> subscribers;
  /// What waits: the test completes them.
  std::vector<Done<engine::WaitResult>> waits;
  std::vector<Done<base::Fd>> attaches;
  std::vector<std::move_only_function<void()>> exec_ends;
  std::function<base::Result<engine::ExecStreams>()> on_start_exec = [] { return engine::ExecStreams{}; };
  int given_up = 0;  ///< tickets destroyed

  const engine::State& state() const override { return held; }
  ports::Images& images() override { return fake_images; }
  ports::Volumes& volumes() override { return fake_volumes; }
  ports::Runtime& runtime() override { return fake_runtime; }
  ports::Clock& clock() override { return fake_clock; }
  void offload(std::move_only_function<void()> work, std::move_only_function<void()> then) override {
    work();
    then();
  }

  void create_container(std::string name, ports::ContainerSpec spec, Done<engine::Created> done) override {
    calls.push_back("create " + name);
    created_spec = std::move(spec);
    if (refuse) return done(std::unexpected(*refuse));
    done(engine::Created{*Id::parse(std::string(64, 'c')), {}});
  }
  void start_container(Id id, Done<> done) override { command("start " + id.short_text(), std::move(done)); }
  void stop_container(Id id, std::optional<int> timeout, std::optional<int> signal, Done<> done) override {
    command(fmt::format("stop {} t={} signal={}", id.short_text(), timeout.value_or(-99), signal.value_or(0)),
            std::move(done));
  }
  void restart_container(Id id, std::optional<int> timeout, std::optional<int> signal, Done<> done) override {
    command(fmt::format("restart {} t={} signal={}", id.short_text(), timeout.value_or(-99), signal.value_or(0)),
            std::move(done));
  }
  void kill_container(Id id, int signal, Done<> done) override {
    command(fmt::format("kill {} {}", id.short_text(), signal), std::move(done));
  }
  void remove_container(Id id, bool force, bool volumes, Done<> done) override {
    command(fmt::format("remove {} force={} volumes={}", id.short_text(), force, volumes), std::move(done));
  }
  void rename_container(Id id, std::string name, Done<> done) override {
    command(fmt::format("rename {} {}", id.short_text(), name), std::move(done));
  }
  void resize_container(Id id, std::uint32_t height, std::uint32_t width, Done<> done) override {
    command(fmt::format("resize {} {}x{}", id.short_text(), height, width), std::move(done));
  }
  engine::Ticket wait_container(Id id, engine::WaitFor, Done<engine::WaitResult> done) override {
    calls.push_back("wait " + id.short_text());
    waits.push_back(std::move(done));
    return ticket();
  }
  engine::Ticket attach_container(Id id, Done<base::Fd> done) override {
    calls.push_back("attach " + id.short_text());
    attaches.push_back(std::move(done));
    return ticket();
  }

  base::Result<base::ExecId> create_exec(Id id, ports::ExecSpec spec, std::string detach_keys) override {
    calls.push_back("exec " + id.short_text());
    if (refuse) return std::unexpected(*refuse);
    const auto exec = *base::ExecId::parse(std::string(64, 'e'));
    execs[exec.text()] = {.id = exec, .container = id, .spec = std::move(spec), .detach_keys = std::move(detach_keys)};
    return exec;
  }
  void start_exec(base::ExecId id, bool tty, Done<engine::ExecStreams> done) override {
    calls.push_back(fmt::format("start exec {} tty={}", id.short_text(), tty));
    if (refuse) return done(std::unexpected(*refuse));
    execs[id.text()].running = true;
    done(on_start_exec());
  }
  void resize_exec(base::ExecId id, std::uint32_t height, std::uint32_t width, Done<> done) override {
    command(fmt::format("resize exec {} {}x{}", id.short_text(), height, width), std::move(done));
  }
  base::Result<engine::ExecRecord> find_exec(const std::string& id) const override {
    if (const auto at = execs.find(id); at != execs.end()) return at->second;
    return base::fail(base::ErrorKind::not_found, "No such exec instance: " + id);
  }
  engine::Ticket wait_exec(base::ExecId, std::move_only_function<void()> ended) override {
    exec_ends.push_back(std::move(ended));
    return ticket();
  }

  void create_network(engine::CreateNetwork request, Done<engine::NetworkCreated> done) override {
    calls.push_back("create network " + request.name);
    created_network = std::move(request);
    if (refuse) return done(std::unexpected(*refuse));
    done(engine::NetworkCreated{*engine::NetworkId::parse(std::string(64, 'd')), {}});
  }
  void remove_network(engine::NetworkId id, Done<> done) override {
    command("remove network " + id.short_text(), std::move(done));
  }
  void connect_network(Id container, ports::EndpointRequest request, Done<> done) override {
    command(fmt::format("connect {} {}", container.short_text(), request.network), std::move(done));
  }
  void disconnect_network(Id container, std::string network, bool force, Done<> done) override {
    command(fmt::format("disconnect {} {} force={}", container.short_text(), network, force), std::move(done));
  }

  void change_ports(Id id, std::vector<ports::PortBinding> publish, std::vector<ports::PortBinding> unpublish,
                    Done<> done) override {
    command(fmt::format("ports {} +{} -{}", id.short_text(), publish.size(), unpublish.size()), std::move(done));
  }

  engine::Ticket subscribe(std::function<void(const engine::Event&)> on_event) override {
    subscribers.push_back(std::move(on_event));
    return ticket();
  }
  std::vector<engine::Event> recent_events() const override { return past; }
  void publish(engine::Event event) override {
    past.push_back(event);
    for (const auto& subscriber : subscribers) subscriber(event);
  }

 private:
  void command(std::string words, Done<> done) {
    calls.push_back(std::move(words));
    if (refuse) return done(std::unexpected(*refuse));
    done({});
  }
  engine::Ticket ticket() {
    return std::make_unique<FakeTicket>([this] { ++given_up; });
  }
};

}  // namespace fairlead::support
