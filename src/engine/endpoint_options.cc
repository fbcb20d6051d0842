#include "engine/endpoint_options.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "engine/network_options.h"

namespace fairlead::engine {
namespace {

/// `net.ipv4.conf.IFNAME.log_martians=1`, taken apart.
struct Setting {
  std::array<std::string, 5> words;  ///< net, ipv4, conf, IFNAME, and the rest
  std::string value;
};

std::vector<std::string> parts_of(const std::string& text, char separator, std::size_t most) {
  std::vector<std::string> parts;
  std::size_t begin = 0;
  for (auto end = text.find(separator); end != std::string::npos && parts.size() + 1 < most;
       end = text.find(separator, begin)) {
    parts.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  parts.push_back(text.substr(begin));
  return parts;
}

std::optional<Setting> parse_setting(const std::string& text) {
  const auto equals = text.find('=');
  const auto words = parts_of(text.substr(0, equals), '.', 5);
  // The client turns the key to lower case.
  if (equals == std::string::npos || words.size() != 5 || words[0] != "net") return std::nullopt;
  if (words[1] != "ipv4" && words[1] != "ipv6" && words[1] != "mpls") return std::nullopt;
  if (words[3] != "IFNAME" && words[3] != "ifname") return std::nullopt;
  const auto is_plain = [](const std::string& word) { return !word.empty() && !word.contains('/'); };
  if (!std::ranges::all_of(words, is_plain) || words[4].contains('.')) return std::nullopt;
  Setting setting{.value = text.substr(equals + 1)};
  std::ranges::copy(words, setting.words.begin());
  return setting;
}

std::vector<std::string> settings_of(const ports::EndpointRequest& request) {
  const auto at = request.driver_opts.find(kEndpointSysctls);
  return at == request.driver_opts.end() ? std::vector<std::string>{} : parts_of(at->second, ',', 64);
}

}  // namespace

std::vector<std::string> option_complaints(const ports::EndpointRequest& request) {
  std::vector<std::string> wrong;
  for (const auto& text : settings_of(request)) {
    if (parse_setting(text)) continue;
    wrong.push_back(
        fmt::format("unrecognised network interface sysctl '{}'; represent 'net.X.Y.ethN.Z=V' as "
                    "'net.X.Y.IFNAME.Z=V', 'X' must be 'ipv4', 'ipv6' or 'mpls'",
                    text));
  }
  const auto name = request.driver_opts.find(kEndpointInterface);
  if (name != request.driver_opts.end() && (!is_interface_name(name->second) || name->second == "lo"))
    wrong.push_back(fmt::format("invalid interface name: {}", name->second));
  return wrong;
}

std::optional<std::string> asked_interface(const ports::EndpointRequest& request) {
  const auto name = request.driver_opts.find(kEndpointInterface);
  return name == request.driver_opts.end() ? std::nullopt : std::optional(name->second);
}

std::vector<ports::Sysctl> asked_sysctls(const ports::EndpointRequest& request, const std::string& netns,
                                         const std::string& interface) {
  std::vector<ports::Sysctl> sysctls;
  for (const auto& text : settings_of(request)) {
    const auto setting = parse_setting(text);
    if (!setting) continue;
    const auto& words = setting->words;
    sysctls.push_back(
        {netns, fmt::format("{}/{}/{}/{}/{}", words[0], words[1], words[2], interface, words[4]), setting->value});
  }
  return sysctls;
}

}  // namespace fairlead::engine
