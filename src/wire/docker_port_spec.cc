#include "wire/docker_port_spec.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <tuple>
#include <utility>

namespace fairlead::wire {

namespace {

std::optional<std::uint16_t> port_number(std::string_view text) {
  std::uint16_t number = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || code != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::optional<DockerPorts> port_range(std::string_view text) {
  const auto dash = text.find('-');
  const auto first = port_number(text.substr(0, dash));
  const auto last = dash == std::string_view::npos ? first : port_number(text.substr(dash + 1));
  if (!first || !last || *first > *last) return std::nullopt;
  return DockerPorts{.first = *first, .last = *last};
}

}  // namespace

base::Result<DockerPorts> parse_docker_ports(std::string_view text) {
  const auto slash = text.find('/');
  auto range = port_range(text.substr(0, slash));
  if (!range || range->first == 0) {
    return base::fail(base::ErrorKind::invalid, fmt::format("invalid port specification: \"{}\"", text));
  }
  if (slash == std::string_view::npos) return *range;
  range->protocol = text.substr(slash + 1);
  for (char& letter : range->protocol)
    letter = letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter + 32) : letter;
  if (range->protocol != "tcp" && range->protocol != "udp" && range->protocol != "sctp") {
    return base::fail(base::ErrorKind::invalid, fmt::format("invalid proto: {}", range->protocol));
  }
  return *range;
}

ExposedPorts read_exposed_ports(const std::vector<std::string>& keys) {
  ExposedPorts out;
  std::vector<DockerPorts> ranges;
  for (const auto& key : keys) {
    if (auto range = parse_docker_ports(key))
      ranges.push_back(std::move(*range));
    else
      out.unreadable.push_back(key);
  }
  // In order, so that ranges which overlap cost no more than the ports that they name.
  std::ranges::sort(ranges, {}, [](const DockerPorts& range) { return std::tie(range.protocol, range.first); });
  std::string protocol;
  int next = 0;
  for (const auto& range : ranges) {
    if (std::exchange(protocol, range.protocol) != range.protocol) next = 0;
    for (next = std::max<int>(next, range.first); next <= range.last; ++next)
      out.ports.push_back(docker_port_text(static_cast<std::uint16_t>(next), protocol));
  }
  return out;
}

base::Result<DockerPorts> parse_docker_host_ports(std::string_view text) {
  if (text.empty()) return DockerPorts{};
  const auto range = port_range(text);
  if (!range) return base::fail(base::ErrorKind::invalid, fmt::format("invalid port specification: \"{}\"", text));
  return *range;
}

std::string docker_port_text(std::uint16_t port, std::string_view protocol) {
  return fmt::format("{}/{}", port, protocol);
}

}  // namespace fairlead::wire
