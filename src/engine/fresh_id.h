#pragma once
#include <map>
#include <string>

#include "engine/command.h"

namespace fairlead::engine {

/// A new id whose first twelve digits nobody in `known` has: people, hostnames, bridges and pins carry only those.
template <class Id, class Record>
Id fresh_id(const std::map<Id, Record>& known, const Facts& facts) {
  for (;;) {
    auto id = Id::from(facts.entropy());
    const auto near = known.lower_bound(*Id::parse(id.short_text() + std::string(52, '0')));
    if (near == known.end() || near->first.short_text() != id.short_text()) return id;
  }
}

}  // namespace fairlead::engine
