#include "engine/interface_name.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/endpoint_options.h"

namespace fairlead::engine {
namespace {

bool in_use(const Container& container, const std::string& name) {
  return std::ranges::any_of(container.attachments,
                             [&](const Attachment& a) { return a.endpoint && a.endpoint->interface == name; });
}

/// Names that others will want when they come up.
bool kept_for_another(const Container& container, std::size_t index, const std::string& name) {
  for (std::size_t i = 0; i < container.attachments.size(); ++i) {
    const auto& other = container.attachments[i];
    if (i != index && (other.last_interface == name || asked_interface(other.request) == name)) return true;
  }
  return false;
}

/// The prefix and a number, nothing else.
bool is_numbered(const std::string& name, const std::string& prefix) {
  return name.size() > prefix.size() && name.starts_with(prefix) &&
         std::all_of(name.begin() + static_cast<std::ptrdiff_t>(prefix.size()), name.end(),
                     [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

base::Result<std::string> settle_interface(const Container& container, std::size_t index, const Network& network) {
  const auto& attachment = container.attachments[index];
  if (auto asked = asked_interface(attachment.request)) {
    if (!in_use(container, *asked)) return *std::move(asked);
    return base::fail(
        base::ErrorKind::forbidden,
        fmt::format("interface name {} is already used by another network of container {}", *asked, container.name));
  }
  const auto& last = attachment.last_interface;
  if (is_numbered(last, network.interface_prefix) && !in_use(container, last)) return last;
  for (int n = 0;; ++n) {
    auto name = fmt::format("{}{}", network.interface_prefix, n);
    if (!in_use(container, name) && !kept_for_another(container, index, name)) return name;
  }
}

}  // namespace fairlead::engine
