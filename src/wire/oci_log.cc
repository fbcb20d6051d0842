#include "wire/oci_log.h"

namespace fairlead::wire {
namespace {

std::optional<int> digits(std::string_view text, std::size_t at, std::size_t count) {
  int value = 0;
  if (at + count > text.size()) return std::nullopt;
  for (std::size_t i = at; i < at + count; ++i) {
    if (text[i] < '0' || text[i] > '9') return std::nullopt;
    value = value * 10 + (text[i] - '0');
  }
  return value;
}

bool has(std::string_view text, std::size_t at, char wanted) {
  return at < text.size() && text[at] == wanted;
}

/// `+01:00`, `-05:30` or `Z`.
std::optional<std::chrono::minutes> offset(std::string_view text) {
  if (text == "Z") return std::chrono::minutes{0};
  const auto hours = digits(text, 1, 2);
  const auto minutes = digits(text, 4, 2);
  if (text.size() != 6 || (text[0] != '+' && text[0] != '-') || text[3] != ':' || !hours || !minutes)
    return std::nullopt;
  const auto total = std::chrono::hours{*hours} + std::chrono::minutes{*minutes};
  return text[0] == '-' ? -total : total;
}

/// RFC 3339 with up to nine digits of fraction.
std::optional<std::chrono::sys_time<std::chrono::nanoseconds>> parse_time(std::string_view text) {
  using namespace std::chrono;
  const auto y = digits(text, 0, 4), mo = digits(text, 5, 2), d = digits(text, 8, 2);
  const auto h = digits(text, 11, 2), mi = digits(text, 14, 2), s = digits(text, 17, 2);
  if (!y || !mo || !d || !h || !mi || !s) return std::nullopt;
  if (!has(text, 4, '-') || !has(text, 7, '-') || !has(text, 10, 'T') || !has(text, 13, ':') || !has(text, 16, ':'))
    return std::nullopt;
  const year_month_day date{year{*y}, month{static_cast<unsigned>(*mo)}, day{static_cast<unsigned>(*d)}};
  // Beyond this span nanoseconds since 1970 do not fit 64 bits.
  if (!date.ok() || *y < 1700 || *y > 2200 || *h > 23 || *mi > 59 || *s > 60) return std::nullopt;
  std::size_t at = 19;
  std::int64_t fraction = 0;
  if (has(text, at, '.')) {
    int count = 0;
    for (++at; at < text.size() && text[at] >= '0' && text[at] <= '9' && count < 9; ++at, ++count)
      fraction = fraction * 10 + (text[at] - '0');
    for (; count < 9; ++count) fraction *= 10;
  }
  const auto zone = offset(text.substr(at));
  if (!zone) return std::nullopt;
  return sys_days{date} + hours{*h} + minutes{*mi} + seconds{*s} + nanoseconds{fraction} - *zone;
}

}  // namespace

std::optional<LogLine> parse_log_line(std::string_view line) {
  const auto space = line.find(' ');
  if (space == std::string_view::npos) return std::nullopt;
  const auto time = parse_time(line.substr(0, space));
  if (!time) return std::nullopt;
  LogLine parsed;
  parsed.at = *time;
  auto rest = line.substr(space + 1);
  if (rest.starts_with("stderr ")) {
    parsed.is_stderr = true;
  } else if (!rest.starts_with("stdout ")) {
    return std::nullopt;
  }
  rest.remove_prefix(7);
  if (!rest.starts_with("P ") && !rest.starts_with("F ")) return std::nullopt;
  parsed.partial = rest[0] == 'P';
  parsed.text = rest.substr(2);
  return parsed;
}

}  // namespace fairlead::wire
