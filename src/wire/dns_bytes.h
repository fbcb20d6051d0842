#pragma once
/// Reading within the bounds of a DNS message; shared by the query and the answer reader.
#include "wire/dns_message.h"

namespace fairlead::wire {

inline char lower_dns(std::uint8_t c) {
  return static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
}

/// A place in a message. Every read checks the end; after the first failure `ok` is false and values are zero.
class DnsCursor {
 public:
  DnsCursor(DnsBytes message, std::size_t at) : message_(message), at_(at), ok_(at <= message.size()) {}

  bool ok() const { return ok_; }
  std::size_t at() const { return at_; }
  std::uint8_t u8() { return take(1) ? message_[at_ - 1] : std::uint8_t{0}; }
  std::uint16_t u16() {
    return take(2) ? static_cast<std::uint16_t>(message_[at_ - 2] << 8 | message_[at_ - 1]) : std::uint16_t{0};
  }
  std::uint32_t u32() {
    const std::uint32_t high = u16();
    return high << 16 | u16();
  }
  DnsBytes bytes(std::size_t count) { return take(count) ? message_.subspan(at_ - count, count) : DnsBytes{}; }
  /// A name without compression.
  void plain_name(DnsName& name);
  /// Goes over a name, compressed or not. Pointers must lead strictly backward, so that no loop can be built, and the
  /// whole must stay within 255 bytes.
  void skip_name();

 private:
  bool take(std::size_t count) {
    ok_ = ok_ && message_.size() - at_ >= count;
    if (ok_) at_ += count;
    return ok_;
  }
  void follow(std::size_t from, std::size_t total);

  DnsBytes message_;
  std::size_t at_;
  bool ok_;
};

/// What stands in front of a record's data.
struct DnsRecordHead {
  std::uint16_t type = 0, klass = 0;
  std::size_t ttl_at = 0;  ///< offset of the TTL in the message
  std::uint32_t ttl = 0;
  DnsBytes data;
  bool root_owner = false;
};

/// Reads one record and goes behind it.
DnsRecordHead read_dns_record(DnsCursor& cursor, DnsBytes message);

}  // namespace fairlead::wire
