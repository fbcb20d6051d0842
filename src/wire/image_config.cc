#include "wire/image_config.h"

#include "wire/image_json.h"

namespace fairlead::wire {

namespace json = boost::json;

namespace {

/// A container of these many layers cannot be mounted anyway (overlayfs stops at 500).
constexpr std::size_t kMaxLayers = 500;

base::Result<ImageRunConfig> parse_run(const json::value& value) {
  ImageRunConfig out;
  ImageFields fields(value, "image configuration: config");
  fields.text("User", out.user);
  fields.text("WorkingDir", out.working_dir);
  fields.text("StopSignal", out.stop_signal);
  fields.texts("Env", out.env);
  fields.words("Entrypoint", out.entrypoint);
  fields.words("Cmd", out.cmd);
  fields.keys("ExposedPorts", out.exposed_ports);
  fields.keys("Volumes", out.volumes);
  fields.texts("OnBuild", out.on_build);
  fields.texts("Shell", out.shell);
  fields.text_map("Labels", out.labels);
  fields.flag("Tty", out.tty);
  fields.flag("OpenStdin", out.open_stdin);
  fields.flag("StdinOnce", out.stdin_once);
  return fields.give(std::move(out));
}

base::Result<ImageStep> parse_step(const json::value& value) {
  ImageStep out;
  ImageFields fields(value, "image configuration: history");
  fields.text("created", out.created);
  fields.text("created_by", out.created_by);
  fields.text("author", out.author);
  fields.text("comment", out.comment);
  fields.flag("empty_layer", out.empty_layer);
  return fields.give(std::move(out));
}

base::Result<std::vector<std::string>> parse_layers(const json::value& value) {
  std::vector<std::string> out;
  ImageFields fields(value, "image configuration: rootfs");
  fields.texts("diff_ids", out);
  if (out.size() > kMaxLayers) fields.wrong("diff_ids", "has too many layers");
  for (const auto& id : out) {
    if (!is_sha256_digest(id)) fields.wrong("diff_ids", "holds something that is not a sha256 digest");
  }
  return fields.give(std::move(out));
}

template <class Strings>
json::array list_of(const Strings& strings) {
  json::array out;
  for (const auto& text : strings) out.emplace_back(text);
  return out;
}

json::object set_of(const std::vector<std::string>& keys) {
  json::object out;
  for (const auto& key : keys) out[key] = json::object{};
  return out;
}

json::object run_json(const ImageRunConfig& run) {
  json::object out;
  if (!run.user.empty()) out["User"] = run.user;
  if (!run.exposed_ports.empty()) out["ExposedPorts"] = set_of(run.exposed_ports);
  if (run.tty) out["Tty"] = true;
  if (run.open_stdin) out["OpenStdin"] = true;
  if (run.stdin_once) out["StdinOnce"] = true;
  if (!run.env.empty()) out["Env"] = list_of(run.env);
  if (run.entrypoint) out["Entrypoint"] = list_of(*run.entrypoint);
  if (run.cmd) out["Cmd"] = list_of(*run.cmd);
  if (!run.volumes.empty()) out["Volumes"] = set_of(run.volumes);
  if (!run.working_dir.empty()) out["WorkingDir"] = run.working_dir;
  if (!run.on_build.empty()) out["OnBuild"] = list_of(run.on_build);
  if (!run.shell.empty()) out["Shell"] = list_of(run.shell);
  if (!run.stop_signal.empty()) out["StopSignal"] = run.stop_signal;
  if (!run.labels.empty()) {
    json::object labels;
    for (const auto& [key, value] : run.labels) labels[key] = value;
    out["Labels"] = std::move(labels);
  }
  return out;
}

json::object step_json(const ImageStep& step) {
  json::object out;
  if (!step.created.empty()) out["created"] = step.created;
  if (!step.created_by.empty()) out["created_by"] = step.created_by;
  if (!step.author.empty()) out["author"] = step.author;
  if (!step.comment.empty()) out["comment"] = step.comment;
  if (step.empty_layer) out["empty_layer"] = true;
  return out;
}

}  // namespace

base::Result<ImageConfig> parse_image_config(std::string_view text) {
  auto value = parse_image_json(text, "image configuration");
  if (!value) return std::unexpected(value.error());
  ImageConfig out;
  ImageFields fields(*value, "image configuration");
  fields.text("architecture", out.architecture);
  fields.text("os", out.os);
  fields.text("variant", out.variant);
  fields.text("author", out.author);
  fields.text("created", out.created);
  fields.text("comment", out.comment);
  fields.text("parent", out.parent);
  const auto* run = fields.member("config");
  const auto* rootfs = fields.member("rootfs");
  const auto history = fields.list("history");
  if (!rootfs) fields.wrong("rootfs", "is missing");
  if (!fields.ok()) return std::unexpected(fields.result().error());
  if (run) {
    auto parsed = parse_run(*run);
    if (!parsed) return std::unexpected(parsed.error());
    out.run = std::move(*parsed);
  }
  auto layers = parse_layers(*rootfs);
  if (!layers) return std::unexpected(layers.error());
  out.diff_ids = std::move(*layers);
  for (const auto& item : history) {
    auto step = parse_step(item);
    if (!step) return std::unexpected(step.error());
    out.history.push_back(std::move(*step));
  }
  return out;
}

std::string image_config_json(const ImageConfig& config) {
  json::object out;
  out["architecture"] = config.architecture;
  if (!config.author.empty()) out["author"] = config.author;
  if (!config.comment.empty()) out["comment"] = config.comment;
  out["config"] = run_json(config.run);
  if (!config.created.empty()) out["created"] = config.created;
  json::array history;
  for (const auto& step : config.history) history.push_back(step_json(step));
  out["history"] = std::move(history);
  out["os"] = config.os;
  if (!config.parent.empty()) out["parent"] = config.parent;
  out["rootfs"] = json::object{{"type", "layers"}, {"diff_ids", list_of(config.diff_ids)}};
  if (!config.variant.empty()) out["variant"] = config.variant;
  return json::serialize(out);
}

}  // namespace fairlead::wire
