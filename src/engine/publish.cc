#include "engine/publish.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <set>
#include <unordered_map>
#include <utility>

#include "engine/gateway.h"
#include "engine/network_options.h"

namespace fairlead::engine {
namespace {

using base::ErrorKind;
using base::Family;

constexpr std::array kFamilies = {Family::v4, Family::v6};

ports::L4Protocol protocol_of(const std::string& name) {
  return {static_cast<std::uint8_t>(name == "udp" ? 17 : name == "sctp" ? 132 : 6)};
}

/// `80/tcp`. Nothing for what cannot be read: a record of an older version may hold what its image said.
std::optional<ports::PortBinding> exposed_port(const std::string& text) {
  const auto slash = std::min(text.find('/'), text.size());
  ports::PortBinding exposed;
  const auto [end, error] = std::from_chars(text.data(), text.data() + slash, exposed.container_port);
  if (error != std::errc{} || end != text.data() + slash || exposed.container_port == 0) return std::nullopt;
  if (slash != text.size()) exposed.protocol = text.substr(slash + 1);
  static constexpr std::array known = {"tcp", "udp", "sctp"};
  return std::ranges::find(known, exposed.protocol) != known.end() ? std::optional(std::move(exposed)) : std::nullopt;
}

/// What is asked for, with the exposed ports that `-P` adds.
std::vector<ports::PortBinding> bindings_of(const ports::ContainerSpec& spec) {
  auto all = spec.port_bindings;
  if (!spec.publish_all) return all;
  std::set<std::pair<std::uint16_t, std::string>> bound;
  for (const auto& binding : all) bound.emplace(binding.container_port, binding.protocol);
  for (const auto& text : spec.exposed_ports) {
    auto exposed = exposed_port(text);
    if (exposed && bound.emplace(exposed->container_port, exposed->protocol).second) all.push_back(std::move(*exposed));
  }
  return all;
}

/// Whether the family is served at the host's address, and not only at the container's own.
bool is_at_host(const State& state, const Container& container, Family family) {
  const auto* attachment = publish_attachment(state, container, family);
  return attachment && gateway_mode(*state.network(attachment->network), family) != GatewayMode::routed;
}

/// Where a binding without an address is published: `host_binding_ipv4` of the network that leads out, else the
/// daemon's `--ip`; none for every address of both families. A routed family has no address of the host.
std::optional<base::Ip> default_address(const State& state, const Container& container) {
  const auto* attachment = publish_attachment(state, container, Family::v4);
  if (!attachment) attachment = publish_attachment(state, container, Family::v6);
  const auto network = attachment ? state.network(attachment->network) : nullptr;
  if (!network) return std::nullopt;
  const auto option = network->options.find(kOptionBinding);
  const auto address =
      option == network->options.end() ? state.settings().default_binding : base::Ip::parse(option->second);
  if (address && !address->is_unspecified()) return address;
  const auto routed = [&](Family family) {
    return publish_attachment(state, container, family) && !is_at_host(state, container, family);
  };
  if (routed(Family::v6)) return base::Ip::v4(0);
  if (routed(Family::v4)) return base::Ip::v6({});
  return std::nullopt;
}

/// Whether a binding at that address takes a port of the host, or opens the container's own only.
bool has_host_port(const State& state, const Container& container, const std::optional<base::Ip>& address) {
  if (address && publish_attachment(state, container, address->family()))
    return is_at_host(state, container, address->family());
  return std::ranges::any_of(kFamilies, [&](Family family) { return is_at_host(state, container, family); });
}

/// Looks for numbers for one container, one binding after the other.
class Search {
 public:
  Search(const State& state, const Container& container, const Facts& facts)
      : state_(state), container_(container), facts_(facts) {
    for (const auto& old : container.published) {
      if (old.chosen) chosen_before_.emplace(place_of(old), old.host.number);
    }
  }

  base::Result<void> add(const ports::PortBinding& binding, const std::optional<base::Ip>& address) {
    Published wanted{.host = {address, protocol_of(binding.protocol), binding.host_port},
                     .container_port = binding.container_port};
    wanted.chosen = binding.host_port == 0 || binding.host_port_end != 0;
    if (!wanted.chosen) {
      if (!is_free(wanted.host)) return taken_already(wanted.host);
      take(std::move(wanted));
      return {};
    }
    const auto first = binding.host_port != 0 ? binding.host_port : facts_.host.first_ephemeral;
    const auto last = binding.host_port != 0 ? binding.host_port_end : facts_.host.last_ephemeral;
    if (keep(wanted, first, last)) return {};
    // A range of the user's is filled from its beginning, the kernel's from anywhere.
    const std::uint32_t count = last - first + 1u;
    const std::uint32_t start = binding.host_port != 0 ? 0 : random_number() % count;
    for (std::uint32_t i = 0; i < count; ++i) {
      wanted.host.number = static_cast<std::uint16_t>(first + (start + i) % count);
      if (!is_free(wanted.host) || is_busy(wanted.host)) continue;
      take(std::move(wanted));
      return {};
    }
    wanted.host.number = first;
    return binding.host_port != 0
               ? taken_already(wanted.host)
               : base::fail(ErrorKind::internal, fmt::format("all ports from {} to {} are taken", first, last));
  }

