#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>

#include "cli/firewall.h"

namespace fairlead::cli {
namespace {

namespace json = boost::json;
using Row = std::vector<std::string>;

/// Columns as wide as their widest cell.
std::string table(const std::vector<Row>& rows) {
  std::vector<std::size_t> widths(rows.front().size());
  for (const auto& row : rows) {
    for (std::size_t at = 0; at < row.size(); ++at) widths[at] = std::max(widths[at], row[at].size());
  }
  std::string out;
  for (const auto& row : rows) {
    std::string line = " ";
    for (std::size_t at = 0; at < row.size(); ++at) line += fmt::format(" {:<{}} ", row[at], widths[at]);
    out += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
  }
  return out;
}

std::string section(const char* title, const std::vector<Row>& rows) {
  return fmt::format("\n{}\n{}", title, rows.size() == 1 ? "  none\n" : table(rows));
}

bool has(const FirewallView& view, const char* flag) {
  return std::ranges::find(view.flags, flag) != view.flags.end();
}

std::string joined(const std::vector<std::string>& words) {
  return words.empty() ? "-" : fmt::format("{}", fmt::join(words, ", "));
}

std::string place(const std::string& address, std::uint16_t port) {
  return address.contains(':') ? fmt::format("[{}]:{}", address, port) : fmt::format("{}:{}", address, port);
}

/// Where a port is not translated its own address is asked for, by everybody or through one interface.
std::string outer(const FirewallPort& port) {
  if (port.port != 0) return fmt::format("{}/{}", place(port.address, port.port), port.protocol);
  if (port.address.empty()) return fmt::format("itself/{}", port.protocol);
  return fmt::format("itself/{} from {}", port.protocol, port.address);
}

std::string number(const std::optional<std::uint64_t>& value) {
  return value ? fmt::to_string(*value) : "-";
}

std::string state(const FirewallView& view) {
  const auto* owned = has(view, "owner") ? "owned by the daemon, others cannot change it"
                                         : "not owned, whoever may change the ruleset may change it";
  const auto* kept = has(view, "persist") ? "; stays when the daemon ends" : "";
  return fmt::format("table inet fairlead: {}{}\n", owned, has(view, "owner") ? kept : "");
}

json::array strings(const std::vector<std::string>& words) {
  return json::array(words.begin(), words.end());
}

json::value number_or_null(const std::optional<std::uint64_t>& value) {
  return value ? json::value(*value) : json::value(nullptr);
}

}  // namespace

std::string firewall_text(const FirewallView& view) {
  std::vector<Row> networks{{"NETWORK", "BRIDGE", "SUBNETS", "AMONG THEMSELVES", "REACHES OUT", "OTHERS REACH"}};
  for (const auto& n : view.networks) {
    networks.push_back({n.name, n.bridge, n.internal ? "internal" : joined(n.subnets),
                        n.among_themselves ? "yes" : "no", n.reaches_out && !n.internal ? "yes" : "no",
                        n.from_outside});
  }
  std::vector<Row> ports{{"HOST", "CONTAINER", "NETWORK", "NAME", "HOW", "CONNECTIONS"}};
  for (const auto& p : view.ports) {
    ports.push_back(
        {outer(p), place(p.to_address, p.to_port), p.network, p.container, p.intent, number(p.connections)});
  }
  std::vector<Row> sources{{"FROM", "LEAVES UNDER", "NETWORK"}};
  for (const auto& s : view.sources)
    sources.push_back({s.subnet, s.as.empty() ? "the host's address" : s.as, s.network});
  std::vector<Row> rules{{"PACKETS", "BYTES", "CHAIN", "VERDICT", "WHAT FOR"}};
  for (const auto& r : view.rules) rules.push_back({number(r.packets), number(r.bytes), r.chain, r.verdict, r.purpose});
  auto out = state(view) + section("Networks: who may reach whom", networks) + section("Published ports", ports) +
             section("Masquerade", sources) + section("Rules, in order within their chain", rules);
  if (view.others.empty()) return out;
  out += "\nOther programs' chains that drop what they forward, unless their own rules let it through\n";
  for (const auto& chain : view.others) out += fmt::format("  {}\n", chain);
  return out;
}

std::string firewall_json(const FirewallView& view) {
  json::array networks, ports, sources, rules;
  for (const auto& n : view.networks) {
    networks.push_back({{"name", n.name},
                        {"bridge", n.bridge},
                        {"subnets", strings(n.subnets)},
                        {"amongThemselves", n.among_themselves},
                        {"internal", n.internal},
                        {"reachesOut", n.reaches_out && !n.internal},
                        {"othersReach", n.from_outside}});
  }
  for (const auto& p : view.ports) {
    ports.push_back({{"hostAddress", p.address},
                     {"hostPort", p.port},
                     {"protocol", p.protocol},
                     {"containerAddress", p.to_address},
                     {"containerPort", p.to_port},
                     {"network", p.network},
                     {"container", p.container},
                     {"intent", p.intent},
                     {"connections", number_or_null(p.connections)}});
  }
  for (const auto& s : view.sources) sources.push_back({{"subnet", s.subnet}, {"as", s.as}, {"network", s.network}});
  for (const auto& r : view.rules) {
    rules.push_back({{"chain", r.chain},
                     {"verdict", r.verdict},
                     {"purpose", r.purpose},
                     {"packets", number_or_null(r.packets)},
                     {"bytes", number_or_null(r.bytes)}});
  }
  return json::serialize(json::object{{"table", "inet fairlead"},
                                      {"flags", strings(view.flags)},
                                      {"networks", std::move(networks)},
                                      {"ports", std::move(ports)},
                                      {"masquerade", std::move(sources)},
                                      {"rules", std::move(rules)},
                                      {"othersDrop", strings(view.others)}}) +
         "\n";
}

}  // namespace fairlead::cli
