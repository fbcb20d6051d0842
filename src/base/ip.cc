#include "base/ip.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstring>

namespace fairlead::base {

Ip Ip::v4(std::uint32_t host_order) {
  Ip ip;
  for (int i = 0; i < 4; ++i) ip.bytes_[i] = static_cast<std::uint8_t>(host_order >> (24 - 8 * i));
  return ip;
}

Ip Ip::v6(const std::array<std::uint8_t, 16>& bytes) {
  Ip ip;
  ip.family_ = Family::v6;
  ip.bytes_ = bytes;
  return ip;
}

std::optional<Ip> Ip::parse(std::string_view text) {
  if (text.empty() || text.size() > 45) return std::nullopt;
  const std::string z(text);  // inet_pton wants a terminator; it is strict about octal-looking parts (POSIX)
  if (z.size() != std::strlen(z.c_str())) return std::nullopt;
  std::array<std::uint8_t, 16> raw{};
  const int family = text.find(':') == std::string_view::npos ? AF_INET : AF_INET6;
  if (inet_pton(family, z.c_str(), raw.data()) != 1) return std::nullopt;
  return from_bytes({raw.data(), family == AF_INET ? 4u : 16u});
}

std::optional<Ip> Ip::from_bytes(std::span<const std::uint8_t> bytes) {
  if (bytes.size() != 4 && bytes.size() != 16) return std::nullopt;
  Ip ip;
  ip.family_ = bytes.size() == 4 ? Family::v4 : Family::v6;
  std::ranges::copy(bytes, ip.bytes_.begin());
  return ip;
}

std::uint32_t Ip::as_u32() const {
  return std::uint32_t{bytes_[0]} << 24 | std::uint32_t{bytes_[1]} << 16 | std::uint32_t{bytes_[2]} << 8 | bytes_[3];
}

bool Ip::is_unspecified() const {
  return std::ranges::all_of(bytes(), [](std::uint8_t b) { return b == 0; });
}

bool Ip::is_loopback() const {
  if (is_v4()) return bytes_[0] == 127;
  return std::all_of(bytes_.begin(), bytes_.begin() + 15, [](std::uint8_t b) { return b == 0; }) && bytes_[15] == 1;
}

Ip Ip::plus(std::uint64_t n) const {
  Ip sum = *this;
  for (int i = bits() / 8 - 1; i >= 0 && n != 0; --i) {
    n += sum.bytes_[i];
    sum.bytes_[i] = static_cast<std::uint8_t>(n);
    n >>= 8;
  }
  return sum;
}

std::string Ip::text() const {
  char out[INET6_ADDRSTRLEN];
  inet_ntop(is_v4() ? AF_INET : AF_INET6, bytes_.data(), out, sizeof out);
  return out;
}

std::optional<Prefix> Prefix::parse(std::string_view text) {
  const auto slash = text.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  const auto ip = Ip::parse(text.substr(0, slash));
  const auto digits = text.substr(slash + 1);
  int length = -1;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), length);
  if (!ip || error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
  if (length < 0 || length > ip->bits() || (digits.size() > 1 && digits[0] == '0')) return std::nullopt;
  return Prefix(*ip, length);
}

namespace {

/// `ip` with every bit after `length` set to `bit`.
Ip with_host_bits(const Ip& ip, int length, bool bit) {
  std::array<std::uint8_t, 16> raw{};
  std::ranges::copy(ip.bytes(), raw.begin());
  for (int i = 0; i < ip.bits() / 8; ++i) {
    const int kept = std::clamp(length - 8 * i, 0, 8);
    const auto mask = static_cast<std::uint8_t>(0xff >> kept);
    raw[i] = static_cast<std::uint8_t>(bit ? raw[i] | mask : raw[i] & ~mask);
  }
  return *Ip::from_bytes({raw.data(), ip.bytes().size()});
}

}  // namespace

Prefix Prefix::network() const {
  return {with_host_bits(address_, length_, false), length_};
}

bool Prefix::contains(const Ip& ip) const {
  return ip.family() == family() && with_host_bits(ip, length_, false) == network().address_;
}

bool Prefix::overlaps(const Prefix& other) const {
  return contains(other.address_) || other.contains(address_);
}

Ip Prefix::last() const {
  return with_host_bits(address_, length_, true);
}

std::string Prefix::text() const {
  return fmt::format("{}/{}", address_.text(), length_);
}

std::optional<Mac> Mac::parse(std::string_view text) {
  if (text.size() != 17) return std::nullopt;
  Mac mac;
  for (std::size_t i = 0; i < 6; ++i) {
    const char* at = text.data() + 3 * i;
    if (i > 0 && at[-1] != ':' && at[-1] != '-') return std::nullopt;
    const auto [end, error] = std::from_chars(at, at + 2, mac.bytes_[i], 16);
    if (error != std::errc{} || end != at + 2) return std::nullopt;
  }
  return mac;
}

Mac Mac::from_ipv4(const Ip& ip) {
  const auto b = ip.bytes();
  return Mac({0x02, 0x42, b[0], b[1], b[2], b[3]});
}

bool Mac::is_zero() const {
  return *this == Mac{};
}

std::string Mac::text() const {
  return fmt::format("{:02x}", fmt::join(bytes_, ":"));
}

}  // namespace fairlead::base
