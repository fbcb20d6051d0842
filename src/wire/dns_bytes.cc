#include "wire/dns_bytes.h"

#include <cstring>

namespace fairlead::wire {

void DnsCursor::plain_name(DnsName& name) {
  std::size_t size = 0;
  for (;;) {
    const std::uint8_t length = u8();
    // The two high bits mark compression (or nothing that exists): a question name is the first name, it cannot point.
    if (!ok_ || length > 63 || size + 1 + length > name.bytes.size()) {
      ok_ = false;
      return;
    }
    name.bytes[size++] = length;
    if (length == 0) break;
    const auto label = bytes(length);
    if (!ok_) return;
    std::memcpy(&name.bytes[size], label.data(), length);
    size += length;
  }
  name.size = static_cast<std::uint8_t>(size);
}

void DnsCursor::skip_name() {
  const std::size_t start = at_;
  std::size_t total = 0;
  for (;;) {
    const std::uint8_t length = u8();
    if (!ok_) return;
    if (length >= 0xc0) {
      const std::size_t target = static_cast<std::size_t>(length & 0x3f) << 8 | u8();
      if (!ok_ || target < kDnsHeader || target >= start) {
        ok_ = false;
        return;
      }
      DnsCursor rest(message_, target);
      rest.follow(target, total);
      ok_ = rest.ok_;
      return;
    }
    total += 1u + length;
    if (length > 63 || total > 255) ok_ = false;
    if (!ok_ || length == 0) return;
    bytes(length);
  }
}

/// The rest of a name that began elsewhere; `from` is where this part begins, and only what lies before it may come
/// next.
void DnsCursor::follow(std::size_t from, std::size_t total) {
  for (;;) {
    const std::uint8_t length = u8();
    if (!ok_) return;
    if (length >= 0xc0) {
      const std::size_t target = static_cast<std::size_t>(length & 0x3f) << 8 | u8();
      if (!ok_ || target < kDnsHeader || target >= from) {
        ok_ = false;
        return;
      }
      at_ = from = target;
      continue;
    }
    total += 1u + length;
    if (length > 63 || total > 255) ok_ = false;
    if (!ok_ || length == 0) return;
    bytes(length);
  }
}

DnsRecordHead read_dns_record(DnsCursor& cursor, DnsBytes message) {
  DnsRecordHead record;
  const std::size_t start = cursor.at();
  cursor.skip_name();
  record.root_owner = cursor.ok() && message[start] == 0;
  record.type = cursor.u16();
  record.klass = cursor.u16();
  record.ttl_at = cursor.at();
  record.ttl = cursor.u32();
  record.data = cursor.bytes(cursor.u16());
  return record;
}

}  // namespace fairlead::wire
