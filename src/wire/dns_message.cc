#include "wire/dns_message.h"

#include <algorithm>
#include <cstring>

#include "wire/dns_bytes.h"

namespace fairlead::wire {
namespace {

using base::ErrorKind;

constexpr std::uint8_t kIsAnswer = 0x80, kOpcode = 0x78, kRecursionDesired = 0x01;  // third byte of the header
constexpr std::uint8_t kAuthenticData = 0x20, kCheckingDisabled = 0x10;             // fourth byte

/// RFC 6891 §6.1.2: the class is the size, the TTL holds version and flags.
bool read_opt(const DnsRecordHead& record, DnsQuery& query) {
  if (query.edns || !record.root_owner) return false;
  query.edns = true;
  query.udp_size = std::max<std::uint16_t>(record.klass, kDnsPlainUdp);
  query.edns_version = static_cast<std::uint8_t>(record.ttl >> 16);
  query.dnssec_ok = (record.ttl & 0x8000) != 0;
  query.edns_options = record.data;
  return true;
}

void put16(std::string& out, unsigned value) {
  out.push_back(static_cast<char>(value >> 8));
  out.push_back(static_cast<char>(value));
}

void put_name(std::string& out, const DnsName& name) {
  out.append(reinterpret_cast<const char*>(name.bytes.data()), name.size);
}

}  // namespace

bool DnsName::operator==(const DnsName& other) const {
  return std::ranges::equal(wire(), other.wire());
}

bool DnsQuery::operator==(const DnsQuery& other) const {
  return id == other.id && recursion_desired == other.recursion_desired && authentic_data == other.authentic_data &&
         checking_disabled == other.checking_disabled && name == other.name && type == other.type &&
         klass == other.klass && edns == other.edns && dnssec_ok == other.dnssec_ok &&
         edns_version == other.edns_version && udp_size == other.udp_size &&
         std::ranges::equal(edns_options, other.edns_options);
}

base::Result<DnsQuery> parse_dns_query(DnsBytes message) {
  if (message.size() < kDnsHeader || (message[2] & kIsAnswer) != 0)
    return base::fail(ErrorKind::unavailable, "no query");
  if ((message[2] & kOpcode) != 0) return base::fail(ErrorKind::not_implemented, "opcode");
  const auto broken = base::fail(ErrorKind::invalid, "broken");
  DnsQuery query;
  DnsCursor cursor(message, 0);
  query.id = cursor.u16();
  query.recursion_desired = (message[2] & kRecursionDesired) != 0;
  query.authentic_data = (message[3] & kAuthenticData) != 0;
  query.checking_disabled = (message[3] & kCheckingDisabled) != 0;
  cursor.u16();
  if (cursor.u16() != 1) return broken;
  unsigned plain = cursor.u16();
  plain += cursor.u16();
  const unsigned additional = cursor.u16();
  cursor.plain_name(query.name);
  query.type = cursor.u16();
  query.klass = cursor.u16();
  for (unsigned i = 0; i < plain && cursor.ok(); ++i) read_dns_record(cursor, message);
  for (unsigned i = 0; i < additional && cursor.ok(); ++i) {
    const auto record = read_dns_record(cursor, message);
    if (cursor.ok() && record.type == dns_type::opt && !read_opt(record, query)) return broken;
  }
  if (!cursor.ok()) return broken;
  return query;
}

std::string encode_dns_query(const DnsQuery& query) {
  std::string out;
  out.reserve(kDnsHeader + query.name.size + 4 + (query.edns ? 11 + query.edns_options.size() : 0));
  put16(out, query.id);
  out.push_back(static_cast<char>(query.recursion_desired ? kRecursionDesired : 0));
  out.push_back(static_cast<char>((query.authentic_data ? kAuthenticData : 0) |
                                  (query.checking_disabled ? kCheckingDisabled : 0)));
  put16(out, 1);
  put16(out, 0);
  put16(out, 0);
  put16(out, query.edns ? 1 : 0);
  put_name(out, query.name);
  put16(out, query.type);
  put16(out, query.klass);
  if (!query.edns) return out;
  out.push_back(0);
  put16(out, dns_type::opt);
  put16(out, query.udp_size);
  put16(out, query.edns_version);
  put16(out, query.dnssec_ok ? 0x8000 : 0);
  put16(out, static_cast<unsigned>(query.edns_options.size()));
  out.append(reinterpret_cast<const char*>(query.edns_options.data()), query.edns_options.size());
  return out;
}

std::string encode_dns_refusal(DnsBytes message, std::uint16_t rcode) {
  if (message.size() < kDnsHeader) return {};
  std::string out(kDnsHeader, '\0');
  out[0] = static_cast<char>(message[0]);
  out[1] = static_cast<char>(message[1]);
  out[2] = static_cast<char>(kIsAnswer | (message[2] & (kOpcode | kRecursionDesired)));
  out[3] = static_cast<char>(0x80 | (rcode & 0x0f));
  return out;
}

}  // namespace fairlead::wire
