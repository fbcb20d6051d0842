#pragma once
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <deque>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "daemon/applier.h"
#include "daemon/tasks.h"
#include "daemon/world.h"
#include "engine/service.h"

namespace fairlead::daemon {

using base::ContainerId;
using base::Error;
using base::ErrorKind;
using base::ExecId;
using base::NetworkId;
using base::Result;

/// Leads every command through: decide, store the intent, apply the difference, drive the runtime, tell who waits.
/// Lives on the engine thread; blocking ports are called on worker threads.
class Conductor final : public engine::Service {
 public:
  Conductor(boost::asio::io_context& io, World world, engine::Settings settings);
  ~Conductor() override;

  /// Loads what is stored, repairs what the host shows of it, takes running containers over, finishes what a crash cut
  /// short, then restarts what its policy asks for.
  Task<Result<void>> boot();
  /// Before an orderly end: lets go of what nothing needs while no container has a network.
  void leave();
  /// Takes settings that may change while running (SIGHUP).
  void reconfigure(engine::Settings settings) { state_.set_settings(std::move(settings)); }

  const engine::State& state() const override { return state_; }
  ports::Images& images() override { return *world_.images; }
  ports::Volumes& volumes() override { return *world_.volumes; }
  ports::Runtime& runtime() override { return *world_.runtime; }
  ports::Clock& clock() override { return *world_.clock; }
  void offload(std::move_only_function<void()> work, std::move_only_function<void()> then) override;

  void create_container(std::string name, ports::ContainerSpec spec, engine::Done<engine::Created> done) override;
  void start_container(ContainerId id, engine::Done<> done) override;
  void stop_container(ContainerId id, std::optional<int> timeout_s, std::optional<int> signal,
                      engine::Done<> done) override;
  void restart_container(ContainerId id, std::optional<int> timeout_s, std::optional<int> signal,
                         engine::Done<> done) override;
  void kill_container(ContainerId id, int signal, engine::Done<> done) override;
  void remove_container(ContainerId id, bool force, bool volumes, engine::Done<> done) override;
  void rename_container(ContainerId id, std::string name, engine::Done<> done) override;
  void resize_container(ContainerId id, std::uint32_t height, std::uint32_t width, engine::Done<> done) override;
  engine::Ticket wait_container(ContainerId id, engine::WaitFor condition,
                                engine::Done<engine::WaitResult> done) override;
  engine::Ticket attach_container(ContainerId id, engine::Done<base::Fd> done) override;

  Result<ExecId> create_exec(ContainerId id, ports::ExecSpec spec, std::string detach_keys) override;
  void start_exec(ExecId id, bool tty, engine::Done<engine::ExecStreams> done) override;
  void resize_exec(ExecId id, std::uint32_t height, std::uint32_t width, engine::Done<> done) override;
  Result<engine::ExecRecord> find_exec(const std::string& id) const override;
  engine::Ticket wait_exec(ExecId id, std::move_only_function<void()> ended) override;

  void create_network(engine::CreateNetwork request, engine::Done<engine::NetworkCreated> done) override;
  void remove_network(NetworkId id, engine::Done<> done) override;
  void connect_network(ContainerId container, ports::EndpointRequest request, engine::Done<> done) override;
  void disconnect_network(ContainerId container, std::string network, bool force, engine::Done<> done) override;
  void change_ports(ContainerId id, std::vector<ports::PortBinding> publish, std::vector<ports::PortBinding> unpublish,
                    engine::Done<> done) override;

  engine::Ticket subscribe(std::function<void(const engine::Event&)> on_event) override;
  std::vector<engine::Event> recent_events() const override { return {events_.begin(), events_.end()}; }
  void publish(engine::Event event) override;

 private:
  struct Waiter {
    ContainerId id;
    engine::WaitFor condition;
    engine::Done<engine::WaitResult> done;
  };
  struct Attacher {
    ContainerId id;
    engine::Done<base::Fd> done;
  };
  using Listener = std::function<void(const engine::Event&)>;
  using Ended = std::move_only_function<void()>;
  struct Exec {
    engine::ExecRecord record;
    base::Fd exited;
    base::Fd terminal;  ///< our own copy, for resizes
    std::list<std::shared_ptr<Ended>> waiting;
  };
  template <class T>
  class ListTicket;

