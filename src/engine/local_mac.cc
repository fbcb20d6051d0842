#include "engine/local_mac.h"

#include <charconv>

namespace fairlead::engine {

base::Mac local_mac(std::string_view id) {
  std::uint32_t number = 0;
  const auto digits = id.substr(0, 8);
  std::from_chars(digits.data(), digits.data() + digits.size(), number, 16);
  return base::Mac::from_ipv4(base::Ip::v4(number));
}

}  // namespace fairlead::engine
