#include "adapters/oci/runtime_errors.h"

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include <fmt/format.h>

#include <utility>

namespace fairlead::oci {
namespace {

/// The text of a Go-quoted string that starts after its opening quote.
std::string unquote(std::string_view text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size() && text[i] != '"'; ++i) {
    if (text[i] != '\\' || i + 1 == text.size()) {
      plain += text[i];
      continue;
    }
    const char escaped = text[++i];
    plain += escaped == 'n' ? '\n' : escaped == 't' ? '\t' : escaped;
  }
  return plain;
}

std::string words_of_line(std::string_view line) {
  if (line.starts_with('{')) {
    boost::system::error_code error;
    const auto value = boost::json::parse(line, error);
    if (!error && value.is_object())
      if (const auto* message = value.get_object().if_contains("msg"); message != nullptr && message->is_string())
        return std::string(message->get_string());
  }
  constexpr std::string_view kMark = "msg=\"";
  const auto at = line.find(kMark);
  return at == std::string_view::npos ? std::string(line) : unquote(line.substr(at + kMark.size()));
}

bool is_users_fault(std::string_view words) {
  for (const auto* sign : {"executable file not found", "no such file or directory", "permission denied",
                           "not a directory", "is a directory", "exec format error", "no matching entries"})
    if (words.contains(sign)) return true;
  return false;
}

/// crun's words as runc says them: the client takes its exit status, 126 or 127, from these.
std::string as_runc_says(std::string words) {
  for (const auto& [crun, runc] :
       {std::pair{"No such file or directory", "no such file or directory"},
        std::pair{"Permission denied", "permission denied"}, std::pair{"executable file `", "exec: \""},
        std::pair{"` not found in $PATH", "\": executable file not found in $PATH"}})
    if (const auto at = words.find(crun); at != std::string::npos)
      words.replace(at, std::string_view(crun).size(), runc);
  return words;
}

base::Error worded(std::string_view before, std::string_view logged) {
  const auto words = as_runc_says(std::string(logged));
  return {.kind = is_users_fault(words) ? base::ErrorKind::invalid : base::ErrorKind::internal,
          .text = fmt::format("{}{}: unknown", before, words),
          .context = {}};
}

}  // namespace

std::string runtime_words(std::string_view logged) {
  std::string last;
  while (!logged.empty()) {
    const auto end = logged.find('\n');
    const auto line = logged.substr(0, end);
    if (line.find_first_not_of(" \t\r") != std::string_view::npos) last = words_of_line(line);
    if (end == std::string_view::npos) break;
    logged.remove_prefix(end + 1);
  }
  while (last.ends_with('\n')) last.pop_back();
  return last;
}

base::Error create_error(std::string_view logged, std::string_view runtime) {
  auto words = runtime_words(logged);
  if (words.empty()) words = fmt::format("{} gave no reason", runtime);
  return worded("failed to create task for container: failed to create shim task: OCI runtime create failed: ", words);
}

base::Error exec_error(std::string_view logged) {
  auto words = runtime_words(logged);
  if (words.empty()) words = "the runtime gave no reason";
  return worded("OCI runtime exec failed: ", words);
}

}  // namespace fairlead::oci
