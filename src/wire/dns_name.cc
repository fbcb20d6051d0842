/// Names between their wire form and text.
#include <charconv>
#include <cstring>

#include "wire/dns_bytes.h"

namespace fairlead::wire {
namespace {

constexpr std::string_view kReverse4 = ".in-addr.arpa", kReverse6 = ".ip6.arpa";

std::optional<base::Ip> reverse_v4(std::string_view digits) {
  std::uint32_t value = 0;
  for (int octet = 0; octet < 4; ++octet) {
    unsigned number = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    const auto length = static_cast<std::size_t>(end - digits.data());
    if (error != std::errc{} || number > 255 || (digits[0] == '0' && length > 1)) return std::nullopt;
    value |= number << (8 * octet);
    digits.remove_prefix(length);
    if (octet == 3) break;
    if (!digits.starts_with('.')) return std::nullopt;
    digits.remove_prefix(1);
  }
  if (!digits.empty()) return std::nullopt;
  return base::Ip::v4(value);
}

std::optional<base::Ip> reverse_v6(std::string_view nibbles) {
  if (nibbles.size() != 63) return std::nullopt;
  std::array<std::uint8_t, 16> bytes{};
  for (std::size_t i = 0; i < 32; ++i) {
    const char c = nibbles[2 * i];
    if (i < 31 && nibbles[2 * i + 1] != '.') return std::nullopt;
    const int value = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
    if (value < 0) return std::nullopt;
    auto& byte = bytes[15 - i / 2];
    byte = static_cast<std::uint8_t>(byte | value << (i % 2 ? 4 : 0));
  }
  return base::Ip::v6(bytes);
}

}  // namespace

std::string_view dns_name_text(const DnsName& name, DnsTextBuffer& out) {
  char* to = out.data();
  for (std::size_t at = 0; at < name.size && name.bytes[at] != 0;) {
    const std::size_t end = at + 1 + name.bytes[at];
    if (at > 0) *to++ = '.';
    for (++at; at < end; ++at) {
      const std::uint8_t c = name.bytes[at];
      if (c == '.' || c == '\\') *to++ = '\\';
      *to++ = lower_dns(c);
    }
  }
  return {out.data(), static_cast<std::size_t>(to - out.data())};
}

std::optional<DnsName> parse_dns_name_text(std::string_view text) {
  DnsName name;
  std::size_t size = 0;
  if (text.ends_with('.')) text.remove_suffix(1);
  while (!text.empty()) {
    const auto label = text.substr(0, text.find('.'));
    if (label.empty() || label.size() > 63 || size + 2 + label.size() > name.bytes.size()) return std::nullopt;
    name.bytes[size++] = static_cast<std::uint8_t>(label.size());
    std::memcpy(&name.bytes[size], label.data(), label.size());
    size += label.size();
    const bool last = label.size() == text.size();
    text.remove_prefix(last ? label.size() : label.size() + 1);
    if (!last && text.empty()) return std::nullopt;
  }
  name.bytes[size++] = 0;
  name.size = static_cast<std::uint8_t>(size);
  return name;
}

std::optional<base::Ip> dns_reverse_address(std::string_view name) {
  if (name.ends_with(kReverse4)) return reverse_v4(name.substr(0, name.size() - kReverse4.size()));
  if (name.ends_with(kReverse6)) return reverse_v6(name.substr(0, name.size() - kReverse6.size()));
  return std::nullopt;
}

}  // namespace fairlead::wire
