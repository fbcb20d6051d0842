#include "cli/publish.h"

#include <fmt/format.h>

#include <boost/json.hpp>
#include <string_view>

#include "cli/http.h"
#include "wire/docker_publish_spec.h"

namespace fairlead::cli {
namespace {

namespace json = boost::json;

std::string range_text(const wire::DockerPorts& ports) {
  if (ports.first == 0) return "";
  return ports.first == ports.last ? fmt::to_string(ports.first) : fmt::format("{}-{}", ports.first, ports.last);
}

void add(const wire::DockerPublishSpec& spec, json::object& bindings) {
  const bool one_by_one = spec.inside.first != spec.inside.last && spec.host.first != 0;
  for (int port = spec.inside.first; port <= spec.inside.last; ++port) {
    auto host = spec.host;
    if (one_by_one) host.first = host.last = static_cast<std::uint16_t>(spec.host.first + port - spec.inside.first);
    auto& list = bindings[fmt::format("{}/{}", port, spec.inside.protocol)];
    if (!list.is_array()) list = json::array();
    list.get_array().push_back({{"HostIp", spec.address ? spec.address->text() : ""}, {"HostPort", range_text(host)}});
  }
}

std::string listing(const json::value& answer) {
  std::string out;
  for (const auto& [inside, places] : answer.at("Ports").as_object()) {
    if (!places.is_array()) continue;
    for (const auto& place : places.get_array()) {
      const std::string_view address = place.at("HostIp").as_string();
      const std::string_view number = place.at("HostPort").as_string();
      out += fmt::format("{} -> {}{}{}:{}\n", std::string_view(inside), address.contains(':') ? "[" : "", address,
                         address.contains(':') ? "]" : "", number);
    }
  }
  return out;
}

}  // namespace

base::Result<std::string> port_change(const std::string& field, const std::vector<std::string>& specs) {
  json::object bindings;
  for (const auto& text : specs) {
    const auto spec = wire::parse_docker_publish_spec(text);
    if (!spec) return std::unexpected(spec.error());
    add(*spec, bindings);
  }
  return json::serialize(json::object{{field, std::move(bindings)}});
}

base::Result<std::string> change_ports(const std::string& socket, const std::string& container,
                                       const std::string& body) {
  const auto reply = post(socket, fmt::format("/fairlead/containers/{}/ports", escape(container)), "application/json",
                          reader_of(body));
  if (!reply) return std::unexpected(reply.error());
  try {
    const auto answer = json::parse(reply->body);
    if (reply->status == 200) return listing(answer);
    return base::fail(base::ErrorKind::internal, std::string(answer.at("message").as_string()));
  } catch (const std::exception&) {
    return base::fail(base::ErrorKind::internal,
                      fmt::format("the daemon answered {} and nothing that can be read", reply->status));
  }
}

}  // namespace fairlead::cli
