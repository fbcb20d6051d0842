#include "engine/network_mode.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/endpoint_rules.h"

namespace fairlead::engine {
namespace {

using base::ErrorKind;

std::unexpected<base::Error> conflicting(const char* what) {
  return base::fail(ErrorKind::invalid, fmt::format("conflicting options: {}", what));
}

Attachment attachment_for(const State& state, ports::EndpointRequest request) {
  Attachment attachment;
  if (const auto network = state.find_network(request.network)) {
    attachment.network = (*network)->id;
    attachment.network_name = (*network)->name;
  } else {
    attachment.network_name = request.network;
  }
  attachment.request = std::move(request);
  return attachment;
}

/// Host and none stand alone.
base::Result<void> check_mix(const std::string& mode, const std::vector<Attachment>& attachments) {
  const bool shared = is_host_mode(mode) || joined_reference(mode);
  for (const auto& attachment : attachments) {
    const bool own = attachment.network_name == mode;
    if (shared && !own) return base::fail(ErrorKind::invalid, kSharedNamespace);
    if (!shared && attachment.network_name == "host") return base::fail(ErrorKind::invalid, kConnectToHost);
    const bool none = mode == "none" || attachment.network_name == "none";
    if (none && (attachments.size() > 1 || !own)) return base::fail(ErrorKind::invalid, kConnectToNone);
  }
  return {};
}

}  // namespace

std::string resolve_mode(const State& state, const std::string& mode) {
  if (!mode.empty() && mode != "default") return mode;
  return state.settings().bridge == "none" ? "none" : "bridge";
}

std::optional<std::string> joined_reference(const std::string& mode) {
  if (mode != "container" && !mode.starts_with("container:")) return std::nullopt;
  return mode.size() > 10 ? mode.substr(10) : "";
}

bool is_host_mode(const std::string& mode) {
  return mode == "host";
}

bool is_predefined_name(const std::string& name) {
  return name == "bridge" || name == "host" || name == "none" || name == "default";
}

base::Result<void> check_mode(const std::string& mode, const ports::ContainerSpec& asked) {
  if (const auto target = joined_reference(mode)) {
    if (target->empty()) {
      return base::fail(ErrorKind::invalid, "invalid network mode: invalid container format container:<name|id>");
    }
    if (!asked.hostname.empty()) return conflicting("hostname and the network mode");
    if (!asked.links.empty()) {
      return conflicting("container type network can't be used with links. This would result in undefined behavior");
    }
    if (!asked.dns.empty()) return conflicting("dns and the network mode");
    if (!asked.extra_hosts.empty()) return conflicting("custom host-to-IP mapping and the network mode");
    if (asked.mac) return conflicting("mac-address and the network mode");
    if (!asked.port_bindings.empty() || asked.publish_all) {
      return conflicting("port publishing and the container type network mode");
    }
    if (!asked.exposed_ports.empty()) return conflicting("port exposing and the container type network mode");
  }
  if (asked.uts_mode == "host" && !asked.hostname.empty()) return conflicting("hostname and the UTS mode");
  if (asked.uts_mode == "host" && !asked.domainname.empty()) return conflicting("domainname and the UTS mode");
  if (is_host_mode(mode) && !asked.links.empty()) {
    return conflicting("host type networking can't be used with links. This would result in undefined behavior");
  }
  return {};
}

base::Result<std::vector<Attachment>> attachments_of(const State& state, const std::string& mode,
                                                     const std::vector<ports::EndpointRequest>& asked) {
  std::vector<Attachment> attachments;
  const auto own = attachment_for(state, {.network = mode});
  const bool joins = joined_reference(mode).has_value();
  for (auto request : asked) {
    request.network = resolve_mode(state, request.network);
    if (joins && request.network == mode) continue;
    auto attachment = attachment_for(state, std::move(request));
    const auto same = [&](const Attachment& a) { return a.network_name == attachment.network_name; };
    if (std::ranges::any_of(attachments, same)) {
      return base::fail(ErrorKind::invalid,
                        fmt::format("conflicting options: network {} is asked for twice", attachment.network_name));
    }
    const bool first = attachment.network_name == own.network_name;
    attachments.insert(first ? attachments.begin() : attachments.end(), std::move(attachment));
  }
  if (auto mixed = check_mix(own.network_name, attachments); !mixed) return std::unexpected(mixed.error());
  if (attachments.empty() && !joins) attachments.push_back(own);
  for (const auto& attachment : attachments) {
    const auto network = state.network(attachment.network);
    if (auto fits = check_request(network.get(), attachment); !fits) {
      return base::fail(ErrorKind::invalid,
                        fmt::format("invalid config for network {}: {}", attachment.network_name, fits.error().text));
    }
  }
  return attachments;
}

}  // namespace fairlead::engine
