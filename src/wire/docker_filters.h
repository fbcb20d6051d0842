#pragma once
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace fairlead::wire {

/// The `filters` of a list: each name with the values that satisfy it, any of which will do.
class DockerFilters {
 public:
  /// Both wire forms, `{"name":["x"]}` and `{"name":{"x":true}}`; empty text is no filter. Refuses (`invalid`) other
  /// JSON.
  static base::Result<DockerFilters> parse(std::string_view text);

  bool has(const std::string& name) const { return values_.contains(name); }
  const std::vector<std::string>& values(const std::string& name) const;
  /// No such filter, or one of its values is exactly `candidate`.
  bool matches(const std::string& name, const std::string& candidate) const;
  /// No such filter, or one of its values is a beginning of `candidate`.
  bool matches_prefix(const std::string& name, std::string_view candidate) const;
  /// No such filter, or one of its values, taken as a regular expression (or, where it is none, as a piece of text), is
  /// found in `candidate`: Docker's rule for names.
  bool matches_name(const std::string& name, const std::string& candidate) const;
  /// Every `label` (`key` or `key=value`) is among `labels`, and no `label!` is.
  bool matches_labels(const std::map<std::string, std::string>& labels) const;
  /// A filter that is true or false (`dangling`); nothing when it is not given, `invalid` when it is neither.
  base::Result<std::optional<bool>> truth(const std::string& name) const;
  /// Refuses (`invalid`) names that stand not in `known`, in Docker's words.
  base::Result<void> only(const std::set<std::string>& known) const;

 private:
  std::map<std::string, std::vector<std::string>> values_;
};

}  // namespace fairlead::wire
