#include "adapters/oci/image_layers.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <boost/json.hpp>

#include "adapters/oci/image_files.h"
#include "adapters/oci/image_unpack.h"
#include "base/log.h"
#include "wire/image_json.h"

namespace fairlead::oci {

namespace fs = std::filesystem;

namespace {

constexpr auto kTar = "layer.tar.zst";
constexpr auto kSizes = "sizes.json";

base::Result<StoredLayer> read_layer(const fs::path& dir) {
  auto text = read_small_file(dir / kSizes, 4096);
  if (!text) return std::unexpected(text.error());
  auto value = wire::parse_image_json(*text, kSizes);
  if (!value) return std::unexpected(value.error());
  StoredLayer out{.diff_id = "sha256:" + dir.filename().string()};
  wire::ImageFields fields(*value, kSizes);
  fields.number("tar", out.tar_bytes);
  fields.number("content", out.content_bytes);
  if (!wire::is_sha256_digest(out.diff_id)) fields.wrong("name", "is no digest");
  return fields.give(std::move(out));
}

}  // namespace

LayerHold::~LayerHold() {
  if (store_) store_->release(layer_.diff_id);
}

LayerStore::LayerStore(fs::path root, UnpackLimits limits) : root_(std::move(root)), limits_(limits) {
  std::error_code wrong;
  for (const auto& entry : fs::directory_iterator(root_ / "layers", wrong)) {
    auto layer = read_layer(entry.path());
    if (layer) {
      const auto id = layer->diff_id;
      known_[id] = {std::move(*layer), 0};
    } else {
      base::log(base::LogLevel::warn, "image layer {}: {}", entry.path().string(), layer.error().text);
      remove_tree(entry.path());
    }
  }
}

fs::path LayerStore::place(const std::string& diff_id) const {
  return root_ / "layers" / digest_hex(diff_id);
}

std::string LayerStore::directory(const std::string& diff_id) const {
  return (place(diff_id) / "fs").string();
}

base::Result<base::Fd> LayerStore::open_tar(const std::string& diff_id) const {
  base::Fd fd(::open((place(diff_id) / kTar).c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return base::fail_errno(errno, "open layer " + diff_id);
  return fd;
}

base::Result<LayerHold> LayerStore::hold(const std::string& diff_id) {
  const std::lock_guard lock(mutex_);
  const auto found = known_.find(diff_id);
  if (found == known_.end()) return base::fail(base::ErrorKind::not_found, "no such layer: " + diff_id);
  ++found->second.users;
  return LayerHold(*this, found->second.layer);
}

base::Result<LayerHold> LayerStore::add(int archive_fd, const std::string& expected) {
  auto made = TempDir::make(root_ / "tmp");
  if (!made) return std::unexpected(made.error());
  const auto tree = made->path() / "fs";
  if (::mkdir(tree.c_str(), 0755) != 0 || ::chmod(tree.c_str(), 0755) != 0)
    return base::fail_errno(errno, "mkdir a layer");
  const base::Fd root(::open(tree.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  const base::Fd copy(::open((made->path() / kTar).c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!root || !copy) return base::fail_errno(errno, "open a layer");

  auto stream = TarStream::open(archive_fd, limits_, copy.get());
  if (!stream) return std::unexpected(stream.error());
  auto unpacked = unpack_layer(**stream, root.get());
  if (!unpacked) return std::unexpected(unpacked.error());
  if (auto finished = (*stream)->finish(); !finished) return std::unexpected(finished.error());
  StoredLayer layer{(*stream)->digest(), (*stream)->bytes(), unpacked->bytes};
  if (!expected.empty() && layer.diff_id != expected) {
    return base::fail(base::ErrorKind::invalid,
                      fmt::format("invalid diffID for a layer: expected \"{}\", got \"{}\"", expected, layer.diff_id));
  }
  const boost::json::object sizes{{"tar", layer.tar_bytes}, {"content", layer.content_bytes}};
  auto done = write_file(made->path() / kSizes, boost::json::serialize(sizes), made->path());
  if (!done) return std::unexpected(done.error());
  auto hold = commit(std::move(layer), *made, done);
  if (!done) return std::unexpected(done.error());
  return hold;
}

/// Publishes a whole layer. Two operations may have unpacked the same one at once: the first stays, the other is thrown
/// away.
LayerHold LayerStore::commit(StoredLayer layer, TempDir& made, base::Result<void>& done) {
  const std::lock_guard lock(mutex_);
  if (const auto known = known_.find(layer.diff_id); known != known_.end()) {
    ++known->second.users;
    return {*this, known->second.layer};
  }
  done = made.move_to(place(layer.diff_id));
  if (done) known_[layer.diff_id] = {layer, 1};
  LayerHold hold(*this, std::move(layer));
  if (!done) hold.keep();
  return hold;
}

std::optional<std::int64_t> LayerStore::release(const std::string& diff_id) {
  std::optional<TempDir> grave;
  std::int64_t freed = 0;
  {
    const std::lock_guard lock(mutex_);
    const auto known = known_.find(diff_id);
    if (known == known_.end() || --known->second.users > 0) return std::nullopt;
    freed = known->second.layer.content_bytes;
    known_.erase(known);
    // The name is free at once, so that the same layer may come again while this one is still being removed.
    auto made = TempDir::make(root_ / "tmp");
    std::error_code wrong;
    if (made) fs::rename(place(diff_id), made->path() / "layer", wrong);
    if (made && !wrong)
      grave.emplace(std::move(*made));
    else
      remove_tree(place(diff_id));
  }
  return freed;
}

void LayerStore::remove_unused() {
  std::vector<std::string> unused;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [id, known] : known_) {
      if (known.users == 0) unused.push_back(id);
    }
  }
  for (const auto& id : unused) release(id);
}

}  // namespace fairlead::oci