  // conductor.cc: the one way in which anything changes
  engine::Facts facts(ports::HostFacts host = {}) const;
  Result<engine::Decision> settle(const engine::Command& command, const engine::Facts& facts);
  Task<Result<engine::Decision>> carry(engine::Command command, std::string act,
                                       std::optional<engine::Facts> given = {});
  Task<Result<void>> carry_for(ContainerId id, engine::Command command, std::string act);
  Task<void> take_back(engine::Decision back);
  Task<Result<void>> serve_names(base::SandboxId id);
  Result<void> commit(engine::Decision& decision);
  Task<Result<void>> apply(std::vector<engine::Scope> scopes, std::string act);
  Task<engine::Facts> facts_with_host();
  Task<engine::Facts> facts_for(const engine::CreateNetwork& wanted);
  std::shared_ptr<Gate> gate(const ContainerId& id);
  template <class T, class Coroutine>
  void spawn(Coroutine coroutine, engine::Done<T> done);
  void background(Task<void> task);

  // conductor_publish.cc
  Result<engine::Decision> decide(const engine::Command& command, engine::Facts given);
  void lead_ports(const engine::Container& container);
  void hold_ports();
  void forget_flows(std::vector<ports::FlowMatch> due);

  // conductor_start.cc
  Task<Result<engine::Created>> create(std::string name, ports::ContainerSpec spec);
  Result<void> settle_volumes(engine::Container& container);
  Task<Result<void>> start(ContainerId id);
  Task<Result<void>> start_inside(ContainerId id);
  Task<Result<void>> bring_up(ContainerId id);
  Result<ports::Launch> launch_of(const engine::Container& container) const;
  void rewrite_resolv_conf(const engine::Container& container) const;
  Task<void> hand_out_attachments(ContainerId id, std::optional<Error> failure);

  // conductor_stop.cc
  Task<Result<void>> stop(ContainerId id, std::optional<int> timeout_s, std::optional<int> signal);
  Task<Result<void>> restart(ContainerId id, std::optional<int> timeout_s, std::optional<int> signal);
  Task<Result<void>> kill(ContainerId id, int signal);
  Task<Result<void>> remove(ContainerId id, bool force, bool volumes);
  Task<Result<void>> remove_inside(ContainerId id, bool volumes);
  Task<void> ended(ports::ExitNotice notice);
  Task<void> ended_inside(ports::ExitNotice notice);
  Task<void> restart_later(ContainerId id);
  Task<bool> down_within(ContainerId id, std::optional<std::chrono::seconds> timeout);
  Task<void> watch_exits();
  void tell_waiters(const ContainerId& id, const engine::WaitResult& result);

  // conductor_boot.cc
  Result<void> load();
  Task<Result<void>> take_over();
  Task<void> finish_removals();
  Task<Doubt> see_parents();
  std::vector<ContainerId> kept_down_by_parents(const engine::Decision& seen) const;
  void start_again(const std::vector<ContainerId>& ids);

  // conductor_exec.cc
  Task<Result<engine::ExecStreams>> run_exec(ExecId id, bool tty);
  Task<void> watch_exec(ExecId id);

  boost::asio::io_context& io_;
  World world_;
  engine::State state_;
  Applier applier_;
  std::map<ContainerId, std::weak_ptr<Gate>> gates_;
  std::list<std::shared_ptr<Waiter>> waiters_;
  std::list<std::shared_ptr<Attacher>> attachers_;
  std::map<ExecId, Exec> execs_;
  std::deque<ExecId> ended_execs_;
  std::deque<engine::Event> events_;
  std::list<std::shared_ptr<Listener>> listeners_;
  std::map<ContainerId, std::chrono::milliseconds> pauses_;
  std::vector<std::string> netns_to_remove_;
  std::pair<std::uint16_t, std::uint16_t> ephemeral_{32768, 60999};
  std::vector<ports::FlowMatch> flows_to_forget_, flows_due_;  ///< once the rules are there; now
  bool forgetting_ = false;
  boost::asio::posix::stream_descriptor exits_;
  boost::asio::thread_pool flow_thread_{1};
  boost::asio::thread_pool workers_;
};

}  // namespace fairlead::daemon
