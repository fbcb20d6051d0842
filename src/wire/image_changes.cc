#include "wire/image_changes.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "wire/image_json.h"

namespace fairlead::wire {

namespace {

using Words = std::vector<std::string>;

bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

std::unexpected<base::Error> bad(std::string text) {
  return base::fail(base::ErrorKind::invalid, std::move(text));
}

/// `["a","b"]` as words; nothing where the text is not a JSON list of strings (then it is the shell form).
std::optional<Words> json_words(std::string_view text) {
  if (!text.starts_with('[')) return std::nullopt;
  auto value = parse_image_json(text, "change");
  if (!value || !value->is_array()) return std::nullopt;
  Words out;
  for (const auto& item : value->get_array()) {
    if (!item.is_string()) return std::nullopt;
    out.emplace_back(item.get_string().data(), item.get_string().size());
  }
  return out;
}

/// Splits at blanks as Dockerfiles do: quotes hold blanks together and go away, a backslash takes the next character as
/// it is.
base::Result<Words> split_words(std::string_view text) {
  Words out;
  std::string word;
  bool inside = false;
  char quote = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    if (c == '\\' && quote != '\'' && at + 1 < text.size()) {
      word += text[++at];
      inside = true;
    } else if (quote != 0) {
      if (c == quote)
        quote = 0;
      else
        word += c;
    } else if (c == '"' || c == '\'') {
      quote = c;
      inside = true;
    } else if (is_space(c)) {
      if (inside) out.push_back(std::exchange(word, {}));
      inside = false;
    } else {
      word += c;
      inside = true;
    }
  }
  if (quote != 0)
    return bad(fmt::format("unexpected end of statement while looking for matching {} in {}", quote, text));
  if (inside) out.push_back(std::move(word));
  return out;
}

/// `A=b C=d`, or the old form `A the rest of the line`.
base::Result<std::vector<std::pair<std::string, std::string>>> parse_pairs(std::string_view name,
                                                                           std::string_view rest) {
  std::vector<std::pair<std::string, std::string>> out;
  const auto blank = std::ranges::find_if(rest, is_space) - rest.begin();
  const auto first = rest.substr(0, static_cast<std::size_t>(blank));
  if (first.find('=') == std::string_view::npos) {
    if (first.size() == rest.size()) return bad(fmt::format("{} must have two arguments", name));
    out.emplace_back(first, trim(rest.substr(first.size())));
    return out;
  }
  auto words = split_words(rest);
  if (!words) return std::unexpected(words.error());
  for (const auto& word : *words) {
    const auto equals = word.find('=');
    if (equals == std::string::npos) {
      return bad(fmt::format("Syntax error - can't find = in \"{}\". Must be of the form: name=value", word));
    }
    if (equals == 0) return bad(fmt::format("{} names can not be blank", name));
    out.emplace_back(word.substr(0, equals), word.substr(equals + 1));
  }
  return out;
}

void set_env(Words& env, const std::string& key, const std::string& value) {
  const auto prefix = key + "=";
  const auto old = std::ranges::find_if(env, [&](const auto& entry) { return entry.starts_with(prefix); });
  if (old != env.end())
    *old = prefix + value;
  else
    env.push_back(prefix + value);
}

void add_once(Words& list, std::string item) {
  if (std::ranges::find(list, item) == list.end()) list.push_back(std::move(item));
}

std::optional<int> port_number(std::string_view text) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value < 1 || value > 65535) return std::nullopt;
  return value;
}

/// `80`, `80/udp`, `8000-8010/tcp`.
base::Result<void> expose(std::string_view text, Words& ports) {
  const auto slash = text.find('/');
  const auto protocol = slash == std::string_view::npos ? std::string_view("tcp") : text.substr(slash + 1);
  if (protocol != "tcp" && protocol != "udp" && protocol != "sctp")
    return bad(fmt::format("Invalid proto: {}", protocol));
  const auto range = text.substr(0, slash);
  const auto dash = range.find('-');
  const auto first = port_number(range.substr(0, dash));
  const auto last = dash == std::string_view::npos ? first : port_number(range.substr(dash + 1));
  if (!first || !last || *last < *first) return bad(fmt::format("Invalid containerPort: {}", range));
  for (int port = *first; port <= *last; ++port) add_once(ports, fmt::format("{}/{}", port, protocol));
  return {};
}

