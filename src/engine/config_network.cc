#include "engine/config_network.h"

#include <fmt/format.h>

namespace fairlead::engine {
namespace {

using base::ErrorKind;

CreateNetwork::Pool pool_of(const Subnet& subnet) {
  CreateNetwork::Pool pool{.subnet = subnet.prefix.text()};
  if (subnet.range) pool.ip_range = subnet.range->text();
  if (subnet.gateway) pool.gateway = subnet.gateway->text();
  for (const auto& [name, address] : subnet.auxiliary) pool.auxiliary.emplace(name, address.text());
  return pool;
}

}  // namespace

base::Result<void> check_configuration(const CreateNetwork& command) {
  if (command.config_only) {
    if (command.ingress || command.internal || command.attachable || !command.scope.empty()) {
      return base::fail(ErrorKind::forbidden,
                        "configuration network can only contain network specific fields. Network operator fields like "
                        "[ ingress | internal | attachable | scope ] are not supported.");
    }
    if (!command.config_from.empty()) {
      return base::fail(ErrorKind::forbidden, "a configuration network cannot depend on another configuration network");
    }
  }
  if (command.config_from.empty()) return {};
  const bool own = command.ipv6 || !command.ipv4 || !command.pools.empty() || !command.labels.empty() ||
                   !command.ipam_options.empty();
  if (own) {
    return base::fail(
        ErrorKind::forbidden,
        "user specified configurations are not supported if the network depends on a configuration network");
  }
  if (!command.options.empty()) {
    return base::fail(ErrorKind::forbidden,
                      "network driver options are not supported if the network depends on a configuration network");
  }
  return {};
}

base::Result<CreateNetwork> take_configuration(const State& state, const CreateNetwork& command) {
  const auto source = state.find_network(command.config_from);
  if (!source) {
    return base::fail(ErrorKind::not_found, fmt::format("configuration network \"{}\" not found", command.config_from));
  }
  const Network& given = **source;
  if (!given.config_only) {
    return base::fail(ErrorKind::forbidden,
                      fmt::format("network \"{}\" is not a configuration network", command.config_from));
  }
  CreateNetwork whole = command;
  whole.config_from = given.name;
  whole.ipv4 = given.ipv4;
  whole.ipv6 = given.ipv6;
  for (const auto& subnet : given.subnets) whole.pools.push_back(pool_of(subnet));
  whole.options = given.options;
  whole.labels = given.labels;
  whole.ipam_options = given.ipam_options;
  return whole;
}

std::vector<std::string> made_by(const State& state, const Network& network) {
  std::vector<std::string> names;
  for (const auto& [id, other] : state.networks()) {
    if (network.config_only && other->config_from == network.name) names.push_back(other->name);
  }
  return names;
}

}  // namespace fairlead::engine
