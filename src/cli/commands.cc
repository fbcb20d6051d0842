#include "cli/commands.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "base/version.h"
#include "cli/check.h"

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

}  // namespace

int run(int argc, const char* const* argv) {
  CLI::App app("fairlead: what fairleadd does not do by itself", "fairlead");
  app.require_subcommand(1);
  auto* version = app.add_subcommand("version", "print the version");
  auto* checking = app.add_subcommand("check", "say what this host's kernel and programs allow");
  bool json = false;
  checking->add_flag("--json", json, "for programs");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  if (version->parsed()) return print_version();
  if (checking->parsed()) return check(json);
  return 2;
}

}  // namespace fairlead::cli
