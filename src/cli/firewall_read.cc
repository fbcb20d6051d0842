#include <boost/json.hpp>
#include <map>
#include <utility>

#include "cli/firewall.h"

namespace fairlead::cli {
namespace {

namespace json = boost::json;

const json::value& member(const json::value& value, std::string_view name) {
  static const json::value nothing;
  const auto* object = value.if_object();
  const auto* found = object == nullptr ? nullptr : object->if_contains(name);
  return found == nullptr ? nothing : *found;
}

const json::array& list(const json::value& value) {
  static const json::array nothing;
  return value.is_array() ? value.get_array() : nothing;
}

std::string text(const json::value& value) {
  if (value.is_string()) return std::string(value.get_string());
  if (const auto& prefix = member(value, "prefix"); prefix.is_object())
    return text(member(prefix, "addr")) + "/" + text(member(prefix, "len"));
  return value.is_int64() ? std::to_string(value.get_int64()) : "";
}

std::uint16_t port(const json::value& value) {
  std::error_code wrong;
  const auto number = value.to_number<std::uint16_t>(wrong);
  return wrong ? 0 : number;
}

std::optional<std::uint64_t> count(const json::value& value) {
  std::error_code wrong;
  const auto number = value.to_number<std::uint64_t>(wrong);
  if (wrong) return std::nullopt;
  return number;
}

/// The fields of a key or value, one or several.
std::vector<json::value> fields(const json::value& value) {
  const auto& several = list(member(value, "concat"));
  return several.empty() ? std::vector<json::value>{value} : std::vector<json::value>(several.begin(), several.end());
}

struct Element {
  std::vector<json::value> key, value;
  std::string comment;
  std::optional<std::uint64_t> packets;
};

Element element(const json::value& raw) {
  const bool mapped = list(raw).size() == 2;
  const auto& key = mapped ? list(raw)[0] : raw;
  const auto& inner = member(key, "elem");
  Element out{fields(inner.is_null() ? key : member(inner, "val")),
              {},
              text(member(inner, "comment")),
              count(member(member(inner, "counter"), "packets"))};
  if (mapped) out.value = fields(list(raw)[1]);
  return out;
}

using Sets = std::map<std::string, std::vector<Element>>;

/// Comments are `network NAME: intent` or `NETWORK CONTAINER: intent`; no name has a space or a colon.
struct Words {
  std::string first, second, intent;
};
Words words(const std::string& comment) {
  const auto colon = comment.find(": ");
  const auto names = comment.substr(0, colon);
  const auto space = names.find(' ');
  return {names.substr(0, space), space == std::string::npos ? "" : names.substr(space + 1),
          colon == std::string::npos ? "" : comment.substr(colon + 2)};
}

bool holds(Sets& sets, const char* set, const std::string& first) {
  for (const auto& element : sets[set]) {
    if (text(element.key.front()) == first) return true;
  }
  return false;
}

std::string from_outside(Sets& sets, const FirewallNetwork& network) {
  if (network.internal) return "nothing";
  std::string out = "published ports";
  for (const auto& [family, open, routed] : {std::tuple("IPv4", "open4", "routed4"), {"IPv6", "open6", "routed6"}}) {
    if (holds(sets, open, network.bridge)) out += std::string(", ") + family + " addresses";
    if (holds(sets, routed, network.bridge)) out += std::string(", ") + family + " ping";
  }
  return out;
}

void add_networks(Sets& sets, FirewallView& view) {
  for (const auto& bridge : sets["bridges"]) {
    FirewallNetwork network{words(bridge.comment).second, text(bridge.key.front())};
    for (const auto* set : {"home4", "home6"}) {
      for (const auto& home : sets[set]) {
        if (words(home.comment).second == network.name) network.subnets.push_back(text(home.key.front()));
      }
    }
    network.among_themselves = holds(sets, "icc", network.bridge);
    network.internal = holds(sets, "internal", network.bridge);
    network.reaches_out = holds(sets, "egress", network.bridge);
    network.from_outside = from_outside(sets, network);
    view.networks.push_back(std::move(network));
  }
}

void add_port(const Element& element, FirewallPort out, FirewallView& view) {
  auto [network, container, intent] = words(element.comment);
  out.network = std::move(network);
  out.container = std::move(container);
  out.intent = std::move(intent);
  out.connections = element.packets;  // every later packet of a connection passes by the maps
  view.ports.push_back(std::move(out));
}

void add_ports(Sets& sets, FirewallView& view) {
  for (const auto& [set, every] :
       {std::pair("publish4", "0.0.0.0"), {"publish6", "::"}, {"publish_at4", ""}, {"publish_at6", ""}}) {
    for (const auto& element : sets[set]) {
      const auto& key = element.key;
      const std::size_t at = *every == '\0' ? 1 : 0;
      if (key.size() != at + 2 || element.value.size() != 2) continue;
      add_port(element,
               {at == 0 ? every : text(key[0]), text(key[at]), port(key[at + 1]), text(element.value[0]),
                port(element.value[1])},
               view);
    }
  }
  for (const auto* set : {"open_port4", "open_port6"}) {
    for (const auto& element : sets[set]) {
      if (element.key.size() != 3) continue;
      add_port(element, {"", text(element.key[1]), 0, text(element.key[0]), port(element.key[2])}, view);
    }
  }
  for (const auto* set : {"trusted4", "trusted6"}) {
    for (const auto& element : sets[set]) {
      const auto& key = element.key;
      if (key.size() != 4) continue;
      add_port(element, {text(key[0]), text(key[2]), 0, text(key[1]), port(key[3])}, view);
    }
  }
}

void add_sources(Sets& sets, FirewallView& view) {
  for (const auto* set : {"masq", "masq6", "source4", "source6"}) {
    for (const auto& element : sets[set]) {
      view.sources.push_back({text(element.key.front()), element.value.empty() ? "" : text(element.value.front()),
                              words(element.comment).second});
    }
  }
}

/// The map or set that a rule without a comment asks.
std::string asked(const json::value& expression) {
  if (const auto name = text(expression); name.starts_with('@')) return name.substr(1);
  if (const auto* object = expression.if_object()) {
    for (const auto& [name, value] : *object) {
      if (auto found = asked(value); !found.empty()) return found;
    }
  }
  for (const auto& value : list(expression)) {
    if (auto found = asked(value); !found.empty()) return found;
  }
  return "";
}

FirewallRule rule(const json::value& raw) {
  FirewallRule out{text(member(raw, "chain")), "", text(member(raw, "comment"))};
  for (const auto& statement : list(member(raw, "expr"))) {
    const auto* object = statement.if_object();
    if (object == nullptr || object->empty()) continue;
    const std::string name(object->begin()->key());
    const auto& value = object->begin()->value();
    if (name == "counter") {
      out.packets = count(member(value, "packets"));
      out.bytes = count(member(value, "bytes"));
    } else if (name == "jump" || name == "goto") {
      out.verdict = name + " " + text(member(value, "target"));
    } else if (name != "match") {
      out.verdict = name;
    }
  }
  if (out.purpose.empty()) {
    if (const auto name = asked(member(raw, "expr")); !name.empty()) out.purpose = "by map " + name;
  }
  return out;
}

bool drops_forwarded(const json::value& chain) {
  return text(member(chain, "hook")) == "forward" && text(member(chain, "policy")) == "drop";
}

}  // namespace

base::Result<FirewallView> read_firewall(std::string_view ruleset) {
  boost::system::error_code wrong;
  const auto whole = json::parse(ruleset, wrong, {}, {.max_depth = 64});
  if (wrong) return base::fail(base::ErrorKind::invalid, "the ruleset is not JSON: " + wrong.message());
  FirewallView view;
  Sets sets;
  std::vector<FirewallRule> last;
  bool found = false;
  for (const auto& item : list(member(whole, "nftables"))) {
    const auto* object = item.if_object();
    if (object == nullptr || object->empty()) continue;
    const std::string kind(object->begin()->key());
    const auto& value = object->begin()->value();
    const auto table = text(member(value, kind == "table" ? "name" : "table"));
    const auto family = text(member(value, "family"));
    if (family != "inet" || table != "fairlead") {
      if (kind == "chain" && drops_forwarded(value))
        view.others.push_back(family + " " + table + " " + text(member(value, "name")));
    } else if (kind == "table") {
      found = true;
    } else if (kind == "rule") {
      view.rules.push_back(rule(value));
    } else if (kind == "set" || kind == "map") {
      auto& elements = sets[text(member(value, "name"))];
      for (const auto& raw : list(member(value, "elem"))) elements.push_back(element(raw));
    } else if (kind == "chain" && text(member(value, "hook")) == "forward") {
      last.push_back({text(member(value, "name")), text(member(value, "policy")), "everything else"});
    }
  }
  if (!found) {
    return base::fail(base::ErrorKind::not_found,
                      "there is no table \"inet fairlead\" in this network namespace: is fairleadd running in it, "
                      "without --iptables=false?");
  }
  for (auto& policy : last) view.rules.push_back(std::move(policy));  // chains come before all rules
  add_networks(sets, view);
  add_ports(sets, view);
  add_sources(sets, view);
  return view;
}

}  // namespace fairlead::cli