  std::vector<Published> found;

 private:
  /// What is published where, without its number.
  using Place = std::pair<ports::HostPort, std::uint16_t>;
  static Place place_of(const Published& published) {
    return {{published.host.address, published.host.protocol, 0}, published.container_port};
  }
  std::uint32_t random_number() const {
    const auto bytes = facts_.entropy();
    return bytes[0] | bytes[1] << 8 | bytes[2] << 16;
  }
  bool is_busy(const ports::HostPort& port) const {
    return std::ranges::any_of(facts_.busy, [&](const auto& other) { return ports::meet(port, other); });
  }
  bool is_free(const ports::HostPort& port) const {
    const auto [first, last] = taken_.equal_range(ports::slot(port));
    const auto in_the_way = [&](const auto& own) { return ports::meet(own.second, port); };
    return std::none_of(first, last, in_the_way) && !state_.publisher(port, container_.id);
  }
  void take(Published published) {
    taken_.emplace(ports::slot(published.host), published.host);
    found.push_back(std::move(published));
  }
  /// The number that it has already, if it still serves.
  bool keep(Published wanted, std::uint16_t first, std::uint16_t last) {
    const auto [begin, end] = chosen_before_.equal_range(place_of(wanted));
    for (auto old = begin; old != end; ++old) {
      wanted.host.number = old->second;
      if (wanted.host.number < first || wanted.host.number > last || !is_free(wanted.host)) continue;
      take(std::move(wanted));
      return true;
    }
    return false;
  }
  static base::Result<void> taken_already(const ports::HostPort& port) {
    const auto text = ports::describe(port);
    return base::fail(ErrorKind::internal, fmt::format("Bind for {} failed: port is already allocated",
                                                       text.substr(0, text.find_last_of('/'))));
  }

  const State& state_;
  const Container& container_;
  const Facts& facts_;
  std::unordered_multimap<std::uint32_t, ports::HostPort> taken_;  ///< what is found, by its slot
  std::multimap<Place, std::uint16_t> chosen_before_;              ///< numbers that it has already
};

}  // namespace

const Attachment* publish_attachment(const State& state, const Container& container, Family family) {
  const auto* attachment = gateway_attachment(state, container, family);
  if (!attachment) return nullptr;
  const auto network = state.network(attachment->network);
  return network->driver == Driver::bridge && gateway_mode(*network, family) != GatewayMode::isolated ? attachment
                                                                                                      : nullptr;
}

base::Result<void> settle_ports(const State& state, Container& container, const Facts& facts) {
  const bool leads_out = std::ranges::any_of(
      kFamilies, [&](Family family) { return publish_attachment(state, container, family) != nullptr; });
  if (!leads_out) {
    container.published.clear();
    return {};
  }
  const auto any = default_address(state, container);
  Search search(state, container, facts);
  for (const auto& binding : bindings_of(container.spec)) {
    const auto address = binding.host_ip.empty() ? any : base::Ip::parse(binding.host_ip);
    if (!has_host_port(state, container, address)) {
      search.found.push_back({{std::nullopt, protocol_of(binding.protocol), 0}, binding.container_port});
      continue;
    }
    auto added = search.add(binding, address);
    if (!added) return std::unexpected(publish_error(state, container, added.error()));
  }
  container.published = std::move(search.found);
  return {};
}

base::Error publish_error(const State& state, const Container& container, base::Error reason) {
  const auto* attachment = publish_attachment(state, container, Family::v4);
  if (!attachment) attachment = publish_attachment(state, container, Family::v6);
  reason.text = fmt::format(
      "failed to set up container networking: driver failed programming external connectivity on endpoint {} ({}): {}",
      container.name, attachment ? attachment->endpoint->id.text() : "", reason.text);
  reason.kind = ErrorKind::internal;
  return reason;
}

std::optional<ports::PortTarget> target_of(const State& state, const Container& container, const Published& published) {
  const auto& host = published.host.address;
  // Who reaches the socket of both families is an IPv6 client, for whom the container's IPv6 address comes first.
  const auto order = host && host->is_v4() ? kFamilies : std::array{Family::v6, Family::v4};
  for (const auto family : order) {
    if (const auto* attachment = publish_attachment(state, container, family)) {
      return ports::PortTarget{address_of(*attachment->endpoint, family)->address(), published.container_port};
    }
  }
  return std::nullopt;
}

}  // namespace fairlead::engine
