#pragma once
#include <string>
#include <vector>

namespace fairlead::cli {

enum class Verdict { ok, limited, missing };

/// One line of `fairlead check`: a thing that containers or their networks need, and how this host stands to it.
struct Finding {
  std::string name;
  Verdict verdict = Verdict::ok;
  bool essential = true;  ///< nothing runs without it
  std::string detail;     ///< what was seen
  std::string remedy;     ///< what to do when it is not ok
};

/// A table for people, a closing line included.
std::string as_text(const std::vector<Finding>& findings);
/// An array of objects: name, verdict, essential, detail, remedy.
std::string as_json(const std::vector<Finding>& findings);
/// 1 when something essential is missing, else 0.
int exit_code(const std::vector<Finding>& findings);

}  // namespace fairlead::cli
