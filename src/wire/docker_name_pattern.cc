#include "wire/docker_name_pattern.h"

#include <bitset>
#include <optional>
#include <vector>

namespace fairlead::wire {

namespace {

/// One position of a pattern: which bytes fit, and whether it may be left out or repeated.
struct Step {
  std::bitset<256> fits;
  bool optional = false, repeats = false;
};

struct Branch {
  std::vector<Step> steps;
  bool from_start = false, to_end = false;
};

std::size_t byte_of(char c) {
  return static_cast<unsigned char>(c);
}

/// Reads `[…]` after its bracket; `at` ends up behind the closing one.
std::optional<std::bitset<256>> read_class(std::string_view text, std::size_t& at) {
  std::bitset<256> fits;
  const bool inverted = at < text.size() && text[at] == '^';
  if (inverted) ++at;
  for (bool first = true; at < text.size() && (text[at] != ']' || first); first = false) {
    if (text[at] == '\\' && at + 1 < text.size()) ++at;
    const std::size_t low = byte_of(text[at++]);
    std::size_t high = low;
    if (at + 1 < text.size() && text[at] == '-' && text[at + 1] != ']') {
      high = byte_of(text[at + 1]);
      at += 2;
    }
    for (std::size_t byte = low; byte <= high; ++byte) fits.set(byte);
  }
  if (at >= text.size()) return std::nullopt;
  ++at;
  return inverted ? ~fits : fits;
}

std::optional<Step> read_step(std::string_view text, std::size_t& at) {
  Step step;
  const char c = text[at++];
  if (std::string_view("(){}*+?^$").find(c) != std::string_view::npos) return std::nullopt;
  if (c == '[') {
    const auto fits = read_class(text, at);
    if (!fits) return std::nullopt;
    step.fits = *fits;
  } else if (c == '\\') {
    // A letter or digit behind a backslash is a class or a reference, which this language has not.
    if (at >= text.size() || std::string_view("\\.[]{}()*+?|^$/-_").find(text[at]) == std::string_view::npos)
      return std::nullopt;
    step.fits.set(byte_of(text[at++]));
  } else if (c == '.') {
    step.fits.set();
  } else {
    step.fits.set(byte_of(c));
  }
  if (at < text.size() && std::string_view("*+?").find(text[at]) != std::string_view::npos) {
    step.optional = text[at] != '+';
    step.repeats = text[at] != '?';
    ++at;
  }
  return step;
}

std::optional<std::vector<Branch>> read_pattern(std::string_view text) {
  std::vector<Branch> branches(1);
  bool fresh = true;
  for (std::size_t at = 0; at < text.size();) {
    Branch& branch = branches.back();
    if (text[at] == '|') {
      branches.emplace_back();
      fresh = true;
      ++at;
    } else if (text[at] == '^' && fresh) {
      branch.from_start = true;
      fresh = false;
      ++at;
    } else if (text[at] == '$' && (at + 1 == text.size() || text[at + 1] == '|')) {
      branch.to_end = true;
      ++at;
    } else {
      const auto step = read_step(text, at);
      if (!step) return std::nullopt;
      branch.steps.push_back(*step);
      fresh = false;
    }
  }
  return branches;
}

/// Follows every way through the steps at once (Thompson's construction): `places[i]` is true when step i comes next.
bool found_in(const Branch& branch, std::string_view name) {
  const std::size_t count = branch.steps.size();
  std::vector<bool> places(count + 1);
  const auto pass_optional = [&] {
    for (std::size_t i = 0; i < count; ++i) {
      if (places[i] && branch.steps[i].optional) places[i + 1] = true;
    }
  };
  for (std::size_t at = 0;; ++at) {
    if (at == 0 || !branch.from_start) places[0] = true;
    pass_optional();
    if (places[count] && (!branch.to_end || at == name.size())) return true;
    if (at == name.size()) return false;
    std::vector<bool> next(count + 1);
    for (std::size_t i = 0; i < count; ++i) {
      if (!places[i] || !branch.steps[i].fits[byte_of(name[at])]) continue;
      next[i + 1] = true;
      // A repeated step stays current: it may be left at once, since it has been met.
      if (branch.steps[i].repeats) next[i] = true;
    }
    places = std::move(next);
  }
}

}  // namespace

bool name_matches(std::string_view pattern, std::string_view name) {
  const auto branches = read_pattern(pattern);
  if (!branches) return name.find(pattern) != std::string_view::npos;
  for (const Branch& branch : *branches) {
    if (found_in(branch, name)) return true;
  }
  return false;
}

}  // namespace fairlead::wire
