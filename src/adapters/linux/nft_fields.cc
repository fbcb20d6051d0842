#include "adapters/linux/nft_fields.h"

#include <arpa/inet.h>
#include <fmt/format.h>
// The order matters: these need the types of arpa/inet.h.
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

#include <algorithm>

#include "base/overload.h"
#include "wire/nft_text.h"

namespace fairlead::linuxnet {
namespace {

using Bytes = std::vector<std::uint8_t>;

constexpr std::size_t interface_size = 16;
constexpr std::size_t longest_comment = 128;  // NFTNL_UDATA_COMMENT_MAXLEN

/// First and last value of a field, and its type.
struct Range {
  std::uint32_t type = 0;
  Bytes first, last;
};

Bytes bytes_of(const base::Ip& ip) {
  return {ip.bytes().begin(), ip.bytes().end()};
}
std::uint32_t type_of(base::Family family) {
  return family == base::Family::v4 ? wire::nft_ipv4_addr : wire::nft_ipv6_addr;
}

Range single(std::uint32_t type, const Bytes& value) {
  return {type, value, value};
}

Range range_of(const ports::Field& field) {
  return std::visit(
      base::Overload{
          [](const base::Ip& ip) { return single(type_of(ip.family()), bytes_of(ip)); },
          [](const base::Prefix& prefix) {
            return Range{type_of(prefix.family()), bytes_of(prefix.network().address()), bytes_of(prefix.last())};
          },
          [](const ports::InterfaceName& interface) {
            Bytes name(interface.name.begin(), interface.name.end());
            name.resize(interface_size);
            return single(wire::nft_ifname, name);
          },
          [](const ports::Port& port) {
            return single(wire::nft_inet_service,
                          {static_cast<std::uint8_t>(port.number >> 8), static_cast<std::uint8_t>(port.number)});
          },
          [](const ports::L4Protocol& protocol) { return single(wire::nft_inet_proto, {protocol.number}); },
          [](const ports::Verdict&) { return Range{wire::nft_verdict, {}, {}}; },
      },
      field);
}

base::Result<std::vector<Range>> ranges_of(const std::vector<ports::Field>& fields,
                                           const std::vector<std::uint32_t>& types, const std::string& set) {
  std::vector<Range> ranges;
  for (const auto& field : fields) ranges.push_back(range_of(field));
  if (!std::ranges::equal(ranges, types, {}, &Range::type)) {
    return base::fail(base::ErrorKind::invalid, fmt::format("the element does not fit the types of set {}", set));
  }
  return ranges;
}

/// Every field of a concatenation starts on a register, four bytes.
void append_padded(Bytes& out, const Bytes& field) {
  out.insert(out.end(), field.begin(), field.end());
  out.resize((out.size() + 3) / 4 * 4);
}

Bytes joined(const std::vector<Range>& ranges, Bytes Range::* end) {
  if (ranges.size() == 1) return ranges.front().*end;
  Bytes out;
  for (const auto& range : ranges) append_padded(out, range.*end);
  return out;
}

/// The value behind `last`; nothing behind the last of all.
std::optional<Bytes> next(Bytes last) {
  for (auto byte = last.rbegin(); byte != last.rend(); ++byte) {
    if (++*byte != 0) return last;
  }
  return std::nullopt;
}

Bytes previous(Bytes value) {
  for (auto byte = value.rbegin(); byte != value.rend(); ++byte) {
    if ((*byte)-- != 0) break;
  }
  return value;
}

wire::NftVerdict verdict_of(const ports::Verdict& verdict) {
  switch (verdict.kind) {
    case ports::Verdict::Kind::accept:
      return {NF_ACCEPT, {}};
    case ports::Verdict::Kind::drop:
      return {NF_DROP, {}};
    case ports::Verdict::Kind::jump:
      return {NFT_JUMP, verdict.chain};
    case ports::Verdict::Kind::go:
      return {NFT_GOTO, verdict.chain};
  }
  return {NF_DROP, {}};
}

std::optional<ports::Field> field_of(const wire::NftVerdict& verdict) {
  using Kind = ports::Verdict::Kind;
  switch (verdict.code) {
    case NF_ACCEPT:
      return ports::Verdict{Kind::accept, {}};
    case NF_DROP:
      return ports::Verdict{Kind::drop, {}};
    case NFT_JUMP:
      return ports::Verdict{Kind::jump, verdict.chain};
    case NFT_GOTO:
      return ports::Verdict{Kind::go, verdict.chain};
    default:
      return std::nullopt;
  }
}

/// The prefix that spans exactly `first` to `last`, as an address when that is all of it.
std::optional<ports::Field> address_field(const Bytes& first, const Bytes& last) {
  const auto ip = base::Ip::from_bytes(first);
  if (!ip) return std::nullopt;
  if (first == last) return *ip;
  for (int length = 0; length < ip->bits(); ++length) {
    const base::Prefix prefix(*ip, length);
    if (prefix.is_network() && bytes_of(prefix.last()) == last) return prefix;
  }
  return std::nullopt;
}

std::optional<ports::Field> field_of(const Range& range) {
  if (range.type == wire::nft_ipv4_addr || range.type == wire::nft_ipv6_addr)
    return address_field(range.first, range.last);
  if (range.first != range.last) return std::nullopt;
  const auto& value = range.first;
  switch (range.type) {
    case wire::nft_inet_service:
      return ports::Port{static_cast<std::uint16_t>(value[0] << 8 | value[1])};
    case wire::nft_inet_proto:
      return ports::L4Protocol{value[0]};
    case wire::nft_ifname: {
      const auto* name = reinterpret_cast<const char*>(value.data());
      return ports::InterfaceName{{name, strnlen(name, value.size())}};
    }
    default:
      return std::nullopt;
  }
}

/// Takes `first` and `last` apart into fields; nothing if they do not fit the types.
std::optional<std::vector<ports::Field>> fields_of(const std::vector<std::uint32_t>& types, const Bytes& first,
                                                   const Bytes& last) {
  std::vector<ports::Field> fields;
  std::size_t at = 0;
  for (const auto type : types) {
    const auto size = wire::nft_type_size(type);
    if (size == 0 || first.size() < at + size || last.size() < at + size) return std::nullopt;
    const auto part = [&](const Bytes& all) {
      const auto begin = all.begin() + static_cast<std::ptrdiff_t>(at);
      return Bytes(begin, begin + static_cast<std::ptrdiff_t>(size));
    };
    const auto field = field_of(Range{type, part(first), part(last)});
    if (!field) return std::nullopt;
    fields.push_back(*field);
    at += types.size() == 1 ? size : (size + 3) / 4 * 4;
  }
  return fields;
}

/// Gives each start of a plain interval set its last value, as `key_end`, and drops the ends.
std::vector<wire::NftElement> with_ends(std::vector<wire::NftElement> elements) {
  std::ranges::sort(elements, [](const auto& a, const auto& b) {
    return a.key != b.key ? a.key < b.key : a.interval_end && !b.interval_end;
  });
  std::vector<wire::NftElement> ranges;
  for (std::size_t i = 0; i < elements.size(); ++i) {
    if (elements[i].interval_end) continue;
    auto range = elements[i];
    range.key_end = i + 1 < elements.size() ? previous(elements[i + 1].key) : Bytes(range.key.size(), 0xff);
    ranges.push_back(std::move(range));
  }
  return ranges;
}

std::string text_of(const ports::Field& field) {
  return std::visit(base::Overload{
                        [](const base::Ip& ip) { return ip.text(); },
                        [](const base::Prefix& prefix) { return prefix.network().text(); },
                        [](const ports::InterfaceName& interface) { return '"' + interface.name + '"'; },
                        [](const ports::Port& port) { return fmt::format("{}", port.number); },
                        [](const ports::L4Protocol& protocol) { return fmt::format("{}", protocol.number); },
                        [](const ports::Verdict& verdict) {
                          switch (verdict.kind) {
                            case ports::Verdict::Kind::accept:
                              return std::string("accept");
                            case ports::Verdict::Kind::drop:
                              return std::string("drop");
                            case ports::Verdict::Kind::jump:
                              return "jump " + verdict.chain;
                            case ports::Verdict::Kind::go:
                              return "goto " + verdict.chain;
                          }
                          return std::string("drop");
                        },
                    },
                    field);
}

std::string text_of(const std::vector<ports::Field>& fields) {
  std::string out;
  for (const auto& field : fields) out += (out.empty() ? "" : " . ") + text_of(field);
  return out;
}

bool is_sound(const ports::Field& field) {
  if (const auto* interface = std::get_if<ports::InterfaceName>(&field)) {
    const auto& name = interface->name;
    return !name.empty() && name.size() < interface_size &&
           std::ranges::all_of(
               name, [](char c) { return c > ' ' && c != 0x7f && c != '"' && c != '*' && c != '\\' && c != '/'; });
  }
  if (const auto* verdict = std::get_if<ports::Verdict>(&field)) {
    const bool needs_chain = verdict->kind == ports::Verdict::Kind::jump || verdict->kind == ports::Verdict::Kind::go;
    return needs_chain ? wire::is_nft_name(verdict->chain) : verdict->chain.empty();
  }
  return true;
}

}  // namespace

base::Result<void> check_element(const ports::FirewallElement& element) {
  const bool comment_is_sound =
      element.comment.size() <= longest_comment && std::ranges::all_of(element.comment, [](char c) {
        return static_cast<unsigned char>(c) >= ' ' && c != '"' && c != 0x7f;
      });
  const bool sound = wire::is_nft_name(element.table) && wire::is_nft_name(element.set) && !element.key.empty() &&
                     comment_is_sound && std::ranges::all_of(element.key, is_sound) &&
                     std::ranges::all_of(element.value, is_sound);
  if (!sound) return base::fail(base::ErrorKind::invalid, "a firewall element with an unfit name or comment");
  return {};
}

base::Result<std::vector<wire::NftElement>> encode_element(const wire::NftSet& set,
                                                           const ports::FirewallElement& element) {
  auto key = ranges_of(element.key, set.key_types, set.name);
  if (!key) return std::unexpected(key.error());
  auto value = ranges_of(element.value, set.map ? set.data_types : std::vector<std::uint32_t>{}, set.name);
  if (!value) return std::unexpected(value.error());
  const auto is_range = [](const Range& range) { return range.first != range.last; };
  if ((!set.interval && std::ranges::any_of(*key, is_range)) || std::ranges::any_of(*value, is_range)) {
    return base::fail(base::ErrorKind::invalid, fmt::format("set {} takes no ranges", set.name));
  }
  wire::NftElement start;
  start.key = joined(*key, &Range::first);
  start.comment = element.comment;
  if (!value->empty()) {
    if (const auto* verdict = std::get_if<ports::Verdict>(&element.value.front())) {
      start.verdict = verdict_of(*verdict);
    } else {
      start.data = joined(*value, &Range::first);
    }
  }
  if (!set.interval) return std::vector{start};
  if (key->size() > 1) {
    start.key_end = joined(*key, &Range::last);
    return std::vector{start};
  }
  std::vector<wire::NftElement> both{start};
  if (const auto behind = next(key->front().last)) {
    wire::NftElement end;
    end.key = *behind;
    end.interval_end = true;
    both.push_back(end);
  }
  return both;
}

std::vector<ports::FirewallElement> decode_elements(const std::string& table, const wire::NftSet& set,
                                                    std::vector<wire::NftElement> elements) {
  if (set.interval && set.key_types.size() == 1) elements = with_ends(std::move(elements));
  std::vector<ports::FirewallElement> decoded;
  for (const auto& element : elements) {
    auto key = fields_of(set.key_types, element.key, element.key_end.empty() ? element.key : element.key_end);
    if (!key) continue;
    ports::FirewallElement out{table, set.name, std::move(*key), {}, element.comment};
    if (element.verdict) {
      const auto verdict = field_of(*element.verdict);
      if (!verdict) continue;
      out.value = {*verdict};
    } else if (set.map) {
      auto value = fields_of(set.data_types, element.data, element.data);
      if (!value) continue;
      out.value = std::move(*value);
    }
    decoded.push_back(std::move(out));
  }
  return decoded;
}

std::string element_text(const ports::FirewallElement& element) {
  auto text = fmt::format("add element inet {} {} {{ {}", element.table, element.set, text_of(element.key));
  if (!element.comment.empty()) text += fmt::format(" comment \"{}\"", element.comment);
  if (!element.value.empty()) text += " : " + text_of(element.value);
  return text + " }\n";
}

}  // namespace fairlead::linuxnet
