#include "doors/docker/exchange.h"

namespace fairlead::docker {

std::optional<std::string> Ask::value(std::string_view name) const {
  for (const auto& [key, value] : query)
    if (key == name) return value;
  return std::nullopt;
}

std::string Ask::text(std::string_view name) const {
  return value(name).value_or(std::string());
}

bool Ask::flag(std::string_view name) const {
  auto word = text(name);
  for (char& c : word)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return !word.empty() && word != "0" && word != "no" && word != "false" && word != "none";
}

std::vector<std::string> Ask::all(std::string_view name) const {
  std::vector<std::string> values;
  for (const auto& [key, value] : query)
    if (key == name) values.push_back(value);
  return values;
}

int http_status(base::ErrorKind kind) {
  switch (kind) {
    case base::ErrorKind::invalid:
      return 400;
    case base::ErrorKind::forbidden:
      return 403;
    case base::ErrorKind::not_found:
      return 404;
    case base::ErrorKind::conflict:
      return 409;
    case base::ErrorKind::not_modified:
      return 304;
    case base::ErrorKind::not_implemented:
      return 501;
    case base::ErrorKind::unavailable:
      return 503;
    case base::ErrorKind::internal:
      return 500;
  }
  return 500;
}

}  // namespace fairlead::docker
