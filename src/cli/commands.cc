#include "cli/commands.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "base/version.h"
#include "cli/bootstrap.h"
#include "cli/check.h"
#include "cli/firewall.h"
#include "cli/import.h"
#include "cli/publish.h"

namespace fairlead::cli {
namespace {

int print_version() {
  fmt::print("fairlead {} ({})\n", base::version(), base::git_commit());
  return 0;
}

int check(bool json) {
  auto findings = check_kernel();
  for (auto& finding : check_programs(find_program, cgroup_layout())) findings.push_back(std::move(finding));
  fmt::print("{}", json ? as_json(findings) : as_text(findings));
  return exit_code(findings);
}

base::Result<void> bootstrap(const std::string& host) {
  const auto socket = socket_path(host);
  if (!socket) return std::unexpected(socket.error());
  const auto images = bootstrap_images();
  if (!images) return std::unexpected(images.error());
  for (const auto& image : *images) {
    const auto id =
        import_image(*socket, {.repository = image.repository, .changes = image.changes}, reader_of(image.tar));
    if (!id) return std::unexpected(id.error());
    fmt::print("{}:latest {} ({} KiB)\n", image.repository, *id, image.tar.size() / 1024);
  }
  return {};
}

base::Result<void> change(const std::string& host, const char* field, const std::string& container,
                          const std::vector<std::string>& specs) {
  const auto socket = socket_path(host);
  if (!socket) return std::unexpected(socket.error());
  const auto body = port_change(field, specs);
  if (!body) return std::unexpected(body.error());
  const auto ports = change_ports(*socket, container, *body);
  if (!ports) return std::unexpected(ports.error());
  fmt::print("{}", *ports);
  return {};
}

base::Result<void> show_firewall(bool json) {
  const auto view = live_firewall();
  if (!view) return std::unexpected(view.error());
  fmt::print("{}", json ? firewall_json(*view) : firewall_text(*view));
  return {};
}

int told(const base::Result<void>& result) {
  if (result) return 0;
  fmt::print(stderr, "fairlead: {}\n", result.error().text);
  return 1;
}

}  // namespace

int run(int argc, const char* const* argv) {
  CLI::App app("fairlead: what fairleadd does not do by itself", "fairlead");
  app.require_subcommand(1);
  auto* version = app.add_subcommand("version", "print the version");
  auto* checking = app.add_subcommand("check", "say what this host's kernel and programs allow");
  bool json = false;
  checking->add_flag("--json", json, "for programs");
  auto* firewall = app.add_subcommand("firewall", "show what the kernel's rules let through, from where to where");
  firewall->add_flag("--json", json, "for programs");
  auto* image = app.add_subcommand("image", "images without a registry")->require_subcommand(1);
  auto* bootstrapping =
      image->add_subcommand("bootstrap", "make busybox:latest and httpd:latest out of this machine's busybox");
  std::string host = "unix:///run/fairlead/docker.sock";
  bootstrapping->add_option("-H,--host", host, "the daemon's socket")->envname("DOCKER_HOST")->capture_default_str();
  std::string container;
  std::vector<std::string> specs;
  const auto port_command = [&](const char* name, const char* what, const char* which) {
    auto* command = app.add_subcommand(name, what);
    command->add_option("-H,--host", host, "the daemon's socket")->envname("DOCKER_HOST")->capture_default_str();
    command->add_option("container", container, "name or id")->required();
    command->add_option("ports", specs, which)->required();
    return command;
  };
  auto* publishing = port_command("publish", "publish further ports of a container, also while it runs",
                                  "as for docker run -p: [ADDRESS:][HOST:]PORT[/PROTOCOL]");
  auto* unpublishing = port_command("unpublish", "publish ports of a container no longer",
                                    "as they were published, or only PORT[/PROTOCOL] of the container");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  if (version->parsed()) return print_version();
  if (checking->parsed()) return check(json);
  if (firewall->parsed()) return told(show_firewall(json));
  if (publishing->parsed()) return told(change(host, "Publish", container, specs));
  if (unpublishing->parsed()) return told(change(host, "Unpublish", container, specs));
  if (bootstrapping->parsed()) return told(bootstrap(host));
  return 2;
}

}  // namespace fairlead::cli
