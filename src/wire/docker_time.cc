#include "wire/docker_time.h"

#include <fmt/format.h>

#include <charconv>

namespace fairlead::wire {

using std::chrono::nanoseconds;

std::string human_duration(nanoseconds span) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(span).count();
  if (seconds < 1) return "Less than a second";
  if (seconds == 1) return "1 second";
  if (seconds < 60) return fmt::format("{} seconds", seconds);
  const auto minutes = seconds / 60;
  if (minutes == 1) return "About a minute";
  if (minutes < 60) return fmt::format("{} minutes", minutes);
  const auto hours = (seconds + 1800) / 3600;
  if (hours == 1) return "About an hour";
  if (hours < 48) return fmt::format("{} hours", hours);
  if (hours < 24 * 7 * 2) return fmt::format("{} days", hours / 24);
  if (hours < 24 * 30 * 2) return fmt::format("{} weeks", hours / 24 / 7);
  if (hours < 24 * 365 * 2) return fmt::format("{} months", hours / 24 / 30);
  return fmt::format("{} years", seconds / 3600 / 24 / 365);
}

namespace {

/// Digits with an optional fraction, cut at the first other character; the fraction in 1e-9.
struct Decimal {
  std::int64_t whole = 0, billionths = 0;
};

std::optional<Decimal> take_decimal(std::string_view& text) {
  Decimal number;
  std::size_t at = 0, digits = 0;
  for (; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at, ++digits) {
    if (number.whole > 100'000'000'000) return std::nullopt;
    number.whole = number.whole * 10 + (text[at] - '0');
  }
  if (at < text.size() && text[at] == '.') {
    std::int64_t weight = 100'000'000;
    for (++at; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at, ++digits, weight /= 10) {
      number.billionths += weight * (text[at] - '0');
    }
  }
  if (digits == 0) return std::nullopt;
  text.remove_prefix(at);
  return number;
}

std::int64_t take_unit(std::string_view& text) {
  constexpr std::pair<std::string_view, std::int64_t> units[] = {
      {"ns", 1},         {"us", 1'000},        {"\u00b5s", 1'000},    {"\u03bcs", 1'000},
      {"ms", 1'000'000}, {"s", 1'000'000'000}, {"m", 60'000'000'000}, {"h", 3'600'000'000'000}};
  for (const auto& [name, size] : units) {
    if (!text.starts_with(name)) continue;
    text.remove_prefix(name.size());
    return size;
  }
  return 0;
}

}  // namespace

std::optional<nanoseconds> parse_go_duration(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  if (text == "0") return nanoseconds(0);
  if (text.empty()) return std::nullopt;
  std::int64_t total = 0;
  while (!text.empty()) {
    const auto number = take_decimal(text);
    const std::int64_t unit = number ? take_unit(text) : 0;
    if (unit == 0) return std::nullopt;
    std::int64_t part = 0;
    if (__builtin_mul_overflow(number->whole, unit, &part) || __builtin_add_overflow(total, part, &total))
      return std::nullopt;
    const auto fraction = static_cast<std::int64_t>(static_cast<__int128>(number->billionths) * unit / 1'000'000'000);
    if (__builtin_add_overflow(total, fraction, &total)) return std::nullopt;
  }
  return nanoseconds(negative ? -total : total);
}

std::optional<nanoseconds> parse_unix_time(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative) text.remove_prefix(1);
  const auto number = take_decimal(text);
  if (!number || !text.empty()) return std::nullopt;
  std::int64_t total = 0;
  if (__builtin_mul_overflow(number->whole, std::int64_t{1'000'000'000}, &total) ||
      __builtin_add_overflow(total, number->billionths, &total)) {
    return std::nullopt;
  }
  return nanoseconds(negative ? -total : total);
}

}  // namespace fairlead::wire
