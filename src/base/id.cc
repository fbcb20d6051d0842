#include "base/id.h"

#include <sys/random.h>

#include <cstdlib>

namespace fairlead::base {

Entropy fresh_entropy() {
  Entropy bytes;
  // 32 bytes never come short once the pool is ready (getrandom(2)); without randomness nothing here is safe.
  if (getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) std::abort();
  return bytes;
}

std::string to_hex(std::string_view bytes) {
  constexpr char digits[] = "0123456789abcdef";
  std::string out;
  out.reserve(bytes.size() * 2);
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    out += digits[byte >> 4];
    out += digits[byte & 15];
  }
  return out;
}

}  // namespace fairlead::base
