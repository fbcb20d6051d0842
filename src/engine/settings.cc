#include "engine/settings.h"

namespace fairlead::engine {

std::vector<AddressPool> docker_address_pools() {
  std::vector<AddressPool> pools;
  for (std::uint32_t second = 17; second <= 31; ++second) {
    pools.push_back({base::Prefix(base::Ip::v4(172u << 24 | second << 16), 16), 16});
  }
  pools.push_back({base::Prefix(base::Ip::v4(192u << 24 | 168u << 16), 16), 20});
  return pools;
}

}  // namespace fairlead::engine
