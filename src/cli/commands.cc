#include "cli/commands.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstdlib>
#include <span>
#include <string>
#include <string_view>

#include "base/version.h"
#include "cli/bootstrap.h"
#include "cli/check.h"
#include "cli/import.h"

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

// From a string in pieces, as the transfer asks for them.
ReadBody reader_of(const std::string& bytes) {
  return [rest = std::string_view(bytes)](std::span<char> room) mutable -> base::Result<std::size_t> {
    const auto count = rest.copy(room.data(), room.size());
    rest.remove_prefix(count);
    return count;
  };
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
  auto* image = app.add_subcommand("image", "images without a registry")->require_subcommand(1);
  auto* bootstrapping =
      image->add_subcommand("bootstrap", "make busybox:latest and httpd:latest out of this machine's busybox");
  std::string host = "unix:///run/fairlead/docker.sock";
  bootstrapping->add_option("-H,--host", host, "the daemon's socket")->envname("DOCKER_HOST")->capture_default_str();
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  if (version->parsed()) return print_version();
  if (checking->parsed()) return check(json);
  if (bootstrapping->parsed()) return told(bootstrap(host));
  return 2;
}

}  // namespace fairlead::cli
