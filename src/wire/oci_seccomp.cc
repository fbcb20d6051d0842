#include "wire/oci_seccomp.h"

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <functional>
#include <initializer_list>
#include <optional>

namespace fairlead::wire {
namespace {

namespace json = boost::json;

constexpr std::size_t kMaxBytes = 4 << 20;

std::string_view native_abi(std::string_view arch) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 8> kMap = {{{"amd64", "SCMP_ARCH_X86_64"},
                                                                                  {"arm64", "SCMP_ARCH_AARCH64"},
                                                                                  {"arm", "SCMP_ARCH_ARM"},
                                                                                  {"386", "SCMP_ARCH_X86"},
                                                                                  {"ppc64le", "SCMP_ARCH_PPC64LE"},
                                                                                  {"s390x", "SCMP_ARCH_S390X"},
                                                                                  {"riscv64", "SCMP_ARCH_RISCV64"},
                                                                                  {"mips64le", "SCMP_ARCH_MIPSEL64"}}};
  for (const auto& [go, abi] : kMap)
    if (go == arch) return abi;
  return {};
}

const json::value* field(const json::object& object, std::string_view name) {
  const auto* value = object.if_contains(name);
  return value != nullptr && !value->is_null() ? value : nullptr;
}

/// An absent or null field is fine, another type is not.
bool is_array_or_absent(const json::object& object, std::string_view name, json::kind element) {
  const auto* value = field(object, name);
  if (value == nullptr) return true;
  return value->is_array() &&
         std::ranges::all_of(value->get_array(), [&](const auto& one) { return one.kind() == element; });
}

bool is_string_or_absent(const json::object& object, std::string_view name) {
  const auto* value = field(object, name);
  return value == nullptr || value->is_string();
}

bool is_condition(const json::object& rule, std::string_view name) {
  const auto* value = field(rule, name);
  if (value == nullptr) return true;
  return value->is_object() && is_array_or_absent(value->get_object(), "caps", json::kind::string) &&
         is_array_or_absent(value->get_object(), "arches", json::kind::string) &&
         is_string_or_absent(value->get_object(), "minKernel");
}

bool is_rule(const json::value& value) {
  if (!value.is_object()) return false;
  const auto& rule = value.get_object();
  const auto* action = field(rule, "action");
  return action != nullptr && action->is_string() && is_array_or_absent(rule, "names", json::kind::string) &&
         is_string_or_absent(rule, "name") && is_array_or_absent(rule, "args", json::kind::object) &&
         is_condition(rule, "includes") && is_condition(rule, "excludes");
}

bool has_any(const json::object& condition, std::string_view name, const std::function<bool(std::string_view)>& test) {
  const auto* list = field(condition, name);
  return list != nullptr &&
         std::ranges::any_of(list->get_array(), [&](const auto& one) { return test(one.get_string()); });
}

std::optional<std::pair<int, int>> kernel_version(std::string_view text) {
  std::pair<int, int> version;
  const char* end = text.data() + text.size();
  const auto major = std::from_chars(text.data(), end, version.first);
  if (major.ec != std::errc{} || major.ptr == end || *major.ptr != '.') return std::nullopt;
  if (std::from_chars(major.ptr + 1, end, version.second).ec != std::errc{}) return std::nullopt;
  return version;
}

class Converter {
 public:
  Converter(const SeccompHost& host, const std::vector<std::string>& capabilities)
      : host_(host), capabilities_(capabilities) {}

  bool applies(const json::object& rule) const {
    const auto arch_is_ours = [this](std::string_view arch) { return arch == host_.arch; };
    const auto has_capability = [this](std::string_view name) {
      return std::ranges::find(capabilities_, name) != capabilities_.end();
    };
    const auto lacks_capability = [&](std::string_view name) { return !has_capability(name); };
    if (const auto* condition = field(rule, "excludes")) {
      const auto& excludes = condition->get_object();
      if (has_any(excludes, "arches", arch_is_ours) || has_any(excludes, "caps", has_capability)) return false;
      if (const auto* kernel = field(excludes, "minKernel"))
        if (const auto version = kernel_version(kernel->get_string()); version && host_.kernel >= *version)
          return false;
    }
    if (const auto* condition = field(rule, "includes")) {
      const auto& includes = condition->get_object();
      const auto* arches = field(includes, "arches");
      if (arches != nullptr && !arches->get_array().empty() && !has_any(includes, "arches", arch_is_ours)) return false;
      if (has_any(includes, "caps", lacks_capability)) return false;
      if (const auto* kernel = field(includes, "minKernel"))
        if (const auto version = kernel_version(kernel->get_string()); !version || host_.kernel < *version)
          return false;
    }
    return true;
  }

