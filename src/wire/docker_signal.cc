#include "wire/docker_signal.h"

#include <fmt/format.h>
#include <signal.h>

#include <charconv>
#include <optional>
#include <string>
#include <utility>

namespace fairlead::wire {

namespace {

constexpr std::pair<std::string_view, int> kNames[] = {
    {"ABRT", SIGABRT},     {"ALRM", SIGALRM},   {"BUS", SIGBUS},   {"CHLD", SIGCHLD}, {"CLD", SIGCHLD},
    {"CONT", SIGCONT},     {"FPE", SIGFPE},     {"HUP", SIGHUP},   {"ILL", SIGILL},   {"INT", SIGINT},
    {"IO", SIGIO},         {"IOT", SIGIOT},     {"KILL", SIGKILL}, {"PIPE", SIGPIPE}, {"POLL", SIGPOLL},
    {"PROF", SIGPROF},     {"PWR", SIGPWR},     {"QUIT", SIGQUIT}, {"SEGV", SIGSEGV}, {"STKFLT", SIGSTKFLT},
    {"STOP", SIGSTOP},     {"SYS", SIGSYS},     {"TERM", SIGTERM}, {"TRAP", SIGTRAP}, {"TSTP", SIGTSTP},
    {"TTIN", SIGTTIN},     {"TTOU", SIGTTOU},   {"URG", SIGURG},   {"USR1", SIGUSR1}, {"USR2", SIGUSR2},
    {"VTALRM", SIGVTALRM}, {"WINCH", SIGWINCH}, {"XCPU", SIGXCPU}, {"XFSZ", SIGXFSZ},
};
/// The kernel's own bounds are 32 to 64; glibc keeps the first two for itself.
constexpr int kRealTimeFirst = 34, kRealTimeLast = 64;

std::optional<int> number_in(std::string_view text) {
  int number = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || code != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::optional<int> real_time(std::string_view name) {
  if (name == "RTMIN") return kRealTimeFirst;
  if (name == "RTMAX") return kRealTimeLast;
  const auto offset = name.size() > 6 ? number_in(name.substr(6)) : std::nullopt;
  if (!offset || *offset < 0 || *offset > kRealTimeLast - kRealTimeFirst) return std::nullopt;
  if (name.starts_with("RTMIN+")) return kRealTimeFirst + *offset;
  if (name.starts_with("RTMAX-")) return kRealTimeLast - *offset;
  return std::nullopt;
}

std::optional<int> named(std::string name) {
  for (char& letter : name) letter = letter >= 'a' && letter <= 'z' ? static_cast<char>(letter - 32) : letter;
  if (name.starts_with("SIG")) name.erase(0, 3);
  for (const auto& [known, number] : kNames) {
    if (known == name) return number;
  }
  return real_time(name);
}

}  // namespace

base::Result<int> parse_signal(std::string_view text) {
  auto number = number_in(text);
  if (!number) number = named(std::string(text));
  if (!number || *number < 1 || *number > kRealTimeLast) {
    return base::fail(base::ErrorKind::invalid, fmt::format("invalid signal: {}", text));
  }
  return *number;
}

}  // namespace fairlead::wire
