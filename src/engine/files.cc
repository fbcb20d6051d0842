#include "engine/files.h"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>

#include "engine/name_view.h"
#include "engine/network_mode.h"

namespace fairlead::engine {
namespace {

constexpr char kLocalhost[] =
    "127.0.0.1\tlocalhost\n"
    "::1\tlocalhost ip6-localhost ip6-loopback\n"
    "fe00::\tip6-localnet\n"
    "ff00::\tip6-mcastprefix\n"
    "ff02::1\tip6-allnodes\n"
    "ff02::2\tip6-allrouters\n";

/// What `host-gateway` stands for: what the administrator said, else the default bridge's addresses.
std::vector<base::Ip> host_gateway(const State& state) {
  if (!state.settings().host_gateway.empty()) return state.settings().host_gateway;
  std::vector<base::Ip> found;
  const auto network = state.find_network("bridge");
  if (!network) return found;
  for (const auto& subnet : (*network)->subnets) {
    if (subnet.gateway) found.push_back(*subnet.gateway);
  }
  return found;
}

std::string extra_host(const State& state, const std::string& entry) {
  const auto at = entry.find_first_of(":=");
  if (at == std::string::npos) return {};
  const auto name = entry.substr(0, at);
  std::string address = entry.substr(at + 1), out;
  if (address == "host-gateway") {
    for (const auto& gateway : host_gateway(state)) out += fmt::format("{}\t{}\n", gateway.text(), name);
    return out;
  }
  if (address.starts_with('[') && address.ends_with(']')) address = address.substr(1, address.size() - 2);
  return address.empty() ? "" : fmt::format("{}\t{}\n", address, name);
}

/// `--link other:alias` on the default bridge: the other's address under its alias, its short id and its name.
std::string link_line(const State& state, const std::string& link) {
  const auto colon = link.find(':');
  const auto target = state.find_container(link.substr(0, colon));
  if (!target) return {};
  const auto& other = **target;
  const auto alias = colon == std::string::npos ? other.name : link.substr(colon + 1);
  for (const auto& attachment : other.attachments) {
    if (attachment.network_name != "bridge" || !attachment.endpoint || !attachment.endpoint->ipv4) continue;
    return fmt::format("{}\t{} {} {}\n", attachment.endpoint->ipv4->address().text(), alias, hostname(other, {}),
                       other.name);
  }
  return {};
}

struct Resolver {
  std::vector<std::string> servers, search, options;
};

/// resolv.conf(5): only the last `search` or `domain` counts, `options` add up.
Resolver parse_resolver(const std::string& text) {
  Resolver found;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string key, word;
    words >> key;
    if (key == "search" || key == "domain") found.search.clear();
    while (words >> word) {
      if (word.starts_with('#') || word.starts_with(';')) break;
      if (key == "nameserver") found.servers.push_back(word);
      if (key == "search" || key == "domain") found.search.push_back(word);
      if (key == "options") found.options.push_back(word);
    }
  }
  return found;
}

/// Servers that answer inside the container's namespace too: neither loopback nor, without IPv6 there, an IPv6 one.
bool is_reachable(const std::string& server) {
  const auto address = base::Ip::parse(server);
  return address && address->is_v4() && !address->is_loopback();
}

const std::vector<std::string>& first_given(const std::vector<std::string>& own, const std::vector<std::string>& daemon,
                                            const std::vector<std::string>& host) {
  return !own.empty() ? own : !daemon.empty() ? daemon : host;
}

std::string line(const char* key, const std::vector<std::string>& words) {
  return words.empty() ? "" : fmt::format("{} {}\n", key, fmt::join(words, " "));
}

}  // namespace

std::string hosts_file(const State& state, const Container& container, const std::string& host_file) {
  std::string out = is_host_mode(container.spec.network_mode) && !host_file.empty() ? host_file : kLocalhost;
  if (!out.ends_with('\n')) out += '\n';
  for (const auto& entry : container.spec.extra_hosts) out += extra_host(state, entry);
  for (const auto& link : container.spec.links) out += link_line(state, link);
  auto names = hostname(container, {});
  if (!container.spec.domainname.empty()) names = fmt::format("{0}.{1} {0}", names, container.spec.domainname);
  for (const auto& attachment : container.attachments) {
    if (!attachment.endpoint) continue;
    for (const auto& place : {attachment.endpoint->ipv4, attachment.endpoint->ipv6}) {
      if (place) out += fmt::format("{}\t{}\n", place->address().text(), names);
    }
  }
  return out;
}

std::string resolv_conf(const State& state, const Container& container, const std::string& host_file) {
  const auto& spec = container.spec;
  const auto& settings = state.settings();
  const bool host_mode = is_host_mode(spec.network_mode);
  const bool as_it_is = spec.dns.empty() && spec.dns_search.empty() && spec.dns_options.empty() &&
                        settings.dns.empty() && settings.dns_search.empty() && settings.dns_options.empty();
  if (host_mode && as_it_is) return host_file;
  auto host = parse_resolver(host_file);
  const bool own_server = has_names(state, container);
  if (!host_mode) std::erase_if(host.servers, [](const std::string& s) { return !is_reachable(s); });
  // Docker's own way out when the host's servers are of no use inside.
  if (host.servers.empty()) host.servers = {"8.8.8.8", "8.8.4.4"};
  auto search = first_given(spec.dns_search, settings.dns_search, host.search);
  if (search == std::vector<std::string>{"."}) search.clear();
  auto options = first_given(spec.dns_options, settings.dns_options, host.options);
  std::string out;
  if (own_server) {
    // The name server knows --dns and the host's servers; without ndots:0 a name would meet the search list first.
    out = fmt::format("nameserver {}\n", kNameServer);
    if (std::ranges::none_of(options, [](const std::string& o) { return o.starts_with("ndots:"); }))
      options.emplace_back("ndots:0");
  } else {
    for (const auto& server : first_given(spec.dns, settings.dns, host.servers)) out += "nameserver " + server + "\n";
  }
  return out + line("search", search) + line("options", options);
}

std::string hostname(const Container& container, const std::string& host_name) {
  if (!container.spec.hostname.empty()) return container.spec.hostname;
  return is_host_mode(container.spec.network_mode) && !host_name.empty() ? host_name : container.id.short_text();
}

}  // namespace fairlead::engine
