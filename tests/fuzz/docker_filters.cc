// The `filters` of lists: JSON, name patterns, durations; the input is cut at its first line's end.
#include <cstdint>
#include <string>
#include <string_view>

#include "wire/docker_auth.h"
#include "wire/docker_filters.h"
#include "wire/docker_name_pattern.h"
#include "wire/docker_signal.h"
#include "wire/docker_time.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace fairlead::wire;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto cut = text.find('\n');
  const std::string_view rest = cut == std::string_view::npos ? std::string_view() : text.substr(cut + 1);
  if (const auto filters = DockerFilters::parse(text.substr(0, cut))) {
    (void)filters->matches_name("name", std::string(rest));
    (void)filters->matches_labels({{std::string(rest), ""}});
    (void)filters->truth("dangling");
  }
  if (size < 4096) (void)name_matches(text.substr(0, cut), rest);
  (void)parse_go_duration(text);
  (void)parse_unix_time(text);
  (void)parse_signal(text);
  (void)decode_registry_auth(text);
  return 0;
}