Words command_of(std::string_view rest) {
  if (auto words = json_words(rest)) return std::move(*words);
  return {"/bin/sh", "-c", std::string(rest)};
}

base::Result<void> change_lists(std::string_view name, std::string_view rest, ImageRunConfig& run) {
  auto words = json_words(rest) ? base::Result<Words>(*json_words(rest)) : split_words(rest);
  if (!words) return std::unexpected(words.error());
  for (const auto& word : *words) {
    if (name == "EXPOSE") {
      if (auto done = expose(word, run.exposed_ports); !done) return done;
    } else if (word.empty()) {
      return bad("VOLUME specified can not be an empty string");
    } else {
      add_once(run.volumes, word);
    }
  }
  return {};
}

base::Result<void> change_pairs(std::string_view name, std::string_view rest, ImageRunConfig& run) {
  auto pairs = parse_pairs(name, rest);
  if (!pairs) return std::unexpected(pairs.error());
  for (auto& [key, value] : *pairs) {
    if (name == "ENV")
      set_env(run.env, key, value);
    else
      run.labels[key] = value;
  }
  return {};
}

base::Result<void> change_signal(std::string_view rest, ImageRunConfig& run) {
  int number = 0;
  const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), number);
  const bool is_number = error == std::errc{} && end == rest.data() + rest.size() && number > 0 && number <= 64;
  const bool is_name =
      rest.size() > 1 &&
      std::ranges::all_of(
          rest, [](char c) { return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '+' || c == '-'; }) &&
      !(rest.front() >= '0' && rest.front() <= '9');
  if (!is_number && !is_name) return bad(fmt::format("invalid signal: {}", rest));
  run.stop_signal = rest;
  return {};
}

void change_directory(std::string_view rest, ImageRunConfig& run) {
  if (rest.starts_with('/'))
    run.working_dir = rest;
  else
    run.working_dir =
        (run.working_dir.empty() || run.working_dir == "/" ? "/" : run.working_dir + "/") + std::string(rest);
}

base::Result<void> apply(const std::string& name, std::string_view rest, ImageRunConfig& run) {
  if (name == "CMD") return run.cmd = command_of(rest), base::Result<void>{};
  if (name == "ENTRYPOINT") return run.entrypoint = command_of(rest), base::Result<void>{};
  if (name == "USER") return run.user = rest, base::Result<void>{};
  if (name == "ENV" || name == "LABEL") return change_pairs(name, rest, run);
  if (name == "EXPOSE" || name == "VOLUME") return change_lists(name, rest, run);
  if (name == "STOPSIGNAL") return change_signal(rest, run);
  if (name == "WORKDIR") return change_directory(rest, run), base::Result<void>{};
  return bad(fmt::format("{} is not a valid change command", name));
}

}  // namespace

base::Result<void> apply_image_change(std::string_view line, ImageRunConfig& run) {
  line = trim(line);
  const auto blank = static_cast<std::size_t>(std::ranges::find_if(line, is_space) - line.begin());
  std::string name(line.substr(0, blank));
  std::ranges::transform(name, name.begin(), [](char c) { return c >= 'a' && c <= 'z' ? char(c - 'a' + 'A') : c; });
  const auto rest = trim(line.substr(blank));
  if (rest.empty()) return bad(fmt::format("{} requires at least one argument", name.empty() ? "change" : name));
  auto next = run;
  auto done = apply(name, rest, next);
  if (done) run = std::move(next);
  return done;
}

}  // namespace fairlead::wire
