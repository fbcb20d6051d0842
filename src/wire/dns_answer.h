#pragma once
/// DNS answers: written straight into a caller's buffer, and read as far as a cache and a forwarder need it.
#include <vector>

#include "wire/dns_message.h"

namespace fairlead::wire {

/// What we take over UDP ourselves, told to askers in our OPT record (the size that fits every path, DNS flag day
/// 2020).
inline constexpr std::uint16_t kDnsOwnUdp = 1232;

/// Writes one answer to `query` into `out`, whose size is the limit (the asker's UDP size, or 65535 over TCP; at least
/// 512). The question goes in as it was asked, each owner name is a pointer to it. Records that do not fit set TC (RFC
/// 2181 §9).
class DnsAnswerWriter {
 public:
  DnsAnswerWriter(std::span<std::uint8_t> out, const DnsQuery& query);
  /// An A or AAAA record. `ttl` in seconds.
  void add(const base::Ip& address, std::uint32_t ttl);
  void add_pointer(const DnsName& target, std::uint32_t ttl);
  /// Sets TC whatever fits.
  void truncate() { truncated_ = true; }
  /// Completes header and OPT record; the size of the message. `rcode` above 15 needs EDNS.
  std::size_t finish(std::uint16_t rcode);

 private:
  bool begin_record(std::uint16_t type, std::uint32_t ttl, std::size_t data_size);
  void put16(unsigned value);

  std::span<std::uint8_t> out_;
  const DnsQuery& query_;
  std::size_t size_ = 0, room_ = 0;
  std::uint16_t records_ = 0;
  bool truncated_ = false;
};

/// An upstream server's answer, as far as it matters here.
struct DnsAnswer {
  std::uint16_t id = 0;
  bool truncated = false;
  std::uint8_t rcode = 0;  ///< without the extended bits
  bool negative = false;   ///< says that there is no such name, or nothing of that type
  DnsName name;            ///< the question
  std::uint16_t type = 0, klass = 0;
  std::optional<std::uint32_t> ttl;  ///< seconds that it may be kept: the least of its TTLs, RFC 2308 for negative ones
  std::vector<std::uint16_t> ttl_at;  ///< where the TTLs stand, without that of OPT
};

/// Reads an answer with one question. Broken ones, and those whose names loop, are `invalid`.
base::Result<DnsAnswer> parse_dns_answer(DnsBytes message);
/// Whether it answers that question: name in any case, type and class.
bool answers_question(const DnsAnswer& answer, const DnsQuery& query);

/// Puts the asker's id and spelling of the name into a stored answer and takes `age` seconds off its TTLs.
void adapt_dns_answer(std::span<std::uint8_t> message, const std::vector<std::uint16_t>& ttl_at, const DnsQuery& query,
                      std::uint32_t age);

}  // namespace fairlead::wire
