/// fairleadd: reads its options, fills the ports with adapters, opens the door.
#include <malloc.h>
#include <sys/stat.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <cstdio>
#include <filesystem>

#include "adapters/linux/firewall.h"
#include "adapters/linux/flows.h"
#include "adapters/linux/host_sockets.h"
#include "adapters/linux/kernel.h"
#include "adapters/linux/resolver_sockets.h"
#include "adapters/linux/watch.h"
#include "adapters/oci/image_library.h"
#include "adapters/oci/runtime.h"
#include "adapters/oci/volumes.h"
#include "adapters/sqlite/store.h"
#include "base/log.h"
#include "daemon/conductor.h"
#include "daemon/fault.h"
#include "daemon/holder.h"
#include "daemon/notify.h"
#include "daemon/options.h"
#include "daemon/pidfile.h"
#include "daemon/system_clock.h"
#include "doors/docker/bind_unix.h"
#include "doors/docker/server.h"
#include "doors/docker/stream_routes.h"

namespace fairlead::daemon {
namespace {

namespace asio = boost::asio;
using base::LogLevel;

Result<World> open_world(const Options& options) {
  const auto& settings = options.settings;
  World world;
  world.clock = std::make_unique<SystemClock>();
  std::error_code ignored;
  for (const auto& dir : {settings.data_root, settings.exec_root}) {
    std::filesystem::create_directories(dir, ignored);
    if (::chmod(dir.c_str(), 0711) != 0) return base::fail_errno(errno, "cannot use " + dir);
  }
  auto store = sqlite::open_store(std::filesystem::path(settings.data_root) / "fairlead.db");
  if (!store) return std::unexpected(store.error());
  world.store = std::move(*store);
  auto kernel = linuxnet::make_kernel();
  if (!kernel) return std::unexpected(kernel.error());
  world.kernel = std::move(*kernel);
  world.keeper = std::make_unique<Holder>(settings.exec_root + "/holder.sock", "/proc/self/exe");
  auto firewall = linuxnet::make_firewall(world.keeper.get());
  if (!firewall) return std::unexpected(firewall.error());
  world.firewall = std::move(*firewall);
  auto watch = linuxnet::make_watch();
  if (!watch) return std::unexpected(watch.error());
  world.watch = std::move(*watch);
  auto sockets = linuxnet::make_sockets({.keeper = world.keeper.get()});
  if (!sockets) return std::unexpected(sockets.error());
  world.sockets = std::move(*sockets);
  auto flows = linuxnet::make_flows();
  if (!flows) return std::unexpected(flows.error());
  world.flows = std::move(*flows);
  auto images =
      oci::open_images(settings.data_root, *world.clock, {.insecure_registries = options.insecure_registries});
  if (!images) return std::unexpected(images.error());
  world.images = std::move(*images);
  world.volumes = oci::open_volumes(settings.data_root, *world.clock);
  auto runtime = oci::open_runtime({.data_root = settings.data_root,
                                    .exec_root = settings.exec_root,
                                    .runtimes = settings.runtimes,
                                    .default_runtime = settings.default_runtime,
                                    .clock = world.clock.get(),
                                    .init_path = options.init_path});
  if (!runtime) return std::unexpected(runtime.error());
  world.runtime = std::move(*runtime);
  auto names = Names::start(linuxnet::make_resolvers(), *world.keeper);
  if (!names) return std::unexpected(names.error());
  world.names = std::move(*names);
  return world;
}

Result<std::vector<base::Fd>> open_sockets(const Options& options) {
  std::vector<base::Fd> sockets;
  for (const auto& host : options.hosts) {
    if (host.starts_with("fd://")) {
      for (auto& fd : activation_sockets()) sockets.push_back(std::move(fd));
      continue;
    }
    auto bound = docker::bind_unix(host.substr(std::string_view("unix://").size()), 0660, options.group);
    if (!bound) return std::unexpected(bound.error());
    sockets.push_back(std::move(*bound));
  }
  if (sockets.empty()) return base::fail(ErrorKind::invalid, "no socket to listen on: name one by -H unix:///path");
  return sockets;
}

void handle_signals(asio::signal_set& signals, asio::io_context& io, Conductor& conductor, const Options& options) {
  signals.async_wait([&signals, &io, &conductor, &options](boost::system::error_code error, int number) {
    if (error) return;
    if (number == SIGTERM || number == SIGINT) {
      base::log(LogLevel::info, "stopping; containers and their networks stay up");
      notify_stopping();
      conductor.leave();
      io.stop();
      return;
    }
    if (number == SIGHUP) {
      notify_reloading();
      if (auto settings = reload(options)) {
        base::set_log_level(settings->debug ? LogLevel::debug
                                            : base::parse_log_level(options.log_level).value_or(LogLevel::info));
        conductor.reconfigure(std::move(*settings));
        base::log(LogLevel::info, "configuration read again");
      } else {
        base::log(LogLevel::error, "the configuration stays as it was: {}", settings.error().text);
      }
      notify_ready();
    }
    handle_signals(signals, io, conductor, options);
  });
}

Result<void> serve(const Options& options) {
  auto lock = lock_data_root(options.settings.data_root);
  if (!lock) return std::unexpected(lock.error());
  auto pidfile = write_pidfile(options.pidfile);
  if (!pidfile) return std::unexpected(pidfile.error());
  auto sockets = open_sockets(options);
  if (!sockets) return std::unexpected(sockets.error());
  auto world = open_world(options);
  if (!world) return std::unexpected(world.error());

  // Never destroyed: coroutines that are still suspended at the end refer to all three, and the process ends with them.
  auto& io = *new asio::io_context(1);
  asio::signal_set signals(io);
  for (const int number : {SIGTERM, SIGINT, SIGHUP}) signals.add(number);
  auto& conductor = *new Conductor(io, std::move(*world), options.settings);
  auto& server =
      *new docker::Server(io, {.version = options.settings.version, .routes = docker::all_routes(conductor)});
  handle_signals(signals, io, conductor, options);
  Result<void> outcome;
  asio::co_spawn(io, conductor.boot(), [&](std::exception_ptr failure, Result<void> booted) {
    outcome =
        failure ? Result<void>(base::fail(ErrorKind::internal, "start-up failed unexpectedly")) : std::move(booted);
    if (!outcome) return io.stop();
    for (auto& socket : *sockets) {
      if (outcome = server.listen(std::move(socket)); !outcome) return io.stop();
    }
    notify_ready();
    base::log(LogLevel::info, "fairleadd is ready");
  });
  io.run();
  server.stop();
  return outcome;
}

int run(int argc, char** argv) {
  // Not an option for people: how the daemon starts the process that keeps sockets (daemon/holder.h).
  if (argc == 3 && std::string_view(argv[1]) == "--holder") return run_holder(base::Fd(3), argv[2]);
  auto options = parse_options(argc, argv);
  if (!options) {
    std::fprintf(stderr, "fairleadd: %s\n", options.error().text.c_str());
    return 1;
  }
  if (!options->help.empty()) return std::fputs(options->help.c_str(), stdout), 0;
  if (options->version) return std::printf("fairleadd version %s\n", options->settings.version.c_str()), 0;
  if (options->list_faults) {
    for (const auto* name : fault_names()) std::puts(name);
    return 0;
  }
  if (options->validate) return std::puts("configuration OK"), 0;
  base::set_log_level(options->settings.debug ? LogLevel::debug
                                              : base::parse_log_level(options->log_level).value_or(LogLevel::info));
  for (const auto& warning : options->warnings) base::log(LogLevel::warn, "{}", warning);
  ::signal(SIGPIPE, SIG_IGN);
  // Memory counts more than contention here: one arena, and what an image's transport took goes back at once.
  ::mallopt(M_ARENA_MAX, 1);
  ::mallopt(M_MMAP_THRESHOLD, 64 << 10);
  ::mallopt(M_TRIM_THRESHOLD, 128 << 10);
  if (auto served = serve(*options); !served) {
    base::log(LogLevel::error, "{}", served.error().text);
    return 1;
  }
  return 0;
}

}  // namespace
}  // namespace fairlead::daemon

int main(int argc, char** argv) {
  return fairlead::daemon::run(argc, argv);
}
