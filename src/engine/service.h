#pragma once
/// The desk at which the doors stand. Everything here runs on the one engine thread; completions too.
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/fd.h"
#include "engine/command.h"
#include "engine/event.h"
#include "engine/state.h"
#include "ports/images.h"
#include "ports/runtime.h"

namespace fairlead::engine {

template <class T = void>
using Done = std::move_only_function<void(base::Result<T>)>;

/// A standing order (waiting, subscription): ends when it is destroyed.
class Standing {
 public:
  virtual ~Standing() = default;
};
using Ticket = std::unique_ptr<Standing>;

struct Created {
  ContainerId id;
  std::vector<std::string> warnings;
};
struct NetworkCreated {
  NetworkId id;
  std::string warning;
};
enum class WaitFor { not_running, next_exit, removed };
struct WaitResult {
  int exit_code = 0;
  std::string error;
};

/// An exec instance, from its creation until some time after its end.
struct ExecRecord {
  base::ExecId id;
  ContainerId container;
  ports::ExecSpec spec;
  std::string detach_keys;
  bool running = false;
  std::optional<int> exit_code;
  pid_t pid = 0;
};
/// Streams of a started exec: as `ports::ExecProcess`, ours to read and write.
struct ExecStreams {
  base::Fd terminal, input, output, error;
};

class Service {
 public:
  virtual ~Service() = default;

  virtual const State& state() const = 0;
  virtual ports::Images& images() = 0;    ///< blocking: only inside `offload`, except `find` and `list`
  virtual ports::Volumes& volumes() = 0;  ///< blocking, short
  virtual ports::Runtime& runtime() = 0;  ///< only its path functions and `logs` are for doors
  virtual ports::Clock& clock() = 0;
  /// Runs `work` on a worker thread, then `then` on the engine thread.
  virtual void offload(std::move_only_function<void()> work, std::move_only_function<void()> then) = 0;

  virtual void create_container(std::string name, ports::ContainerSpec spec, Done<Created> done) = 0;
  virtual void start_container(ContainerId id, Done<> done) = 0;  ///< not_modified when it is up
  virtual void stop_container(ContainerId id, std::optional<int> timeout_s, std::optional<int> signal,
                              Done<> done) = 0;  ///< not_modified when it is down; -1 waits for ever
  virtual void restart_container(ContainerId id, std::optional<int> timeout_s, std::optional<int> signal,
                                 Done<> done) = 0;
  virtual void kill_container(ContainerId id, int signal, Done<> done) = 0;
  virtual void remove_container(ContainerId id, bool force, bool volumes, Done<> done) = 0;
  virtual void rename_container(ContainerId id, std::string name, Done<> done) = 0;
  virtual void resize_container(ContainerId id, std::uint32_t height, std::uint32_t width, Done<> done) = 0;
  /// Completes when the condition is met; destroy the ticket to stop waiting.
  virtual Ticket wait_container(ContainerId id, WaitFor condition, Done<WaitResult> done) = 0;
  /// Completes with conmon's socket (see `ports::Runtime::attach`): at once when it runs, else when it is next started,
  /// before its process runs; with an error when that start fails. Destroy the ticket to give up.
  virtual Ticket attach_container(ContainerId id, Done<base::Fd> done) = 0;

  virtual base::Result<base::ExecId> create_exec(ContainerId id, ports::ExecSpec spec, std::string detach_keys) = 0;
  virtual void start_exec(base::ExecId id, bool tty, Done<ExecStreams> done) = 0;
  virtual void resize_exec(base::ExecId id, std::uint32_t height, std::uint32_t width, Done<> done) = 0;
  virtual base::Result<ExecRecord> find_exec(const std::string& id) const = 0;
  /// Calls back once, after the process ended and its exit code is in the record.
  virtual Ticket wait_exec(base::ExecId id, std::move_only_function<void()> ended) = 0;

  virtual void create_network(CreateNetwork request, Done<NetworkCreated> done) = 0;
  virtual void remove_network(NetworkId id, Done<> done) = 0;
  virtual void connect_network(ContainerId container, ports::EndpointRequest request, Done<> done) = 0;
  virtual void disconnect_network(ContainerId container, std::string network, bool force, Done<> done) = 0;

  /// As `ChangePorts`.
  virtual void change_ports(ContainerId id, std::vector<ports::PortBinding> publish,
                            std::vector<ports::PortBinding> unpublish, Done<> done) = 0;

  /// Tells of every event from now on.
  virtual Ticket subscribe(std::function<void(const Event&)> on_event) = 0;
  /// The last 1,024 events, oldest first.
  virtual std::vector<Event> recent_events() const = 0;
  /// Tells an event that a door caused (image and volume events).
  virtual void publish(Event event) = 0;
};

}  // namespace fairlead::engine
