#include "wire/docker_publish_spec.h"

#include <fmt/format.h>

namespace fairlead::wire {
namespace {

std::unexpected<base::Error> wrong(std::string_view text, std::string_view why) {
  return base::fail(base::ErrorKind::invalid, fmt::format("invalid publish specification \"{}\": {}", text, why));
}

/// Takes an address off the front: in brackets, or what stands before the last but one colon.
base::Result<std::string_view> take_address(std::string_view text, std::string_view rest, DockerPublishSpec& spec) {
  std::string_view address;
  if (rest.starts_with('[')) {
    const auto end = rest.find("]:");
    if (end == std::string_view::npos) return wrong(text, "an address in brackets needs its end and a colon");
    address = rest.substr(1, end - 1);
    rest = rest.substr(end + 2);
  } else if (const auto last = rest.rfind(':'); last != std::string_view::npos && last > 0) {
    const auto before = rest.rfind(':', last - 1);
    if (before == std::string_view::npos) return rest;
    address = rest.substr(0, before);
    rest = rest.substr(before + 1);
  } else {
    return rest;
  }
  spec.address = base::Ip::parse(address);
  if (!spec.address) return wrong(text, fmt::format("{} is not an IP address", address));
  return rest;
}

}  // namespace

base::Result<DockerPublishSpec> parse_docker_publish_spec(std::string_view text) {
  DockerPublishSpec spec;
  const auto rest = take_address(text, text, spec);
  if (!rest) return std::unexpected(rest.error());
  const auto colon = rest->find(':');
  const auto inside = parse_docker_ports(colon == std::string_view::npos ? *rest : rest->substr(colon + 1));
  if (!inside) return std::unexpected(inside.error());
  const auto host = parse_docker_host_ports(colon == std::string_view::npos ? "" : rest->substr(0, colon));
  if (!host) return std::unexpected(host.error());
  spec.inside = *inside;
  spec.host = *host;
  const int many = spec.inside.last - spec.inside.first;
  if (spec.host.first != 0 && many != 0 && spec.host.last - spec.host.first != many) {
    return wrong(text, "both ranges must have the same size");
  }
  return spec;
}

}  // namespace fairlead::wire
