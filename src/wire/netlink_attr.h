#pragma once
/// Safe reading of netlink attributes: a length that does not fit reads as zero or empty, never past the end.
#include <libmnl/libmnl.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>

namespace fairlead::wire {

inline std::span<const std::uint8_t> attr_bytes(const nlattr* attr) {
  return {static_cast<const std::uint8_t*>(mnl_attr_get_payload(attr)), mnl_attr_get_payload_len(attr)};
}

/// Up to the first NUL or the attribute's end.
inline std::string attr_string(const nlattr* attr) {
  const auto bytes = attr_bytes(attr);
  const auto* text = reinterpret_cast<const char*>(bytes.data());
  return {text, strnlen(text, bytes.size())};
}

template <class Number>
Number attr_number(const nlattr* attr) {
  Number value{};
  if (const auto bytes = attr_bytes(attr); bytes.size() >= sizeof value) {
    std::memcpy(&value, bytes.data(), sizeof value);
  }
  return value;
}
inline std::uint8_t attr_u8(const nlattr* attr) {
  return attr_number<std::uint8_t>(attr);
}
inline std::uint16_t attr_u16(const nlattr* attr) {
  return attr_number<std::uint16_t>(attr);
}
inline std::uint32_t attr_u32(const nlattr* attr) {
  return attr_number<std::uint32_t>(attr);
}

/// Calls `visit(attribute, type)` for each one in `[first, first + size)`; stops at the first that does not fit.
template <class Visit>
void for_each_attr(const void* first, std::size_t size, Visit&& visit) {
  auto left = static_cast<int>(size);
  for (const auto* attr = static_cast<const nlattr*>(first); mnl_attr_ok(attr, left); attr = mnl_attr_next(attr)) {
    visit(attr, static_cast<int>(mnl_attr_get_type(attr)));
    left -= static_cast<int>(MNL_ALIGN(attr->nla_len));
  }
}

/// Calls `visit(message)` for each message received; stops at the first that does not fit. (mnl_nlmsg_ok lets lengths
/// from 2 GiB on pass.)
template <class Visit>
void for_each_message(std::span<const std::uint8_t> bytes, Visit&& visit) {
  while (bytes.size() >= sizeof(nlmsghdr)) {
    const auto* message = reinterpret_cast<const nlmsghdr*>(bytes.data());
    const std::size_t length = message->nlmsg_len;
    if (length < sizeof(nlmsghdr) || length > bytes.size()) return;
    visit(message);
    bytes = bytes.subspan(std::min(bytes.size(), (length + 3) / 4 * 4));
  }
}

/// Attributes nested in one.
template <class Visit>
void for_each_attr(const nlattr* nest, Visit&& visit) {
  for_each_attr(mnl_attr_get_payload(nest), mnl_attr_get_payload_len(nest), visit);
}

/// Attributes of a message behind a family header of `header_size` bytes (which must fit: the caller has checked).
template <class Visit>
void for_each_attr(const nlmsghdr* message, std::size_t header_size, Visit&& visit) {
  const std::size_t skip = MNL_ALIGN(header_size), size = mnl_nlmsg_get_payload_len(message);
  if (size <= skip) return;
  for_each_attr(static_cast<const void*>(static_cast<const std::uint8_t*>(mnl_nlmsg_get_payload(message)) + skip),
                size - skip, visit);
}

}  // namespace fairlead::wire
