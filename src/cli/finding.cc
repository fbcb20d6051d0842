#include "cli/finding.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>

namespace fairlead::cli {
namespace {

const char* word(Verdict verdict) {
  switch (verdict) {
    case Verdict::ok:
      return "ok";
    case Verdict::limited:
      return "limited";
    case Verdict::missing:
      return "missing";
  }
  return "missing";
}

bool stops(const Finding& finding) {
  return finding.essential && finding.verdict == Verdict::missing;
}

}  // namespace

std::string as_text(const std::vector<Finding>& findings) {
  std::string text;
  for (const auto& finding : findings) {
    text += fmt::format("{:<8} {:<16} {}\n", word(finding.verdict), finding.name, finding.detail);
    if (finding.verdict != Verdict::ok && !finding.remedy.empty())
      text += fmt::format("{:>25} -> {}\n", "", finding.remedy);
  }
  const auto stopping = std::ranges::count_if(findings, stops);
  text += stopping == 0 ? "This host can run fairlead.\n"
                        : fmt::format("{} essential thing(s) missing: see the remedies above.\n", stopping);
  return text;
}

std::string as_json(const std::vector<Finding>& findings) {
  boost::json::array lines;
  for (const auto& finding : findings) {
    lines.push_back({{"name", finding.name},
                     {"verdict", word(finding.verdict)},
                     {"essential", finding.essential},
                     {"detail", finding.detail},
                     {"remedy", finding.verdict == Verdict::ok ? "" : finding.remedy}});
  }
  return boost::json::serialize(lines) + "\n";
}

int exit_code(const std::vector<Finding>& findings) {
  return std::ranges::any_of(findings, stops) ? 1 : 0;
}

}  // namespace fairlead::cli
