#pragma once
/// DNS messages (RFC 1035, RFC 6891 for EDNS0): reading of queries. Everything here is pure and bounded by the size of
/// the message.
#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/ip.h"

namespace fairlead::wire {

using DnsBytes = std::span<const std::uint8_t>;

inline constexpr std::size_t kDnsHeader = 12;      ///< bytes before the question (RFC 1035 §4.1.1)
inline constexpr std::size_t kDnsPlainUdp = 512;   ///< largest UDP message without EDNS (RFC 1035 §4.2.1)
inline constexpr std::size_t kDnsLargest = 65535;  ///< largest message over TCP (§4.2.2)

namespace dns_type {
inline constexpr std::uint16_t a = 1, soa = 6, ptr = 12, aaaa = 28, opt = 41, any = 255;
}
inline constexpr std::uint16_t kDnsClassIn = 1;

namespace dns_rcode {
inline constexpr std::uint16_t no_error = 0, format_error = 1, server_failure = 2, no_such_name = 3,
                               not_implemented = 4, refused = 5, bad_version = 16;
}

/// A domain name as it stands in a message, uncompressed, with its root label; the case is kept.
struct DnsName {
  std::array<std::uint8_t, 255> bytes;
  std::uint8_t size = 0;

  DnsBytes wire() const { return {bytes.data(), size}; }
  bool operator==(const DnsName& other) const;
};

/// One question and what is needed to answer it.
struct DnsQuery {
  std::uint16_t id = 0;
  bool recursion_desired = false, authentic_data = false, checking_disabled = false;
  DnsName name;
  std::uint16_t type = 0, klass = 0;
  bool edns = false, dnssec_ok = false;
  std::uint8_t edns_version = 0;
  std::uint16_t udp_size = kDnsPlainUdp;  ///< what the asker takes over UDP, never below 512
  DnsBytes edns_options;                  ///< RDATA of its OPT record; points into the message that was read

  bool operator==(const DnsQuery& other) const;
};

/// Reads a query of one question. `unavailable` for what deserves no answer (no header, or an answer itself),
/// `not_implemented` for another opcode, `invalid` for everything broken (FORMERR): a compressed question name, labels
/// over 63, names over 255, two OPT records. Bytes behind the last record are passed over.
base::Result<DnsQuery> parse_dns_query(DnsBytes message);

/// The query as a message, for an upstream server; with EDNS its options too.
std::string encode_dns_query(const DnsQuery& query);

/// An answer without records to a message that could not be read: its id and opcode, no question. Empty when there is
/// no id.
std::string encode_dns_refusal(DnsBytes message, std::uint16_t rcode);

/// Lower-case text of a name without its last dot, written to `out`; dots and backslashes inside a label get a
/// backslash.
using DnsTextBuffer = std::array<char, 512>;
std::string_view dns_name_text(const DnsName& name, DnsTextBuffer& out);
/// From dotted text without escapes; nothing for an empty or over-long label or name.
std::optional<DnsName> parse_dns_name_text(std::string_view text);

/// The address that a reverse name (lower case, `2.0.25.172.in-addr.arpa`, RFC 3596 §2.5 for IPv6) stands for.
std::optional<base::Ip> dns_reverse_address(std::string_view name);

}  // namespace fairlead::wire
