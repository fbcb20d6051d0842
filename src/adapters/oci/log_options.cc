#include <fmt/format.h>

#include <charconv>

#include "adapters/oci/log_stream.h"

namespace fairlead::oci {

bool log_driver_known(const std::string& name) {
  return name.empty() || name == "json-file" || name == "local" || name == "none";
}

base::Result<std::int64_t> log_size_limit(const std::map<std::string, std::string>& options) {
  const auto found = options.find("max-size");
  if (found == options.end() || found->second == "-1") return 0;
  const auto& text = found->second;
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  std::string unit(end, text.data() + text.size() - end);
  std::int64_t factor = 0;
  if (unit.size() > 1 && (unit.back() == 'b' || unit.back() == 'B')) unit.pop_back();
  if (unit.empty() || unit == "b" || unit == "B") factor = 1;
  if (unit == "k" || unit == "K") factor = 1 << 10;
  if (unit == "m" || unit == "M") factor = 1 << 20;
  if (unit == "g" || unit == "G") factor = 1 << 30;
  constexpr std::int64_t kMost = 1LL << 50;
  if (error != std::errc{} || factor == 0 || number <= 0 || number > kMost / factor)
    return base::fail(base::ErrorKind::invalid, fmt::format("invalid log option max-size: invalid size: '{}'", text));
  return number * factor;
}

}  // namespace fairlead::oci
