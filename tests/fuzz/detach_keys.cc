#include "wire/detach_keys.h"

#include <cstdint>
#include <cstdlib>

/// First line: the keys; the rest: what is typed. What passes and what is held must be the input again, without detach.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto line = text.find('\n');
  const auto keys = fairlead::wire::parse_detach_keys(text.substr(0, line));
  if (!keys || line == std::string_view::npos) return 0;
  const auto typed = text.substr(line + 1);
  fairlead::wire::DetachWatch watch(*keys);
  std::string passed;
  bool detached = false;
  for (std::size_t at = 0; at < typed.size() && !detached; at += 3) detached = watch.feed(typed.substr(at, 3), passed);
  const auto first = typed.find(*keys);
  if (detached != (first != std::string_view::npos)) std::abort();
  if (detached ? passed != typed.substr(0, first) : passed + std::string(watch.held()) != typed) std::abort();
  return 0;
}
