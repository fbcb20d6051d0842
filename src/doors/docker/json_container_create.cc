#include "doors/docker/json_container_create.h"

#include <fmt/format.h>

#include "doors/docker/json_container_create_parts.h"
#include "wire/docker_signal.h"

namespace fairlead::docker {

void refuse(const Fields& fields, std::string text) {
  fields.complaints().add(base::ErrorKind::invalid, std::move(text));
}

void lack(const Fields& fields, std::string what) {
  fields.complaints().add(base::ErrorKind::not_implemented, what + " is not implemented by fairlead");
}

namespace {

void read_process(const Fields& config, ports::ProcessSpec& process) {
  process.user = config.text("User");
  process.working_dir = config.text("WorkingDir");
  process.env = config.texts("Env");
  process.entrypoint = config.text_or_texts("Entrypoint");
  process.cmd = config.text_or_texts("Cmd");
  process.tty = config.flag("Tty");
  process.open_stdin = config.flag("OpenStdin");
  process.stdin_once = config.flag("StdinOnce");
  process.attach_stdin = config.flag("AttachStdin");
  process.attach_stdout = config.flag("AttachStdout");
  process.attach_stderr = config.flag("AttachStderr");
}

void read_config(const Fields& config, ports::ContainerSpec& spec) {
  spec.image = config.text("Image");
  if (spec.image.empty() && config.complaints().first() == std::nullopt) refuse(config, "no image specified");
  read_process(config, spec.process);
  spec.hostname = config.text("Hostname");
  spec.domainname = config.text("Domainname");
  spec.labels = config.text_map("Labels");
  spec.stop_signal = config.text("StopSignal");
  if (!spec.stop_signal.empty()) {
    if (const auto signal = wire::parse_signal(spec.stop_signal); !signal) config.complaints().add(signal.error());
  }
  if (const auto timeout = config.maybe_number("StopTimeout")) {
    if (*timeout < -1 || *timeout > INT32_MAX)
      refuse(config, fmt::format("invalid stop timeout: {}", *timeout));
    else
      spec.stop_timeout = static_cast<int>(*timeout);
  }
  const auto test = config.object("Healthcheck").texts("Test");
  if (!test.empty() && test[0] != "NONE") lack(config, "a health check");
}

}  // namespace

base::Result<CreateRequest> parse_container_create(std::string_view body, int api_minor) {
  const auto parsed = parse_body(body);
  if (!parsed) return std::unexpected(parsed.error());
  Complaints complaints;
  const Fields config(&*parsed, "", complaints);
  const Fields host = config.object("HostConfig");
  CreateRequest request;
  read_config(config, request.spec);
  read_host(host, request.spec);
  read_limits(host, request);
  read_ports(config, host, request.spec);
  read_networks(config, host, api_minor, request.spec);
  read_mounts(config, host, request.spec);
  if (complaints.first()) return std::unexpected(*complaints.first());
  return request;
}

}  // namespace fairlead::docker
