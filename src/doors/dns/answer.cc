#include "doors/dns/answer.h"

namespace fairlead::dns {
namespace {

namespace rcode = wire::dns_rcode;
namespace type = wire::dns_type;

const std::vector<base::Ip>* records_for(const engine::NamedAddresses& named, std::uint16_t wanted) {
  if (wanted == type::a || (wanted == type::any && !named.ipv4.empty())) return &named.ipv4;
  if (wanted == type::aaaa || wanted == type::any) return &named.ipv6;
  return nullptr;
}

std::size_t answer_name(const wire::DnsQuery& query, const engine::NamedAddresses& named, std::uint32_t turn,
                        std::uint32_t ttl, std::span<std::uint8_t> out) {
  wire::DnsAnswerWriter writer(out, query);
  if (const auto* records = records_for(named, query.type)) {
    const auto count = records->size();
    for (std::size_t i = 0; i < count; ++i) writer.add((*records)[(i + turn) % count], ttl);
  }
  return writer.finish(rcode::no_error);
}

std::optional<std::size_t> answer_reverse(const wire::DnsQuery& query, const engine::NameView& view,
                                          std::string_view name, std::uint32_t ttl, std::span<std::uint8_t> out) {
  const auto address = wire::dns_reverse_address(name);
  const auto* holder = address ? view.find(*address) : nullptr;
  const auto target = holder ? wire::parse_dns_name_text(*holder) : std::nullopt;
  if (!target) {
    if (!address || !view.is_local(*address)) return std::nullopt;
    return 0;
  }
  wire::DnsAnswerWriter writer(out, query);
  if (query.type == type::ptr || query.type == type::any) writer.add_pointer(*target, ttl);
  return writer.finish(rcode::no_error);
}

}  // namespace

std::size_t empty_answer(const wire::DnsQuery& query, std::uint16_t code, std::span<std::uint8_t> out) {
  return wire::DnsAnswerWriter(out, query).finish(code);
}

std::size_t truncated_answer(const wire::DnsQuery& query, std::uint16_t code, std::span<std::uint8_t> out) {
  wire::DnsAnswerWriter writer(out, query);
  writer.truncate();
  return writer.finish(code);
}

LocalAnswer answer_locally(const wire::DnsQuery& query, const engine::NameView& view, std::uint32_t turn,
                           std::uint32_t ttl, std::span<std::uint8_t> out) {
  if (query.edns_version > 0) return {Verdict::refused, empty_answer(query, rcode::bad_version, out)};
  if (query.klass != wire::kDnsClassIn) return {Verdict::refused, empty_answer(query, rcode::refused, out)};
  wire::DnsTextBuffer buffer;
  const auto name = wire::dns_name_text(query.name, buffer);
  if (const auto* named = view.find(name)) return {Verdict::answered, answer_name(query, *named, turn, ttl, out)};
  if (const auto size = answer_reverse(query, view, name, ttl, out)) {
    if (*size > 0) return {Verdict::answered, *size};
    return {Verdict::absent, empty_answer(query, rcode::no_such_name, out)};
  }
  if (!view.upstreams.empty()) return {};
  return {Verdict::absent, empty_answer(query, rcode::no_such_name, out)};
}

}  // namespace fairlead::dns
