#include "doors/docker/routes_image_streams.h"

#include <fmt/format.h>

#include "base/log.h"
#include "doors/docker/json_image.h"
#include "doors/docker/worker_stream.h"
#include "wire/docker_auth.h"
#include "wire/image_reference.h"

namespace fairlead::docker {

namespace {

/// The name to import under, checked before the body is read: it may be long.
base::Result<ports::ImportOptions> import_options(const Ask& ask) {
  ports::ImportOptions options{.repository = ask.text("repo"),
                               .tag = ask.text("tag"),
                               .message = ask.text("message"),
                               .changes = ask.all("changes"),
                               .platform = ask.text("platform")};
  if (options.repository.empty()) return options;
  auto reference = wire::parse_image_reference(options.repository + (options.tag.empty() ? "" : ":" + options.tag));
  if (!reference) return std::unexpected(reference.error());
  if (!reference->digest.empty()) return base::fail(base::ErrorKind::invalid, "cannot import digest reference");
  return options;
}

Task<void> import_image(engine::Service& service, Exchange& exchange) {
  if (exchange.ask().text("fromSrc") != "-") {
    co_return co_await exchange.error({base::ErrorKind::not_implemented,
                                       "importing from a URL is not implemented by fairlead: send the archive itself",
                                       {}});
  }
  const auto options = import_options(exchange.ask());
  if (!options) co_return co_await exchange.error(options.error());
  const auto image = co_await with_body<ports::Image>(
      service, exchange,
      [&service, options = *options](base::Fd input) { return service.images().import(std::move(input), options); });
  if (!image) co_return co_await exchange.error(image.error());
  tell_image(service, "import", image->id, image->tags.empty() ? image->id : image->tags.front());
  co_await exchange.begin_stream(200, "application/json");
  co_await exchange.write(progress_line({.status = image->id, .id = {}}));
}

std::string pull_reference(const Ask& ask) {
  const std::string name = ask.text("fromImage"), tag = ask.text("tag");
  if (tag.empty()) return name;
  return name + (tag.find(':') == std::string::npos ? ":" : "@") + tag;
}

Task<void> pull_image(engine::Service& service, Exchange& exchange) {
  const std::string reference = pull_reference(exchange.ask());
  const auto valid = wire::parse_image_reference(reference);
  if (!valid) co_return co_await exchange.error(valid.error());
  auto pipe = make_pipe();
  if (!pipe) co_return co_await exchange.error(pipe.error());
  auto work = [&service, reference, platform = exchange.ask().text("platform"),
               auth = wire::decode_registry_auth(exchange.header("X-Registry-Auth")).value_or(""),
               lines = std::move(pipe->writing)]() mutable {
    // The client may leave: then nobody reads the lines, and the image still comes.
    auto image = service.images().pull(reference, platform, auth, [&lines](const ports::Progress& progress) {
      write_all(lines.get(), progress_line(progress));
    });
    lines.reset();
    return image;
  };
  Underway<base::Result<ports::Image>> underway(service, std::move(work));
  const bool begun = co_await send_stream(exchange, std::move(pipe->reading), "application/json");
  const auto image = co_await underway.finish();
  const std::string name = valid->with_default_tag().familiar();
  if (image) tell_image(service, "pull", name, name);
  if (begun) {
    if (!image) co_await exchange.write(error_line(image.error().text));
  } else if (image) {
    co_await exchange.begin_stream(200, "application/json");
  } else {
    co_await exchange.error(image.error());
  }
}

}  // namespace

void tell_image(engine::Service& service, std::string action, const std::string& id, const std::string& name) {
  service.publish({service.clock().now(), "image", std::move(action), id, {{"name", name}}});
}

Task<void> create_image(engine::Service& service, Exchange& exchange) {
  if (!exchange.ask().text("fromImage").empty()) return pull_image(service, exchange);
  return import_image(service, exchange);
}

Task<void> load_images(engine::Service& service, Exchange& exchange) {
  const auto loaded = co_await with_body<std::vector<std::string>>(service, exchange, [&service](base::Fd input) {
    return service.images().load(std::move(input), [](const ports::Progress&) {});
  });
  if (!loaded) co_return co_await exchange.error(loaded.error());
  co_await exchange.begin_stream(200, "application/json");
  for (const std::string& line : *loaded) {
    const auto name = line.find(": ");
    const std::string reference = name == std::string::npos ? line : line.substr(name + 2);
    const auto image = service.images().find(reference);
    tell_image(service, "load", image ? image->id : reference, reference);
    if (!co_await exchange.write(stream_line(line.ends_with('\n') ? line : line + "\n"))) co_return;
  }
}

Task<void> save_images(engine::Service& service, Exchange& exchange, std::vector<std::string> references) {
  if (references.empty())
    co_return co_await exchange.error({base::ErrorKind::invalid, "no image was named to save", {}});
  for (const std::string& reference : references) {
    if (const auto image = service.images().find(reference); !image) co_return co_await exchange.error(image.error());
  }
  auto pipe = make_pipe();
  if (!pipe) co_return co_await exchange.error(pipe.error());
  Underway<base::Result<void>> underway(service, [&service, references, output = std::move(pipe->writing)]() mutable {
    return service.images().save(references, std::move(output));
  });
  const bool begun = co_await send_stream(exchange, std::move(pipe->reading), "application/x-tar");
  const auto saved = co_await underway.finish();
  if (!begun) {
    if (!saved) co_return co_await exchange.error(saved.error());
    co_return co_await exchange.error({base::ErrorKind::internal, "the archive is empty", {}});
  }
  if (saved) co_return;
  base::log(base::LogLevel::error, "save {}: {}", fmt::join(references, " "), saved.error().text);
  exchange.cut_off();
}

}  // namespace fairlead::docker
