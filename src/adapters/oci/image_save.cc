#include "adapters/oci/image_save.h"

#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <boost/json.hpp>
#include <cerrno>
#include <map>
#include <set>

#include "adapters/oci/image_stream.h"
#include "wire/image_manifest.h"

namespace fairlead::oci {

namespace {

constexpr auto kManifestType = "application/vnd.oci.image.manifest.v1+json";
constexpr auto kIndexType = "application/vnd.oci.image.index.v1+json";
constexpr auto kConfigType = "application/vnd.oci.image.config.v1+json";
constexpr auto kLayerType = "application/vnd.oci.image.layer.v1.tar";

std::string blob_name(const std::string& digest) {
  return "blobs/sha256/" + digest_hex(digest);
}

struct SavedImage {
  std::string config_text;
  std::vector<std::string> tags;
  std::vector<StoredLayer> layers;
};

la_ssize_t write_fd(archive* a, void* self, const void* data, std::size_t size) {
  const int fd = *static_cast<int*>(self);
  while (true) {
    const auto n = ::write(fd, data, size);
    if (n >= 0) return n;
    if (errno == EAGAIN) {
      pollfd ready{fd, POLLOUT, 0};
      ::poll(&ready, 1, -1);
    } else if (errno != EINTR) {
      archive_set_error(a, errno, "cannot write the archive");
      return -1;
    }
  }
}

/// A tar being written; members have no owner and no time, so that equal images give equal archives.
class Writer {
 public:
  explicit Writer(int fd) : fd_(fd), out_(archive_write_new()) {
    archive_write_set_format_pax_restricted(out_.get());
    archive_write_set_bytes_in_last_block(out_.get(), 1);
    archive_write_open(out_.get(), &fd_, nullptr, write_fd, nullptr);
  }

  base::Result<void> header(const std::string& name, std::int64_t size) {
    std::unique_ptr<archive_entry, decltype(&archive_entry_free)> entry(archive_entry_new(), archive_entry_free);
    archive_entry_set_pathname(entry.get(), name.c_str());
    archive_entry_set_filetype(entry.get(), size < 0 ? AE_IFDIR : AE_IFREG);
    archive_entry_set_perm(entry.get(), size < 0 ? 0755 : 0644);
    archive_entry_set_size(entry.get(), size < 0 ? 0 : size);
    archive_entry_set_mtime(entry.get(), 0, 0);
    return check(archive_write_header(out_.get(), entry.get()) == ARCHIVE_OK);
  }
  base::Result<void> data(const void* bytes, std::size_t size) {
    return check(archive_write_data(out_.get(), bytes, size) == static_cast<la_ssize_t>(size));
  }
  base::Result<void> member(const std::string& name, std::string_view text) {
    auto done = header(name, static_cast<std::int64_t>(text.size()));
    return done && !text.empty() ? data(text.data(), text.size()) : done;
  }
  base::Result<void> close() { return check(archive_write_close(out_.get()) == ARCHIVE_OK); }

