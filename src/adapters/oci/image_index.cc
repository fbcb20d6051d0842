#include "adapters/oci/image_index.h"

#include <boost/json.hpp>

#include "wire/image_json.h"

namespace fairlead::oci {

namespace {

bool is_hex(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

}  // namespace

std::unexpected<base::Error> no_such_image(const std::string& reference) {
  auto shown = reference;
  if (auto parsed = wire::parse_image_reference(reference)) shown = parsed->with_default_tag().familiar();
  return base::fail(base::ErrorKind::not_found, "No such image: " + shown);
}

base::Result<ImageIndex::Found> ImageIndex::resolve(const std::string& reference) const {
  const bool prefixed = reference.starts_with("sha256:");
  const auto hex = prefixed ? std::string_view(reference).substr(7) : std::string_view(reference);
  const bool may_be_id = is_hex(hex) && hex.size() <= 64;
  if (may_be_id && hex.size() == 64) {
    const auto id = "sha256:" + std::string(hex);
    if (entries_.contains(id)) return Found{id, true};
    return base::fail(base::ErrorKind::not_found, "No such image: " + reference);
  }
  auto parsed = wire::parse_image_reference(reference);
  if (!parsed) return std::unexpected(parsed.error());
  const auto full = parsed->with_default_tag();
  // With a digest the tag says nothing: `busybox:1@sha256:…` is found by the digest.
  const auto name = full.digest.empty() ? full.familiar() : full.familiar_name() + "@" + full.digest;
  if (auto id = id_of(name); !id.empty()) return Found{std::move(id), false};
  if (may_be_id) {
    const auto prefix = "sha256:" + std::string(hex);
    const auto first = entries_.lower_bound(prefix);
    if (first != entries_.end() && first->first.starts_with(prefix)) {
      const auto second = std::next(first);
      if (second == entries_.end() || !second->first.starts_with(prefix)) return Found{first->first, true};
    }
  }
  return no_such_image(reference);
}

const ImageIndex::Entry* ImageIndex::entry(const std::string& id) const {
  const auto found = entries_.find(id);
  return found == entries_.end() ? nullptr : &found->second;
}

ports::Image ImageIndex::view(const std::string& id) const {
  const auto* found = entry(id);
  if (!found) return {};
  auto out = *found->image;
  out.tags.assign(found->tags.begin(), found->tags.end());
  out.digests.assign(found->digests.begin(), found->digests.end());
  return out;
}

std::string ImageIndex::id_of(const std::string& name) const {
  const auto found = names_.find(name);
  return found == names_.end() ? std::string{} : found->second;
}

void ImageIndex::add(std::shared_ptr<const ports::Image> image) {
  const auto id = image->id;
  entries_[id].image = std::move(image);
}

void ImageIndex::set_name(const std::string& name, const std::string& id) {
  drop_name(name);
  auto& entry = entries_.at(id);
  (name.find('@') == std::string::npos ? entry.tags : entry.digests).insert(name);
  names_[name] = id;
}

void ImageIndex::drop_name(const std::string& name) {
  const auto found = names_.find(name);
  if (found == names_.end()) return;
  auto& entry = entries_.at(found->second);
  entry.tags.erase(name);
  entry.digests.erase(name);
  names_.erase(found);
}

void ImageIndex::drop(const std::string& id) {
  std::erase_if(names_, [&](const auto& name) { return name.second == id; });
  entries_.erase(id);
}

std::string ImageIndex::names_json() const {
  boost::json::object out;
  for (const auto& [name, id] : names_) out[name] = id;
  return boost::json::serialize(out);
}

base::Result<void> ImageIndex::read_names(std::string_view text) {
  auto value = wire::parse_image_json(text, "image names");
  if (!value) return std::unexpected(value.error());
  const auto* object = value->if_object();
  if (!object) return base::fail(base::ErrorKind::invalid, "image names are not a JSON object");
  for (const auto& [name, id] : *object) {
    if (!id.is_string()) continue;
    const std::string target(id.get_string().data(), id.get_string().size());
    if (entries_.contains(target)) set_name(std::string(name), target);
  }
  return {};
}

}  // namespace fairlead::oci
