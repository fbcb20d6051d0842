#pragma once

namespace fairlead::base {

/// One visitor out of a function for each alternative, for std::visit.
template <class... Calls>
struct Overload : Calls... {
  using Calls::operator()...;
};

}  // namespace fairlead::base
