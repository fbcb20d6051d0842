#include "wire/docker_port_spec.h"

#include <fmt/format.h>

#include <charconv>
#include <optional>

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
