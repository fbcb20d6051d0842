#include "ports/clock.h"

#include <fmt/format.h>

#include <cstdint>

namespace fairlead::ports {
namespace {

using std::chrono::nanoseconds;
using std::chrono::seconds;

/// Reads decimal digits off the front of `text`; refuses anything else.
std::optional<int> take_digits(std::string_view& text, std::size_t count) {
  if (text.size() < count) return std::nullopt;
  int value = 0;
  for (const char c : text.substr(0, count)) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + (c - '0');
  }
  text.remove_prefix(count);
  return value;
}

bool take(std::string_view& text, std::string_view any_of) {
  if (text.empty() || any_of.find(text.front()) == std::string_view::npos) return false;
  text.remove_prefix(1);
  return true;
}

/// `.` and one or more digits; those beyond nanoseconds are cut off.
std::optional<std::int64_t> take_fraction(std::string_view& text) {
  if (!take(text, ".,")) return 0;
  std::int64_t value = 0, weight = 100'000'000;
  std::size_t digits = 0;
  for (; digits < text.size() && text[digits] >= '0' && text[digits] <= '9'; ++digits, weight /= 10) {
    value += (text[digits] - '0') * weight;
  }
  if (digits == 0) return std::nullopt;
  text.remove_prefix(digits);
  return value;
}

/// `Z` or `±HH:MM`, to the end of the text; seconds east of UTC.
std::optional<int> take_offset(std::string_view text) {
  if (text == "Z" || text == "z") return 0;
  if (text.empty() || (text.front() != '+' && text.front() != '-')) return std::nullopt;
  const int sign = text.front() == '+' ? 1 : -1;
  text.remove_prefix(1);
  const auto hours = take_digits(text, 2);
  if (!hours || !take(text, ":")) return std::nullopt;
  const auto minutes = take_digits(text, 2);
  if (!minutes || !text.empty() || *hours > 23 || *minutes > 59) return std::nullopt;
  return sign * (*hours * 3600 + *minutes * 60);
}

struct Clocktime {
  std::chrono::year_month_day date;
  int second_of_day = 0;
};

std::optional<Clocktime> take_date_and_time(std::string_view& text) {
  const auto year = take_digits(text, 4);
  if (!year || !take(text, "-")) return std::nullopt;
  const auto month = take_digits(text, 2);
  if (!month || !take(text, "-")) return std::nullopt;
  const auto day = take_digits(text, 2);
  if (!day || !take(text, "Tt ")) return std::nullopt;
  const auto hour = take_digits(text, 2);
  if (!hour || !take(text, ":")) return std::nullopt;
  const auto minute = take_digits(text, 2);
  if (!minute || !take(text, ":")) return std::nullopt;
  const auto second = take_digits(text, 2);
  // 60 is a leap second (RFC 3339, 5.7): counted as the first of the next minute.
  if (!second || *hour > 23 || *minute > 59 || *second > 60) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year{*year}, std::chrono::month{static_cast<unsigned>(*month)},
                                         std::chrono::day{static_cast<unsigned>(*day)}};
  if (!date.ok()) return std::nullopt;
  return Clocktime{date, *hour * 3600 + *minute * 60 + *second};
}

constexpr std::string_view docker_zero = "0001-01-01T00:00:00Z";

}  // namespace

std::string rfc3339(Time time) {
  if (time == Time{}) return std::string(docker_zero);
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss clock{time - day};
  auto out = fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", static_cast<int>(date.year()),
                         static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), clock.hours().count(),
                         clock.minutes().count(), clock.seconds().count());
  if (const auto fraction = clock.subseconds().count(); fraction != 0) {
    out += fmt::format(".{:09}", fraction);
    out.erase(out.find_last_not_of('0') + 1);
  }
  return out + "Z";
}

std::optional<Time> parse_rfc3339(std::string_view text) {
  if (text == docker_zero) return Time{};
  const auto clock = take_date_and_time(text);
  if (!clock) return std::nullopt;
  const auto fraction = take_fraction(text);
  const auto offset = fraction ? take_offset(text) : std::nullopt;
  if (!offset) return std::nullopt;
  const auto days = std::chrono::sys_days{clock->date};
  const seconds whole = days.time_since_epoch() + seconds{clock->second_of_day - *offset};
  // 64 bits of nanoseconds reach from 1677 to 2262; by whole days, so that a day's start fits as well.
  constexpr seconds limit = std::chrono::days{106'750};
  if (whole > limit || whole < -limit) return std::nullopt;
  return Time{nanoseconds{whole} + nanoseconds{*fraction}};
}

}  // namespace fairlead::ports