  static json::object rule(const json::object& from) {
    json::object to;
    if (const auto* names = field(from, "names")) {
      to["names"] = *names;
    } else if (const auto* name = field(from, "name")) {
      to["names"] = json::array{*name};
    }
    for (const auto* copied : {"action", "errnoRet", "args"})
      if (const auto* value = field(from, copied)) to[copied] = *value;
    return to;
  }

 private:
  const SeccompHost& host_;
  const std::vector<std::string>& capabilities_;
};

json::array architectures(const json::object& profile, const SeccompHost& host) {
  json::array all;
  if (const auto* listed = field(profile, "architectures")) all = listed->get_array();
  if (const auto* map = field(profile, "archMap")) {
    for (const auto& entry : map->get_array()) {
      const auto* abi = field(entry.get_object(), "architecture");
      if (abi == nullptr || abi->get_string() != native_abi(host.arch)) continue;
      all.push_back(*abi);
      if (const auto* more = field(entry.get_object(), "subArchitectures"))
        all.insert(all.end(), more->get_array().begin(), more->get_array().end());
      break;
    }
  }
  json::array present;
  for (const auto& abi : all)
    if (!host.absent_abis.contains(std::string(abi.get_string()))) present.push_back(abi);
  return present;
}

std::unexpected<base::Error> malformed(std::string_view why) {
  return base::fail(base::ErrorKind::invalid, "Decoding seccomp profile failed: " + std::string(why));
}

}  // namespace

base::Result<SeccompProfile> parse_seccomp_profile(std::string_view text) {
  if (text.size() > kMaxBytes) return malformed("it is larger than 4 MiB");
  boost::system::error_code error;
  auto value = json::parse(text, error);
  if (error) return malformed(error.message());
  if (!value.is_object()) return malformed("it is not a JSON object");
  auto& body = value.get_object();
  const auto* action = field(body, "defaultAction");
  if (action == nullptr || !action->is_string()) return malformed("defaultAction is missing");
  if (!is_array_or_absent(body, "architectures", json::kind::string) ||
      !is_array_or_absent(body, "archMap", json::kind::object) ||
      !is_array_or_absent(body, "syscalls", json::kind::object) ||
      !is_array_or_absent(body, "flags", json::kind::string))
    return malformed("a list has elements of another type");
  if (const auto* map = field(body, "archMap")) {
    if (const auto* listed = field(body, "architectures"); listed != nullptr && !listed->get_array().empty())
      return malformed("use either 'architectures' or 'archMap'");
    for (const auto& entry : map->get_array())
      if (!is_string_or_absent(entry.get_object(), "architecture") ||
          !is_array_or_absent(entry.get_object(), "subArchitectures", json::kind::string))
        return malformed("archMap is malformed");
  }
  if (const auto* rules = field(body, "syscalls"))
    if (!std::ranges::all_of(rules->get_array(), is_rule)) return malformed("a rule of syscalls is malformed");
  return SeccompProfile{std::move(body)};
}

json::object oci_seccomp(const SeccompProfile& profile, const SeccompHost& host,
                         const std::vector<std::string>& capabilities) {
  json::object out;
  for (const auto* copied : {"defaultAction", "defaultErrnoRet", "flags", "listenerPath", "listenerMetadata"})
    if (const auto* value = field(profile.body, copied)) out[copied] = *value;
  out["architectures"] = architectures(profile.body, host);
  json::array rules;
  const Converter converter(host, capabilities);
  if (const auto* all = field(profile.body, "syscalls"))
    for (const auto& rule : all->get_array())
      if (converter.applies(rule.get_object())) rules.push_back(Converter::rule(rule.get_object()));
  out["syscalls"] = std::move(rules);
  return out;
}

}  // namespace fairlead::wire
