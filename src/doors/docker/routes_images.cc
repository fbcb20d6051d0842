#include <fmt/format.h>
#include <fnmatch.h>

#include <algorithm>

#include "doors/docker/json_image.h"
#include "doors/docker/routes.h"
#include "doors/docker/routes_common.h"
#include "doors/docker/routes_image_streams.h"
#include "wire/image_reference.h"

namespace fairlead::docker {
namespace json = boost::json;
using Pieces = std::vector<std::string>;
using ports::Image;

namespace {

const std::set<std::string> kListFilters{"before", "dangling", "label", "label!", "reference", "since", "until"};

/// Docker's glob on a familiar name: `busy*`, with or without the tag.
bool name_fits(const std::string& pattern, const std::string& name) {
  const auto fits = [&](const std::string& text) {
    return ::fnmatch(pattern.c_str(), text.c_str(), FNM_PATHNAME) == 0;
  };
  const auto reference = wire::parse_image_reference(name);
  return fits(name) || (reference && (fits(reference->familiar_name()) ||
                                      fits(reference->full_name() + name.substr(reference->familiar_name().size()))));
}

/// Leaves the names that one of the patterns fits; false when none is left.
bool keep_named(const std::vector<std::string>& patterns, Image& image) {
  if (patterns.empty()) return true;
  const auto strange = [&](const std::string& name) {
    return std::ranges::none_of(patterns, [&](const auto& pattern) { return name_fits(pattern, name); });
  };
  std::erase_if(image.tags, strange);
  std::erase_if(image.digests, strange);
  return !image.tags.empty() || !image.digests.empty();
}

base::Result<std::optional<ports::Time>> created_of(engine::Service& service, const wire::DockerFilters& filters,
                                                    const std::string& name) {
  if (!filters.has(name)) return std::nullopt;
  const auto image = service.images().find(filters.values(name)[0]);
  if (!image) return std::unexpected(image.error());
  return image->created;
}

base::Result<std::vector<Image>> chosen(engine::Service& service, const Ask& ask) {
  const auto filters = filters_of(ask, kListFilters);
  if (!filters) return std::unexpected(filters.error());
  const auto dangling = filters->truth("dangling");
  if (!dangling) return std::unexpected(dangling.error());
  const auto before = created_of(service, *filters, "before"), since = created_of(service, *filters, "since");
  if (!before) return std::unexpected(before.error());
  if (!since) return std::unexpected(since.error());
  std::vector<std::string> patterns = filters->values("reference");
  if (const std::string old_form = ask.text("filter"); !old_form.empty()) patterns.push_back(old_form);
  std::vector<Image> images;
  for (Image& image : service.images().list()) {
    const auto old = created_before(*filters, image.created, service.clock().now());
    if (!old) return std::unexpected(old.error());
    const bool nameless = image.tags.empty() && image.digests.empty();
    if (!*old || (*dangling && **dangling != nameless) || (*before && image.created >= **before) ||
        (*since && image.created <= **since))
      continue;
    if (filters->matches_labels(image.labels) && keep_named(patterns, image)) images.push_back(std::move(image));
  }
  std::ranges::sort(images, std::greater<>(), &Image::created);
  return images;
}

Task<void> list(engine::Service& service, Exchange& exchange) {
  const auto images = chosen(service, exchange.ask());
  if (!images) co_return co_await exchange.error(images.error());
  json::array shown;
  for (const Image& image : *images) shown.push_back(image_summary(image, exchange.ask().api_minor));
  co_await exchange.json(200, std::move(shown));
}

Task<void> inspect(engine::Service& service, Exchange& exchange, Pieces pieces) {
  const auto image = service.images().find(pieces[0]);
  if (!image) co_return co_await exchange.error(image.error());
  co_await exchange.json(200, image_details(*image, exchange.ask().api_minor));
}

Task<void> history(engine::Service& service, Exchange& exchange, Pieces pieces) {
  const auto image = service.images().find(pieces[0]);
  if (!image) co_return co_await exchange.error(image.error());
  co_await exchange.json(200, image_history(*image));
}

Task<void> tag(engine::Service& service, Exchange& exchange, Pieces pieces) {
  const std::string repository = exchange.ask().text("repo"), name = exchange.ask().text("tag");
  const auto image = service.images().find(pieces[0]);
  if (!image) co_return co_await exchange.error(image.error());
  const auto tagged = co_await offload(service, [&service, reference = pieces[0], repository, name] {
    return service.images().tag(reference, repository, name);
  });
  if (!tagged) co_return co_await exchange.error(tagged.error());
  tell_image(service, "tag", image->id, repository + ":" + (name.empty() ? "latest" : name));
  co_await exchange.empty(201);
}

void tell_deletion(engine::Service& service, const std::string& id, const ports::ImageDeletion& deletion) {
  for (const std::string& name : deletion.untagged) tell_image(service, "untag", id.empty() ? name : id, name);
  for (const std::string& gone : deletion.deleted) {
    // Layers are deleted as well; an event is due for images, and they are what a remaining name could have meant.
    if (id.empty() || gone == id) tell_image(service, "delete", gone, gone);
  }
}

Task<void> remove(engine::Service& service, Exchange& exchange, Pieces pieces) {
  const auto image = service.images().find(pieces[0]);
  if (!image) co_return co_await exchange.error(image.error());
  const bool force = exchange.ask().flag("force");
  auto in_use = images_in_use(service.state());
  const auto deletion = co_await offload(service, [&service, reference = pieces[0], force, in_use = std::move(in_use)] {
    return service.images().remove(reference, force, in_use);
  });
  if (!deletion) co_return co_await exchange.error(deletion.error());
  tell_deletion(service, image->id, *deletion);
  co_await exchange.json(200, deletion_json(*deletion));
}

/// The images that a prune with `until` or `label` takes, one by one.
base::Result<ports::ImageDeletion> prune_chosen(ports::Images& library, const std::vector<std::string>& ids,
                                                const std::map<std::string, std::string>& in_use) {
  ports::ImageDeletion all;
  for (const std::string& id : ids) {
    const auto one = library.remove(id, true, in_use);
    if (!one) continue;
    all.untagged.insert(all.untagged.end(), one->untagged.begin(), one->untagged.end());
    all.deleted.insert(all.deleted.end(), one->deleted.begin(), one->deleted.end());
    all.reclaimed += one->reclaimed;
  }
  return all;
}

Task<void> prune(engine::Service& service, Exchange& exchange) {
  const auto filters = filters_of(exchange.ask(), {"dangling", "label", "label!", "until"});
  if (!filters) co_return co_await exchange.error(filters.error());
  const auto dangling = filters->truth("dangling");
  if (!dangling) co_return co_await exchange.error(dangling.error());
  const bool all = !dangling->value_or(true);
  auto in_use = images_in_use(service.state());
  std::vector<std::string> ids;
  for (const Image& image : service.images().list()) {
    const auto old = created_before(*filters, image.created, service.clock().now());
    if (!old) co_return co_await exchange.error(old.error());
    const bool nameless = image.tags.empty() && image.digests.empty();
    if (*old && (all || nameless) && !in_use.contains(image.id) && filters->matches_labels(image.labels))
      ids.push_back(image.id);
  }
  const bool narrowed = filters->has("label") || filters->has("label!") || filters->has("until");
  const auto deletion = co_await offload(service, [&service, all, narrowed, ids, in_use = std::move(in_use)] {
    return narrowed ? prune_chosen(service.images(), ids, in_use) : service.images().prune(all, in_use);
  });
  if (!deletion) co_return co_await exchange.error(deletion.error());
  tell_deletion(service, "", *deletion);
  service.publish({service.clock().now(), "image", "prune", "", {{"reclaimed", fmt::to_string(deletion->reclaimed)}}});
  json::array deleted = deletion_json(*deletion);
  co_await exchange.json(200,
                         {{"ImagesDeleted", deleted.empty() ? json::value(nullptr) : json::value(std::move(deleted))},
                          {"SpaceReclaimed", deletion->reclaimed}});
}

Task<void> search(Exchange& exchange) {
  co_await exchange.error(
      {base::ErrorKind::not_implemented, "searching a registry is not implemented by fairlead", {}});
}

}  // namespace

std::vector<Route> image_routes(engine::Service& service) {
  return {
      {"GET", "/images/json", [&service](Exchange& exchange, const Pieces&) { return list(service, exchange); }},
      {"GET", "/images/search", [](Exchange& exchange, const Pieces&) { return search(exchange); }},
      {"GET", "/images/get",
       [&service](Exchange& exchange, const Pieces&) {
         return save_images(service, exchange, exchange.ask().all("names"));
       }},
      {"POST", "/images/create",
       [&service](Exchange& exchange, const Pieces&) { return create_image(service, exchange); }},
      {"POST", "/images/load",
       [&service](Exchange& exchange, const Pieces&) { return load_images(service, exchange); }},
      {"POST", "/images/prune", [&service](Exchange& exchange, const Pieces&) { return prune(service, exchange); }},
      {"GET", "/images/{*}/json",
       [&service](Exchange& exchange, Pieces pieces) { return inspect(service, exchange, std::move(pieces)); }},
      {"GET", "/images/{*}/history",
       [&service](Exchange& exchange, Pieces pieces) { return history(service, exchange, std::move(pieces)); }},
      {"GET", "/images/{*}/get",
       [&service](Exchange& exchange, Pieces pieces) { return save_images(service, exchange, std::move(pieces)); }},
      {"POST", "/images/{*}/tag",
       [&service](Exchange& exchange, Pieces pieces) { return tag(service, exchange, std::move(pieces)); }},
      {"DELETE", "/images/{*}",
       [&service](Exchange& exchange, Pieces pieces) { return remove(service, exchange, std::move(pieces)); }},
  };
}

}  // namespace fairlead::docker
