#include "engine/names.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace fairlead::engine {
namespace {

constexpr std::array kAdjectives = {
    "able",   "amber",  "ample",  "azure",   "balmy",    "bold",    "brave",  "breezy", "bright", "brisk",  "calm",
    "candid", "clear",  "clever", "coastal", "cool",     "coral",   "cosy",   "crisp",  "daring", "deft",   "dewy",
    "eager",  "early",  "easy",   "even",    "fair",     "fine",    "fleet",  "fond",   "fresh",  "frosty", "gentle",
    "gilded", "glad",   "golden", "grand",   "handy",    "happy",   "hardy",  "hazel",  "honest", "humble", "ivory",
    "jaunty", "jolly",  "keen",   "kind",    "lively",   "loyal",   "lucid",  "lucky",  "lunar",  "mellow", "merry",
    "mild",   "misty",  "nimble", "noble",   "northern", "patient", "placid", "plucky", "polite", "proud",  "quick",
    "quiet",  "rapid",  "ready",  "robust",  "rosy",     "rustic",  "salty",  "sandy",  "serene", "sharp",  "shiny",
    "silent", "silver", "smart",  "snug",    "solid",    "spry",    "stable", "steady", "stout",  "sturdy", "sunny",
    "swift",  "tidal",  "tidy",   "trim",    "trusty",   "upbeat",  "vivid",  "warm",   "windy",  "wise",   "witty"};

constexpr std::array kNouns = {
    "albatross", "anchor",   "anvil",    "atoll",    "beacon",  "bay",     "binnacle", "block",   "bollard",  "boom",
    "bosun",     "bow",      "breaker",  "brig",     "buoy",    "cabin",   "canal",    "canoe",   "capstan",  "channel",
    "chart",     "cleat",    "clipper",  "cod",      "compass", "cove",    "crab",     "crane",   "current",  "cutter",
    "davit",     "deck",     "delta",    "dinghy",   "dock",    "dolphin", "dory",     "eddy",    "ensign",   "estuary",
    "fathom",    "ferry",    "fjord",    "flotilla", "foam",    "frigate", "galley",   "gannet",  "gull",     "gunwale",
    "halyard",   "harbour",  "haven",    "hawser",   "helm",    "heron",   "hull",     "island",  "jetty",    "jib",
    "kayak",     "keel",     "ketch",    "kelp",     "knot",    "lagoon",  "lantern",  "launch",  "lighter",  "lock",
    "lugger",    "mainsail", "mariner",  "marina",   "mast",    "mooring", "narwhal",  "oar",     "osprey",   "otter",
    "paddle",    "pelican",  "pier",     "pilot",    "plover",  "puffin",  "quay",     "raft",    "reef",     "rigging",
    "rudder",    "sailor",   "schooner", "seal",     "sextant", "shoal",   "skiff",    "sloop",   "sounding", "spar",
    "spinnaker", "stern",    "strait",   "tern",     "tide",    "tiller",  "topsail",  "trawler", "tug",      "wharf"};

constexpr std::string_view kAllowed = "[a-zA-Z0-9][a-zA-Z0-9_.-]";

bool is_alphanumeric(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

std::string make_name(const base::Entropy& random, bool with_digit) {
  const auto pick = [&](std::size_t at, std::size_t size) { return (random[at] * 256u + random[at + 1]) % size; };
  std::string name = fmt::format("{}_{}", kAdjectives[pick(0, kAdjectives.size())], kNouns[pick(2, kNouns.size())]);
  if (with_digit) name += static_cast<char>('0' + random[4] % 10);
  return name;
}

/// The holder's id; empty when the name is free. Only the exact name counts, not an id that begins so.
ContainerId holder_of(const State& state, const std::string& name) {
  const auto found = state.find_container(name);
  return found && (*found)->name == name ? (*found)->id : ContainerId{};
}

}  // namespace

bool is_valid_name(std::string_view name) {
  if (name.size() < 2 || !is_alphanumeric(name[0])) return false;
  return std::ranges::all_of(name, [](char c) { return is_alphanumeric(c) || c == '_' || c == '.' || c == '-'; });
}

base::Result<std::string> settle_name(const State& state, std::string wanted, const ContainerId& self,
                                      const std::function<base::Entropy()>& entropy) {
  if (wanted.empty()) {
    for (int attempt = 0; attempt < 6; ++attempt) {
      auto name = make_name(entropy(), attempt > 0);
      if (holder_of(state, name).empty()) return name;
    }
    return self.short_text();
  }
  const std::string asked = wanted;
  if (wanted.starts_with('/')) wanted.erase(0, 1);
  if (!is_valid_name(wanted)) {
    return base::fail(base::ErrorKind::invalid,
                      fmt::format("Invalid container name ({}), only {} are allowed", asked, kAllowed));
  }
  if (const auto holder = holder_of(state, wanted); !holder.empty() && holder != self) {
    return base::fail(
        base::ErrorKind::conflict,
        fmt::format("Conflict. The container name \"/{}\" is already in use by container \"{}\". You have to "
                    "remove (or rename) that container to be able to reuse that name.",
                    wanted, holder.text()));
  }
  return wanted;
}

}  // namespace fairlead::engine
