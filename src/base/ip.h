#pragma once
#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace fairlead::base {

enum class Family : std::uint8_t { v4, v6 };

/// One IPv4 or IPv6 address, a plain comparable value (ordered by family, then by number).
class Ip {
 public:
  Ip() = default;
  static Ip v4(std::uint32_t host_order);
  static Ip v6(const std::array<std::uint8_t, 16>& bytes);
  /// Strict text form: dotted quads without leading zeros (`172.08.21.0` is refused), RFC 4291 for IPv6, no zone.
  static std::optional<Ip> parse(std::string_view text);
  /// From 4 or 16 bytes in network order, as netlink carries them.
  static std::optional<Ip> from_bytes(std::span<const std::uint8_t> bytes);

  Family family() const { return family_; }
  bool is_v4() const { return family_ == Family::v4; }
  int bits() const { return is_v4() ? 32 : 128; }
  /// Network order; 4 or 16 bytes.
  std::span<const std::uint8_t> bytes() const { return {bytes_.data(), is_v4() ? 4u : 16u}; }
  /// IPv4 only: the address as a number in host order.
  std::uint32_t as_u32() const;
  bool is_unspecified() const;
  bool is_loopback() const;
  /// The address `n` further on; wraps around at the end of the family's space.
  Ip plus(std::uint64_t n) const;
  /// Canonical text (RFC 5952 for IPv6).
  std::string text() const;

  auto operator<=>(const Ip&) const = default;

 private:
  Family family_ = Family::v4;
  std::array<std::uint8_t, 16> bytes_{};
};

/// An address with a prefix length: an interface's address (`172.17.0.1/16`) or a subnet (`172.17.0.0/16`).
class Prefix {
 public:
  Prefix() = default;
  Prefix(Ip address, int length) : address_(address), length_(static_cast<std::uint8_t>(length)) {}
  /// `ADDRESS/LENGTH`, strict as `Ip::parse`; host bits are kept (see `network`).
  static std::optional<Prefix> parse(std::string_view text);

  const Ip& address() const { return address_; }
  int length() const { return length_; }
  Family family() const { return address_.family(); }
  /// The same subnet with its host bits cleared.
  Prefix network() const;
  bool is_network() const { return network() == *this; }
  bool contains(const Ip& ip) const;
  bool overlaps(const Prefix& other) const;
  /// Last address of the subnet (IPv4: the broadcast address).
  Ip last() const;
  std::string text() const;

  auto operator<=>(const Prefix&) const = default;

 private:
  Ip address_;
  std::uint8_t length_ = 0;
};

/// A 48-bit Ethernet address.
class Mac {
 public:
  Mac() = default;
  explicit Mac(const std::array<std::uint8_t, 6>& bytes) : bytes_(bytes) {}
  /// Six two-digit hex octets parted by `:` or `-`, any case.
  static std::optional<Mac> parse(std::string_view text);
  /// `02:42:` and the IPv4 address: what the address decides, as Docker's users know it.
  static Mac from_ipv4(const Ip& ip);

  const std::array<std::uint8_t, 6>& bytes() const { return bytes_; }
  bool is_multicast() const { return (bytes_[0] & 1) != 0; }
  bool is_zero() const;
  std::string text() const;

  auto operator<=>(const Mac&) const = default;

 private:
  std::array<std::uint8_t, 6> bytes_{};
};

}  // namespace fairlead::base