 private:
  base::Result<void> check(bool good) {
    if (good) return {};
    const char* why = archive_error_string(out_.get());
    return base::fail(base::ErrorKind::internal, why ? why : "cannot write the archive", "save images");
  }
  int fd_;
  ArchiveWriter out_;
};

/// Writes a layer's own tar, decompressed, as a member.
base::Result<void> write_layer(Writer& out, const StoredLayer& layer, const base::Fd& file) {
  const ArchiveReader in(archive_read_new());
  archive_read_support_filter_zstd(in.get());
  archive_read_support_format_raw(in.get());
  archive_entry* whole = nullptr;
  const auto damaged = base::fail(base::ErrorKind::internal, "a stored layer is damaged", layer.diff_id);
  if (archive_read_open_fd(in.get(), file.get(), 256 * 1024) != ARCHIVE_OK) return damaged;
  if (archive_read_next_header(in.get(), &whole) != ARCHIVE_OK) return damaged;
  if (auto begun = out.header(blob_name(layer.diff_id), layer.tar_bytes); !begun) return begun;
  std::int64_t written = 0;
  while (true) {
    const void* bytes = nullptr;
    std::size_t size = 0;
    la_int64_t offset = 0;
    const int status = archive_read_data_block(in.get(), &bytes, &size, &offset);
    if (status == ARCHIVE_EOF) break;
    if (status < ARCHIVE_WARN) return damaged;
    if (auto done = out.data(bytes, size); !done) return done;
    written += static_cast<std::int64_t>(size);
  }
  return written == layer.tar_bytes ? base::Result<void>{} : damaged;
}

/// The image that a reference means and the tags under which it is to be saved, added to `wanted` (tags by id).
base::Result<void> collect(const ImageIndex& index, const std::string& reference, std::vector<std::string>& order,
                           std::map<std::string, std::set<std::string>>& wanted) {
  const auto want = [&](const std::string& id) -> std::set<std::string>& {
    if (!wanted.contains(id)) order.push_back(id);
    return wanted[id];
  };
  const auto parsed = wire::parse_image_reference(reference);
  if (parsed && parsed->tag.empty() && parsed->digest.empty()) {
    bool any = false;
    for (const auto& [id, entry] : index.entries()) {
      for (const auto& tag : entry.tags) {
        if (tag.substr(0, tag.rfind(':')) != parsed->familiar_name()) continue;
        want(id).insert(tag);
        any = true;
      }
    }
    if (any) return {};
  }
  auto found = index.resolve(reference);
  if (!found) return std::unexpected(found.error());
  auto& tags = want(found->id);
  if (!found->by_id && parsed && parsed->digest.empty()) tags.insert(parsed->familiar_tagged());
  return {};
}

struct Books {
  std::vector<wire::ArchiveImage> images;
  wire::ImageManifest index{.media_type = kIndexType, .is_index = true};
  std::map<std::string, std::string> texts;  ///< blobs by digest
  boost::json::object repositories;
};

void enter(Books& books, const SavedImage& image) {
  wire::ImageManifest manifest{.media_type = kManifestType};
  const auto config = sha256_digest(image.config_text);
  manifest.config = {kConfigType, config, static_cast<std::int64_t>(image.config_text.size())};
  wire::ArchiveImage row{blob_name(config), image.tags, {}};
  for (const auto& layer : image.layers) {
    manifest.layers.push_back({kLayerType, layer.diff_id, layer.tar_bytes});
    row.layers.push_back(blob_name(layer.diff_id));
  }
  const auto text = wire::image_manifest_json(manifest);
  wire::Descriptor descriptor{kManifestType, sha256_digest(text), static_cast<std::int64_t>(text.size())};
  books.texts[config] = image.config_text;
  books.texts[descriptor.digest] = text;
  if (image.tags.empty()) books.index.manifests.push_back(descriptor);
  for (const auto& tag : image.tags) {
    const auto parsed = wire::parse_image_reference(tag);
    if (!parsed) continue;
    descriptor.annotations = {{"io.containerd.image.name", parsed->full_name() + ":" + parsed->tag},
                              {"org.opencontainers.image.ref.name", parsed->tag}};
    books.index.manifests.push_back(descriptor);
    auto& repository = books.repositories[parsed->familiar_name()];
    if (!repository.is_object()) repository = boost::json::object{};
    if (!image.layers.empty()) repository.as_object()[parsed->tag] = digest_hex(image.layers.back().diff_id);
  }
  books.images.push_back(std::move(row));
}

base::Result<void> write_books(Writer& out, const Books& books) {
  for (const auto& [digest, text] : books.texts) {
    if (auto done = out.member(blob_name(digest), text); !done) return done;
  }
  const std::pair<const char*, std::string> last[] = {
      {"index.json", wire::image_manifest_json(books.index)},
      {"manifest.json", wire::archive_manifest_json(books.images)},
      {"oci-layout", R"({"imageLayoutVersion":"1.0.0"})"},
      {"repositories", boost::json::serialize(books.repositories)},
  };
  for (const auto& [name, text] : last) {
    if (auto done = out.member(name, text); !done) return done;
  }
  return out.close();
}

}  // namespace

base::Result<void> save_images(ImageCatalog& catalog, const std::vector<std::string>& references, int fd) {
  const auto index = catalog.index();
  std::vector<std::string> order;
  std::map<std::string, std::set<std::string>> wanted;
  for (const auto& reference : references) {
    if (auto found = collect(*index, reference, order, wanted); !found) return found;
  }
  Books books;
  std::vector<LayerHold> holds;
  std::set<std::string> layers;
  for (const auto& id : order) {
    auto config = catalog.config_text(id);
    if (!config) return std::unexpected(config.error());
    SavedImage image{std::move(*config), {wanted[id].begin(), wanted[id].end()}, {}};
    for (const auto& diff_id : index->entry(id)->image->layers) {
      auto hold = catalog.layers().hold(diff_id);
      if (!hold) return std::unexpected(hold.error());
      image.layers.push_back(hold->layer());
      if (layers.insert(diff_id).second) holds.push_back(std::move(*hold));
    }
    enter(books, image);
  }
  Writer out(fd);
  for (const auto* name : {"blobs/", "blobs/sha256/"}) {
    if (auto done = out.header(name, -1); !done) return done;
  }
  for (const auto& hold : holds) {
    auto file = catalog.layers().open_tar(hold.layer().diff_id);
    if (!file) return std::unexpected(file.error());
    if (auto done = write_layer(out, hold.layer(), *file); !done) return done;
  }
  return write_books(out, books);
}

}  // namespace fairlead::oci
