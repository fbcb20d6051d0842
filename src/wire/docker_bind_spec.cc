#include "wire/docker_bind_spec.h"

#include <fmt/format.h>

#include <algorithm>

namespace fairlead::wire {

namespace {

std::vector<std::string_view> split(std::string_view text, char mark) {
  std::vector<std::string_view> parts;
  while (true) {
    const auto at = text.find(mark);
    parts.push_back(text.substr(0, at));
    if (at == std::string_view::npos) return parts;
    text.remove_prefix(at + 1);
  }
}

constexpr std::string_view kPropagation[] = {"private", "rprivate", "shared", "rshared", "slave", "rslave"};

/// Each group may be given once (read-only or read-write, label, propagation, copy, consistency).
int option_group(std::string_view option) {
  if (option == "ro" || option == "rw") return 0;
  if (option == "z" || option == "Z") return 1;
  if (std::ranges::find(kPropagation, option) != std::end(kPropagation)) return 2;
  if (option == "nocopy") return 3;
  if (option == "consistent" || option == "cached" || option == "delegated") return 4;
  return -1;
}

bool are_options(std::string_view text) {
  bool seen[5] = {};
  for (const std::string_view option : split(text, ',')) {
    const int group = option_group(option);
    if (group < 0 || seen[group]) return false;
    seen[group] = true;
  }
  return true;
}

void take_options(std::string_view text, DockerBind& bind) {
  for (const std::string_view option : split(text, ',')) {
    if (option == "ro")
      bind.read_only = true;
    else if (option == "nocopy")
      bind.no_copy = true;
    else if (option != "rw" && option_group(option) != 4)
      bind.options.emplace_back(option);
  }
}

std::unexpected<base::Error> bad(std::string text) {
  return base::fail(base::ErrorKind::invalid, std::move(text));
}

}  // namespace

bool is_docker_name(std::string_view name) {
  const auto plain = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); };
  return name.size() >= 2 && plain(name[0]) &&
         std::ranges::all_of(name, [&](char c) { return plain(c) || c == '_' || c == '.' || c == '-'; });
}

base::Result<void> check_volume_name(std::string_view name) {
  if (name.size() == 1) return bad("volume name is too short, names should be at least two alphanumeric characters");
  if (name.size() <= 255 && is_docker_name(name)) return {};
  return bad(fmt::format(
      "create {0}: \"{0}\" includes invalid characters for a local volume name, only \"[a-zA-Z0-9][a-zA-Z0-9_.-]\" are "
      "allowed. If you intended to pass a host directory, use absolute path",
      name));
}

std::string clean_path(std::string_view path) {
  std::vector<std::string_view> kept;
  for (const std::string_view part : split(path, '/')) {
    if (part.empty() || part == ".") continue;
    if (part != "..")
      kept.push_back(part);
    else if (!kept.empty())
      kept.pop_back();
  }
  std::string cleaned;
  for (const std::string_view part : kept) cleaned.append("/").append(part);
  return cleaned.empty() ? "/" : cleaned;
}

base::Result<std::string> check_mount_target(std::string_view target, std::string_view type) {
  const auto refuse = [&](std::string why) {
    return bad(fmt::format("invalid mount config for type \"{}\": {}", type, why));
  };
  if (target.empty()) return refuse("field Target must not be empty");
  if (target.find('\0') != std::string_view::npos) return refuse("the mount path holds a NUL character");
  if (target[0] != '/') return refuse(fmt::format("invalid mount path: '{}' mount path must be absolute", target));
  std::string cleaned = clean_path(target);
  if (cleaned == "/") return refuse("invalid specification: destination can't be '/'");
  return cleaned;
}

base::Result<DockerBind> parse_docker_bind(std::string_view text) {
  const auto parts = split(text, ':');
  const auto refuse = [&] { return bad(fmt::format("invalid volume specification: '{}'", text)); };
  if (parts[0].empty() || parts.size() > 3) return refuse();
  DockerBind bind;
  std::string_view target = parts[0];
  if (parts.size() > 1) {
    if (parts.size() == 2 && are_options(parts[1])) return refuse();
    bind.source = parts[0];
    target = parts[1];
  }
  if (parts.size() == 3) {
    if (!are_options(parts[2])) return bad(fmt::format("invalid mode: {}", parts[2]));
    take_options(parts[2], bind);
  }
  if (bind.source.find('\0') != std::string::npos) return refuse();
  if (bind.is_path()) bind.source = clean_path(bind.source);
  auto checked = check_mount_target(target, bind.is_path() ? "bind" : "volume");
  if (!checked) return bad(fmt::format("invalid volume specification: '{}': {}", text, checked.error().text));
  bind.target = std::move(*checked);
  if (!bind.source.empty() && !bind.is_path()) {
    if (auto named = check_volume_name(bind.source); !named) return std::unexpected(named.error());
  }
  return bind;
}

}  // namespace fairlead::wire
