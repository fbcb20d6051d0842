#include <unistd.h>

#include "doors/docker/json_container.h"
#include "doors/docker/json_fields.h"
#include "doors/docker/json_host_config.h"
#include "doors/docker/json_network_settings.h"
#include "doors/docker/json_status.h"
#include "engine/event_of.h"
#include "engine/files.h"

namespace fairlead::docker {
namespace json = boost::json;

namespace {

json::object state_of(const engine::Container& container) {
  const bool up = container.phase == engine::Phase::running;
  json::object state;
  state["Status"] = engine::status_word(container);
  state["Running"] = up || container.phase == engine::Phase::restarting;
  state["Paused"] = false;
  state["Restarting"] = container.phase == engine::Phase::restarting;
  state["OOMKilled"] = container.oom_killed;
  state["Dead"] = container.phase == engine::Phase::dead;
  state["Pid"] = up ? container.pid : 0;
  state["ExitCode"] = container.exit_code;
  state["Error"] = container.error;
  state["StartedAt"] = time_text(container.started);
  state["FinishedAt"] = time_text(container.finished);
  return state;
}

std::string host_name() {
  char name[256] = {};
  return ::gethostname(name, sizeof name - 1) == 0 ? name : "";
}

json::object config_of(const engine::Container& container) {
  const ports::ContainerSpec& spec = container.spec;
  json::object config;
  config["Hostname"] = engine::hostname(container, host_name());
  config["Domainname"] = spec.domainname;
  for (auto& member : process_config(spec.process)) config.insert(std::move(member));
  config["Image"] = spec.image;
  json::object exposed, volumes;
  for (const std::string& port : spec.exposed_ports) exposed[port] = json::object();
  for (const std::string& path : spec.anonymous_volumes) volumes[path] = json::object();
  if (!exposed.empty()) config["ExposedPorts"] = std::move(exposed);
  config["Volumes"] = volumes.empty() ? json::value(nullptr) : json::value(std::move(volumes));
  if (spec.mac) config["MacAddress"] = spec.mac->text();
  config["OnBuild"] = nullptr;
  config["Labels"] = object_of(spec.labels);
  if (!spec.stop_signal.empty()) config["StopSignal"] = spec.stop_signal;
  if (spec.stop_timeout) config["StopTimeout"] = *spec.stop_timeout;
  return config;
}

json::object graph_driver(const ContainerView& view, const engine::Container& container) {
  json::object data;
  for (const auto& [name, path] : view.runtime.root_paths(container.id, container.layer_dirs)) data[name] = path;
  return {{"Data", std::move(data)}, {"Name", "overlay2"}};
}

void add_files(json::object& details, const ContainerView& view, const engine::Container& container) {
  // A joined container lives with the files of the one that it joined.
  const base::ContainerId& owner = container.joined ? *container.joined : container.id;
  details["ResolvConfPath"] = view.runtime.file_path(owner, "resolv.conf");
  details["HostnamePath"] = view.runtime.file_path(owner, "hostname");
  details["HostsPath"] = view.runtime.file_path(owner, "hosts");
  details["LogPath"] = view.runtime.log_path(container.id);
}

}  // namespace

json::object process_config(const ports::ProcessSpec& process) {
  const auto words = [](const std::optional<std::vector<std::string>>& list) {
    return list ? json::value(list_of(*list)) : json::value(nullptr);
  };
  json::object config;
  config["User"] = process.user;
  config["AttachStdin"] = process.attach_stdin;
  config["AttachStdout"] = process.attach_stdout;
  config["AttachStderr"] = process.attach_stderr;
  config["Tty"] = process.tty;
  config["OpenStdin"] = process.open_stdin;
  config["StdinOnce"] = process.stdin_once;
  config["Env"] = list_of(process.env);
  config["Cmd"] = words(process.cmd);
  config["WorkingDir"] = process.working_dir;
  config["Entrypoint"] = words(process.entrypoint);
  return config;
}

json::object container_details(const ContainerView& view, const engine::Container& container,
                               std::optional<ContainerSize> size) {
  json::object details;
  details["Id"] = container.id.text();
  details["Created"] = time_text(container.created);
  details["Path"] = container.path;
  details["Args"] = list_of(container.args);
  details["State"] = state_of(container);
  details["Image"] = container.image_id;
  add_files(details, view, container);
  details["Name"] = "/" + container.name;
  details["RestartCount"] = container.restart_count;
  details["Driver"] = "overlay2";
  details["Platform"] = "linux";
  details["MountLabel"] = "";
  details["ProcessLabel"] = "";
  details["AppArmorProfile"] = "";
  details["ExecIDs"] = nullptr;
  details["HostConfig"] = host_config(view.state, container);
  details["GraphDriver"] = graph_driver(view, container);
  if (size) {
    details["SizeRw"] = size->written;
    details["SizeRootFs"] = size->root;
  }
  details["Mounts"] = mount_points(container, view.volume_path);
  details["Config"] = config_of(container);
  details["NetworkSettings"] = network_settings(view.state, container, view.api_minor);
  return details;
}

}  // namespace fairlead::docker
