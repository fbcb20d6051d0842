#include "doors/docker/log_text.h"

#include <fmt/format.h>

#include <ctime>
#include <iterator>

#include "wire/stream_frame.h"

namespace fairlead::docker {
namespace {

/// RFC 3339 with all nine digits, so that columns line up.
void append_time(std::string& out, ports::Time at) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(at);
  const std::time_t whole = seconds.time_since_epoch().count();
  std::tm parts{};
  gmtime_r(&whole, &parts);
  fmt::format_to(std::back_inserter(out), "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:09}Z ", parts.tm_year + 1900,
                 parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec, (at - seconds).count());
}

std::string escape(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isalnum(byte) || c == '-' || c == '_' || c == '.' || c == '~')
      out += c;
    else if (c == ' ')
      out += '+';
    else
      fmt::format_to(std::back_inserter(out), "%{:02X}", byte);
  }
  return out;
}

/// The names in a comma list that `map` has, with their values.
void pick(const std::map<std::string, std::string>& map, const ports::ContainerSpec& spec, const std::string& option,
          std::map<std::string, std::string>& picked) {
  const auto at = spec.log_options.find(option);
  if (at == spec.log_options.end()) return;
  const std::string& list = at->second;
  for (std::size_t from = 0; from <= list.size();) {
    const auto comma = std::min(list.find(',', from), list.size());
    if (const auto entry = map.find(list.substr(from, comma - from)); entry != map.end()) picked.insert(*entry);
    from = comma + 1;
  }
}

}  // namespace

std::string log_text(const std::vector<ports::LogRecord>& records, const LogChoice& choice) {
  std::string out;
  for (const auto& record : records) {
    const bool to_error = record.is_stderr && !choice.tty;
    if (to_error ? !choice.error : !choice.output) continue;
    const auto start = out.size();
    if (!choice.tty) out.append(wire::frame_header_size, '\0');
    const auto text = out.size();
    if (choice.timestamps) append_time(out, record.at);
    if (choice.details) out.append(choice.attributes).append(" ");
    out += record.bytes;
    if (!choice.tty)
      wire::put_frame_header(out.data() + start, to_error ? wire::StreamKind::error : wire::StreamKind::output,
                             static_cast<std::uint32_t>(out.size() - text));
  }
  return out;
}

std::string log_attributes(const ports::ContainerSpec& spec) {
  std::map<std::string, std::string> environment, picked;
  for (const auto& entry : spec.process.env)
    if (const auto equals = entry.find('='); equals != std::string::npos)
      environment.emplace(entry.substr(0, equals), entry.substr(equals + 1));
  pick(spec.labels, spec, "labels", picked);
  pick(environment, spec, "env", picked);
  std::string text;
  for (const auto& [key, value] : picked) {
    if (!text.empty()) text += ',';
    text += escape(key) + "=" + escape(value);
  }
  return text;
}

}  // namespace fairlead::docker
