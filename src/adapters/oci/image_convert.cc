#include "adapters/oci/image_convert.h"

#include <fmt/format.h>
#include <sys/utsname.h>

#include <algorithm>
#include <set>

#include "base/log.h"
#include "wire/docker_port_spec.h"

namespace fairlead::oci {

namespace {

ports::Time time_of(const std::string& text) {
  return ports::parse_rfc3339(text).value_or(ports::Time{});
}

std::vector<ports::ImageHistory> history_of(const wire::ImageConfig& config, const std::vector<StoredLayer>& layers) {
  std::vector<ports::ImageHistory> out;
  std::size_t next = 0;
  for (const auto& step : config.history) {
    ports::ImageHistory item{time_of(step.created), step.created_by, step.comment, step.empty_layer};
    if (!step.empty_layer && next < layers.size()) item.size = layers[next++].content_bytes;
    out.push_back(std::move(item));
  }
  return out;
}

/// overlayfs refuses the same lower directory twice. Of equal layers the uppermost alone gives the same view: all that
/// a lower one brings, the upper one brings again.
std::vector<std::string> directories_of(const std::vector<std::string>& diff_ids, const LayerStore& store) {
  std::set<std::string> seen;
  std::vector<std::string> out;
  for (auto id = diff_ids.rbegin(); id != diff_ids.rend(); ++id) {
    if (seen.insert(*id).second) out.push_back(store.directory(*id));
  }
  std::ranges::reverse(out);
  return out;
}

ports::ProcessSpec process_of(const wire::ImageRunConfig& run) {
  ports::ProcessSpec out;
  out.user = run.user;
  out.working_dir = run.working_dir;
  out.env = run.env;
  out.entrypoint = run.entrypoint;
  out.cmd = run.cmd;
  out.tty = run.tty;
  out.open_stdin = run.open_stdin;
  out.stdin_once = run.stdin_once;
  return out;
}

}  // namespace

std::shared_ptr<const ports::Image> make_image(const std::string& id, const wire::ImageConfig& config,
                                               const std::vector<StoredLayer>& layers, const LayerStore& store) {
  auto out = std::make_shared<ports::Image>();
  out->id = id;
  out->parent = config.parent;
  out->comment = config.comment;
  out->author = config.author;
  out->architecture = config.architecture;
  out->os = config.os;
  out->variant = config.variant;
  out->created = time_of(config.created);
  for (const auto& layer : layers) out->size += layer.content_bytes;
  out->process = process_of(config.run);
  out->stop_signal = config.run.stop_signal;
  out->labels = config.run.labels;
  auto exposed = wire::read_exposed_ports(config.run.exposed_ports);
  for (const auto& key : exposed.unreadable)
    base::log(base::LogLevel::warn, "image {}: \"{}\" of its exposed ports is no port and is passed over", id, key);
  out->exposed_ports = std::move(exposed.ports);
  out->volumes = config.run.volumes;
  out->on_build = config.run.on_build;
  out->shell = config.run.shell;
  out->layers = config.diff_ids;
  out->layer_dirs = directories_of(config.diff_ids, store);
  out->history = history_of(config, layers);
  return out;
}

std::string Platform::text() const {
  return os + "/" + architecture + (variant.empty() ? "" : "/" + variant);
}

Platform host_platform() {
  utsname name{};
  uname(&name);
  const std::string machine = name.machine;
  if (machine == "x86_64") return {"linux", "amd64", ""};
  if (machine == "aarch64") return {"linux", "arm64", ""};
  if (machine == "armv7l") return {"linux", "arm", "v7"};
  if (machine == "i686") return {"linux", "386", ""};
  return {"linux", machine, ""};
}

base::Result<Platform> parse_platform(const std::string& text) {
  if (text.empty()) return host_platform();
  std::vector<std::string> parts{""};
  for (const char c : text) {
    if (c == '/')
      parts.emplace_back();
    else
      parts.back() += c;
  }
  if (parts.size() == 1 && parts[0] != "linux") parts.insert(parts.begin(), "linux");
  const bool empty_part = std::ranges::any_of(parts, [](const auto& part) { return part.empty(); });
  if (parts.size() > 3 || empty_part) {
    return base::fail(base::ErrorKind::invalid, fmt::format("\"{}\" is an invalid OS/architecture specifier", text));
  }
  if (parts[0] != "linux") return base::fail(base::ErrorKind::invalid, "operating system is not supported");
  auto out = host_platform();
  if (parts.size() > 1) out = {"linux", parts[1], parts.size() > 2 ? parts[2] : ""};
  return out;
}

}  // namespace fairlead::oci
