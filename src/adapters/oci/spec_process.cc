#include <algorithm>

#include "adapters/oci/spec.h"
#include "adapters/oci/spec_parts.h"

namespace fairlead::oci {
namespace {

namespace json = boost::json;

constexpr const char* kPath = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

std::string_view name_of(std::string_view variable) {
  return variable.substr(0, variable.find('='));
}

void lay_over(std::vector<std::string>& env, const std::string& variable) {
  const auto same = std::ranges::find_if(env, [&](const auto& one) { return name_of(one) == name_of(variable); });
  if (!variable.contains('=')) {
    if (same != env.end()) env.erase(same);
  } else if (same != env.end()) {
    *same = variable;
  } else {
    env.push_back(variable);
  }
}

}  // namespace

std::vector<std::string> make_environment(const std::vector<std::string>& env, const std::string& hostname, bool tty,
                                          const std::string& home) {
  std::vector<std::string> all = {kPath, "HOSTNAME=" + hostname};
  if (tty) all.emplace_back("TERM=xterm");
  for (const auto& variable : env)
    if (!variable.empty() && !variable.starts_with('=')) lay_over(all, variable);
  if (std::ranges::none_of(all, [](const auto& one) { return name_of(one) == "HOME"; })) all.push_back("HOME=" + home);
  return all;
}

json::object make_process(const ProcessInput& input) {
  json::object process;
  process["terminal"] = input.tty;
  if (input.tty && input.height != 0 && input.width != 0)
    process["consoleSize"] = {{"height", input.height}, {"width", input.width}};
  json::object user{{"uid", input.user.uid}, {"gid", input.user.gid}};
  if (!input.user.groups.empty())
    user["additionalGids"] = json::array(input.user.groups.begin(), input.user.groups.end());
  process["user"] = std::move(user);
  process["args"] = strings(input.args);
  process["env"] = strings(input.env);
  process["cwd"] = input.cwd.empty() ? "/" : input.cwd;
  json::object capabilities{{"bounding", strings(input.capabilities)}};
  // As execve(2) would leave them: only root keeps what it may have.
  if (input.user.uid == 0) {
    capabilities["effective"] = strings(input.capabilities);
    capabilities["permitted"] = strings(input.capabilities);
  }
  process["capabilities"] = std::move(capabilities);
  process["noNewPrivileges"] = input.no_new_privileges;
  if (!input.apparmor_profile.empty()) process["apparmorProfile"] = input.apparmor_profile;
  if (!input.selinux_label.empty()) process["selinuxLabel"] = input.selinux_label;
  return process;
}

std::optional<std::string> security_option(const std::vector<std::string>& options, std::string_view key) {
  std::optional<std::string> value;
  for (const auto& option : options)
    if (option.starts_with(key) && option.size() > key.size() &&
        (option[key.size()] == '=' || option[key.size()] == ':'))
      value = option.substr(key.size() + 1);
  return value;
}

bool no_new_privileges(const std::vector<std::string>& options) {
  const auto value = security_option(options, "no-new-privileges");
  if (value) return *value == "true" || *value == "1";
  return std::ranges::find(options, "no-new-privileges") != options.end();
}

}  // namespace fairlead::oci
