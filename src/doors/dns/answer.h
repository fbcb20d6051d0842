#pragma once
/// What can be said from the view alone. Pure.
#include "engine/name_view.h"
#include "wire/dns_answer.h"

namespace fairlead::dns {

enum class Verdict {
  answered,  ///< with records, or with none of that type
  absent,    ///< no such name, and nobody outside may be asked
  refused,   ///< a class or version that is not served
  outside,   ///< not ours to answer: nothing was written
};

struct LocalAnswer {
  Verdict verdict = Verdict::outside;
  std::size_t size = 0;
};

/// Answers into `out` (at least 512 bytes; its size is the asker's limit). `turn` chooses which of several addresses
/// comes first; `ttl` in seconds. A known name without records of the type gives none (NODATA); ANY gives one set of
/// addresses (RFC 8482 §4.1). Reverse names of the networks' own subnets are never asked outside.
LocalAnswer answer_locally(const wire::DnsQuery& query, const engine::NameView& view, std::uint32_t turn,
                           std::uint32_t ttl, std::span<std::uint8_t> out);

/// An answer without records.
std::size_t empty_answer(const wire::DnsQuery& query, std::uint16_t rcode, std::span<std::uint8_t> out);
/// An answer that only says that the whole one is longer than `out`.
std::size_t truncated_answer(const wire::DnsQuery& query, std::uint16_t rcode, std::span<std::uint8_t> out);

}  // namespace fairlead::dns
