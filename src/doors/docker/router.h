#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "doors/docker/exchange.h"

namespace fairlead::docker {

struct Match {
  const Handler* handler = nullptr;  ///< null: no such route
  std::vector<std::string> pieces;
};

/// Finds the handler of a method and path. A literal segment wins over `{}`, and that over `{*}`, which takes one or
/// more segments; among equals the earlier route.
class Router {
 public:
  explicit Router(std::vector<Route> routes);
  /// `path` is decoded, begins with a slash and has no empty segment.
  Match find(std::string_view method, std::string_view path) const;

 private:
  struct Entry {
    Route route;
    std::vector<std::string> segments;
    std::string rank;  ///< sorts literal segments first
  };
  std::vector<Entry> entries_;  ///< the most literal ones first
};

}  // namespace fairlead::docker
