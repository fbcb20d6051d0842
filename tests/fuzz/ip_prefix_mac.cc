// Any text is refused or read as an address that prints as what reads back the same.
#include <cstddef>
#include <cstdint>

#include "base/ip.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace fairlead::base;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto ip = Ip::parse(text); ip && Ip::parse(ip->text()) != ip) __builtin_trap();
  if (const auto mac = Mac::parse(text); mac && Mac::parse(mac->text()) != mac) __builtin_trap();
  if (const auto prefix = Prefix::parse(text)) {
    if (Prefix::parse(prefix->text()) != prefix) __builtin_trap();
    if (!prefix->contains(prefix->last()) || !prefix->contains(prefix->network().address())) __builtin_trap();
  }
  return 0;
}
