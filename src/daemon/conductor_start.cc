/// From nothing to a running process: create and start.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/log.h"
#include "daemon/conductor_parts.h"
#include "daemon/fault.h"
#include "engine/files.h"

namespace fairlead::daemon {
namespace {

std::string read_file(const char* path) {
  std::ifstream in(path);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

std::string host_name() {
  char name[256] = {};
  ::gethostname(name, sizeof name - 1);
  return name;
}

/// What a shell would say of a program that could not be started; the docker client goes by it.
int exit_code_of(const std::string& why) {
  if (why.contains("executable file not found") || why.contains("no such file or directory")) return 127;
  return why.contains("permission denied") ? 126 : 128;
}

bool has_mount_at(const ports::ContainerSpec& spec, const std::string& target) {
  return std::ranges::any_of(spec.mounts, [&](const auto& mount) { return mount.target == target; });
}

}  // namespace

void Conductor::create_container(std::string name, ports::ContainerSpec spec, engine::Done<engine::Created> done) {
  spawn<engine::Created>(create(std::move(name), std::move(spec)), std::move(done));
}

Task<Result<engine::Created>> Conductor::create(std::string name, ports::ContainerSpec spec) {
  auto image = world_.images->find(spec.image);
  if (!image) co_return std::unexpected(image.error());
  auto decision =
      engine::decide(state_, engine::CreateContainer{std::move(name), std::move(spec), std::move(*image)}, facts());
  if (!decision) co_return std::unexpected(decision.error());
  const auto id = std::get<ContainerId>(decision->made);
  for (auto& change : decision->changes) {
    if (auto* container = std::get_if<engine::Container>(&change)) {
      if (auto settled = settle_volumes(*container); !settled) co_return std::unexpected(settled.error());
    }
  }
  if (auto stored = commit(*decision); !stored) co_return std::unexpected(stored.error());
  fault_point("create-stored");
  if (auto prepared = world_.runtime->prepare(id); !prepared) {
    (void)settle(engine::RemoveContainer{id}, facts());
    (void)world_.runtime->remove(id);
    co_return std::unexpected(prepared.error());
  }
  fault_point("create-prepared");
  co_return engine::Created{id, std::move(decision->warnings)};
}

/// Names its anonymous volumes, takes over those of `--volumes-from`, makes the named ones that do not exist.
Result<void> Conductor::settle_volumes(engine::Container& container) {
  auto& spec = container.spec;
  for (const auto& from : spec.volumes_from) {
    const auto colon = from.find(':');
    auto source = state_.find_container(from.substr(0, colon));
    if (!source) return std::unexpected(source.error());
    for (auto mount : (*source)->spec.mounts) {
      if (mount.kind == ports::MountRequest::Kind::tmpfs || has_mount_at(spec, mount.target)) continue;
      mount.read_only = mount.read_only || (colon != std::string::npos && from.substr(colon + 1) == "ro");
      spec.mounts.push_back(std::move(mount));
    }
  }
  for (const auto& path : spec.anonymous_volumes) {
    if (!has_mount_at(spec, path) && !spec.tmpfs.contains(path))
      spec.mounts.push_back({.kind = ports::MountRequest::Kind::volume, .target = path});
  }
  for (auto& mount : spec.mounts) {
    if (mount.kind == ports::MountRequest::Kind::bind && !mount.create_source && !std::filesystem::exists(mount.source))
      return base::fail(
          ErrorKind::invalid,
          fmt::format("invalid mount config for type \"bind\": bind source path does not exist: {}", mount.source));
    if (mount.kind != ports::MountRequest::Kind::volume) continue;
    ports::Volume wanted{.name = mount.source};
    if (mount.source.empty()) {
      wanted.name = base::ContainerId::from(base::fresh_entropy()).text();
      wanted.labels["com.docker.volume.anonymous"] = "";
      container.volumes.push_back(wanted.name);
    }
    auto made = world_.volumes->create(wanted);
    if (!made) return std::unexpected(made.error());
    mount.source = made->name;
  }
  return {};
}

void Conductor::start_container(ContainerId id, engine::Done<> done) {
  spawn<void>(start(std::move(id)), std::move(done));
}

Task<Result<void>> Conductor::start(ContainerId id) {
  const auto pass = co_await gate(id)->enter();
  co_return co_await start_inside(id);
}

/// The whole start, inside the container's gate. What fails gives everything back before it is reported.
Task<Result<void>> Conductor::start_inside(ContainerId id) {
  auto decision = settle(engine::StartContainer{id}, facts());
  if (!decision && decision.error().kind == ErrorKind::not_modified) co_return std::unexpected(decision.error());
  fault_point("start-stored");
  auto up = decision ? co_await bring_up(id) : Result<void>(std::unexpected(decision.error()));
  if (up) co_return up;
  (void)co_await on(workers_, [this, id] { return world_.runtime->cleanup(id); });
  const auto code = exit_code_of(up.error().text);
  if (auto undone = co_await carry(engine::StartFailed{id, up.error().text, code}, "undo"); !undone)
    base::log(base::LogLevel::error, "giving back what a failed start took: {}", undone.error().text);
  co_await hand_out_attachments(id, up.error());
  if (const auto container = state_.container(id); container && container->spec.auto_remove) {
    (void)co_await remove_inside(id, true);
  } else {
    tell_waiters(id, {code, up.error().text});
  }
  co_return up;
}

Task<Result<void>> Conductor::bring_up(ContainerId id) {
  const auto container = state_.container(id);
  if (container->sandbox) {
    if (auto wired = co_await apply({engine::Scope(*container->sandbox)}, "start"); !wired) co_return wired;
    if (auto served = co_await serve_names(*container->sandbox); !served) co_return served;
  }
  auto launch = launch_of(*container);
  if (!launch) co_return std::unexpected(launch.error());
  auto launched = co_await on(workers_, [this, launch = std::move(*launch)] { return world_.runtime->launch(launch); });
  if (!launched) co_return std::unexpected(launched.error());
  fault_point("start-launched");
  co_await hand_out_attachments(id, std::nullopt);
  auto recorded = settle(engine::ContainerStarted{id, launched->pid, launched->monitor_pid}, facts());
  if (!recorded) co_return std::unexpected(recorded.error());
  fault_point("start-recorded");
  auto released = co_await on(workers_, [this, id] { return world_.runtime->release(id); });
  if (released) fault_point("start-released");
  co_return released;
}

Result<ports::Launch> Conductor::launch_of(const engine::Container& container) const {
  ports::Launch launch{
      .id = container.id, .name = container.name, .spec = container.spec, .layer_dirs = container.layer_dirs};
  if (const auto sandbox = container.sandbox ? state_.sandbox(*container.sandbox) : nullptr) {
    launch.netns_path = engine::netns_path(*sandbox);
    launch.own_netns = sandbox->owner == container.id;
  } else {
    launch.own_netns = false;
  }
  if (container.joined) launch.files_of = *container.joined;
  for (const auto& [mode, target] : {std::pair(&container.spec.pid_mode, &launch.pid_namespace_of),
                                     std::pair(&container.spec.ipc_mode, &launch.ipc_namespace_of)}) {
    if (!mode->starts_with("container:")) continue;
    auto other = state_.find_container(mode->substr(10));
    if (!other) return std::unexpected(other.error());
    if ((*other)->phase != engine::Phase::running)
      return base::fail(
          ErrorKind::conflict,
          fmt::format("cannot join namespace of a non running container: container {} is exited", (*other)->name));
    *target = (*other)->pid;
  }
  const auto target = container.joined ? state_.container(*container.joined) : nullptr;
  launch.hostname = engine::hostname(target ? *target : container, host_name());
  launch.hosts_file = engine::hosts_file(state_, container);
  launch.resolv_conf = engine::resolv_conf(state_, container, read_file("/etc/resolv.conf"));
  return launch;
}

/// In place: the file is mounted into the container.
void Conductor::rewrite_resolv_conf(const engine::Container& container) const {
  std::ofstream file(world_.runtime->file_path(container.id, "resolv.conf"), std::ios::trunc);
  file << engine::resolv_conf(state_, container, read_file("/etc/resolv.conf"));
}

engine::Ticket Conductor::attach_container(ContainerId id, engine::Done<base::Fd> done) {
  const auto container = state_.container(id);
  const bool runs = container && container->phase == engine::Phase::running;
  auto ticket = std::make_unique<ListTicket<Attacher>>(attachers_, Attacher{id, std::move(done)});
  if (runs) background(hand_out_attachments(id, std::nullopt));
  return ticket;
}

/// Gives each who waits to attach its connection, or the reason why there is none.
Task<void> Conductor::hand_out_attachments(ContainerId id, std::optional<Error> failure) {
  for (auto& attacher : take_if(attachers_, [&](const Attacher& entry) { return entry.id == id; })) {
    if (failure) {
      attacher->done(std::unexpected(*failure));
      continue;
    }
    auto connected = co_await on(workers_, [this, id] { return world_.runtime->attach(id); });
    attacher->done(std::move(connected));
  }
}

}  // namespace fairlead::daemon
