#include "wire/dns_answer.h"

#include <algorithm>
#include <cstring>

#include "wire/dns_bytes.h"

namespace fairlead::wire {
namespace {

constexpr std::size_t kOptSize = 11, kRecordHead = 12;
constexpr unsigned kNameOfQuestion = 0xc000 | kDnsHeader;  // a pointer to the question (RFC 1035 §4.1.4)

void store16(std::uint8_t* at, unsigned value) {
  at[0] = static_cast<std::uint8_t>(value >> 8);
  at[1] = static_cast<std::uint8_t>(value);
}

void store32(std::uint8_t* at, std::uint32_t value) {
  store16(at, value >> 16);
  store16(at + 2, value & 0xffff);
}

std::uint32_t load32(const std::uint8_t* at) {
  return static_cast<std::uint32_t>(at[0]) << 24 | static_cast<std::uint32_t>(at[1]) << 16 |
         static_cast<std::uint32_t>(at[2]) << 8 | at[3];
}

/// RFC 2181 §8: a TTL with its top bit set counts as zero.
std::uint32_t sane_ttl(std::uint32_t ttl) {
  return ttl > 0x7fffffff ? 0 : ttl;
}

/// RFC 2308 §5: a negative answer is kept for the lesser of the SOA's own TTL and its last field.
std::uint32_t negative_ttl(const DnsRecordHead& soa) {
  if (soa.data.size() < 22) return 0;
  return std::min(sane_ttl(soa.ttl), sane_ttl(load32(soa.data.data() + soa.data.size() - 4)));
}

}  // namespace

DnsAnswerWriter::DnsAnswerWriter(std::span<std::uint8_t> out, const DnsQuery& query) : out_(out), query_(query) {
  size_ = kDnsHeader;
  std::memcpy(&out_[size_], query.name.bytes.data(), query.name.size);
  size_ += query.name.size;
  put16(query.type);
  put16(query.klass);
  room_ = out_.size() - (query.edns ? kOptSize : 0);
}

void DnsAnswerWriter::put16(unsigned value) {
  store16(&out_[size_], value);
  size_ += 2;
}

bool DnsAnswerWriter::begin_record(std::uint16_t type, std::uint32_t ttl, std::size_t data_size) {
  if (size_ + kRecordHead + data_size > room_) truncated_ = true;
  if (truncated_) return false;
  put16(kNameOfQuestion);
  put16(type);
  put16(kDnsClassIn);
  store32(&out_[size_], ttl);
  size_ += 4;
  put16(static_cast<unsigned>(data_size));
  ++records_;
  return true;
}

void DnsAnswerWriter::add(const base::Ip& address, std::uint32_t ttl) {
  const auto bytes = address.bytes();
  if (!begin_record(address.is_v4() ? dns_type::a : dns_type::aaaa, ttl, bytes.size())) return;
  std::memcpy(&out_[size_], bytes.data(), bytes.size());
  size_ += bytes.size();
}

void DnsAnswerWriter::add_pointer(const DnsName& target, std::uint32_t ttl) {
  if (!begin_record(dns_type::ptr, ttl, target.size)) return;
  std::memcpy(&out_[size_], target.bytes.data(), target.size);
  size_ += target.size;
}

std::size_t DnsAnswerWriter::finish(std::uint16_t rcode) {
  auto* header = out_.data();
  store16(header, query_.id);
  header[2] = static_cast<std::uint8_t>(0x80 | (truncated_ ? 0x02 : 0) | (query_.recursion_desired ? 0x01 : 0));
  header[3] = static_cast<std::uint8_t>(0x80 | (query_.checking_disabled ? 0x10 : 0) | (rcode & 0x0f));
  store16(header + 4, 1);
  store16(header + 6, records_);
  store16(header + 8, 0);
  store16(header + 10, query_.edns ? 1 : 0);
  if (query_.edns) {
    out_[size_++] = 0;
    put16(dns_type::opt);
    put16(kDnsOwnUdp);
    put16((rcode >> 4) << 8);
    put16(query_.dnssec_ok ? 0x8000 : 0);
    put16(0);
  }
  return size_;
}

base::Result<DnsAnswer> parse_dns_answer(DnsBytes message) {
  const auto broken = base::fail(base::ErrorKind::invalid, "broken");
  if (message.size() < kDnsHeader || message.size() > kDnsLargest || (message[2] & 0xf8) != 0x80) return broken;
  DnsAnswer answer;
  DnsCursor cursor(message, 0);
  answer.id = cursor.u16();
  answer.truncated = (message[2] & 0x02) != 0;
  answer.rcode = message[3] & 0x0f;
  cursor.u16();
  if (cursor.u16() != 1) return broken;
  const unsigned answers = cursor.u16(), authorities = cursor.u16(), additional = cursor.u16();
  cursor.plain_name(answer.name);
  answer.type = cursor.u16();
  answer.klass = cursor.u16();
  const bool negative = answer.negative = answers == 0 || answer.rcode == dns_rcode::no_such_name;
  std::optional<std::uint32_t> least;
  for (unsigned i = 0; i < answers + authorities + additional && cursor.ok(); ++i) {
    const auto record = read_dns_record(cursor, message);
    if (!cursor.ok() || record.type == dns_type::opt) continue;
    answer.ttl_at.push_back(static_cast<std::uint16_t>(record.ttl_at));
    least = std::min(least.value_or(0x7fffffff), sane_ttl(record.ttl));
    const bool authority = i >= answers && i < answers + authorities;
    if (negative && authority && record.type == dns_type::soa)
      answer.ttl = std::min(answer.ttl.value_or(~0u), negative_ttl(record));
  }
  if (!cursor.ok()) return broken;
  if (!negative) answer.ttl = least;
  if (answer.ttl && least) answer.ttl = std::min(*answer.ttl, *least);
  return answer;
}

bool answers_question(const DnsAnswer& answer, const DnsQuery& query) {
  return answer.type == query.type && answer.klass == query.klass &&
         std::ranges::equal(answer.name.wire(), query.name.wire(), {}, lower_dns, lower_dns);
}

void adapt_dns_answer(std::span<std::uint8_t> message, const std::vector<std::uint16_t>& ttl_at, const DnsQuery& query,
                      std::uint32_t age) {
  store16(message.data(), query.id);
  std::memcpy(&message[kDnsHeader], query.name.bytes.data(), query.name.size);
  for (const std::size_t at : ttl_at) {
    const auto ttl = sane_ttl(load32(&message[at]));
    store32(&message[at], ttl > age ? ttl - age : 0);
  }
}

}  // namespace fairlead::wire
