#pragma once
#include <cstdint>
#include <filesystem>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "adapters/oci/image_stream.h"
#include "base/error.h"
#include "base/fd.h"

namespace fairlead::oci {

/// One unpacked layer of the library.
struct StoredLayer {
  std::string diff_id;             ///< `sha256:…` of its tar
  std::int64_t tar_bytes = 0;      ///< of its tar, uncompressed
  std::int64_t content_bytes = 0;  ///< of its files
};

class LayerStore;
class TempDir;

/// Keeps a layer from being removed while an operation works with it.
class LayerHold {
 public:
  LayerHold(LayerStore& store, StoredLayer layer) : store_(&store), layer_(std::move(layer)) {}
  LayerHold(LayerHold&& other) noexcept
      : store_(std::exchange(other.store_, nullptr)), layer_(std::move(other.layer_)) {}
  LayerHold& operator=(LayerHold&& other) noexcept {
    std::swap(store_, other.store_);
    std::swap(layer_, other.layer_);
    return *this;
  }
  ~LayerHold();

  const StoredLayer& layer() const { return layer_; }
  /// The hold becomes an image's: it lasts until the image's own `LayerStore::release`.
  void keep() { store_ = nullptr; }

 private:
  LayerStore* store_;
  StoredLayer layer_;
};

/// The layers of the library by diff id, each a directory
///
///     layers/<64 hex>/fs             unpacked, an overlayfs lower directory
///     layers/<64 hex>/layer.tar.zst  the very tar it came from
///     layers/<64 hex>/sizes.json
///
/// The tar is kept because a tar written anew from the directory would differ in some byte (order of entries and of
/// attributes, header variants), and then `save` would give layers that no longer match the image's diff ids. zstd at
/// level 1 costs about a third of the layer's size on disk and less time than the unpacking itself; the other way, a
/// recipe of the headers to be joined with the files again, breaks as soon as one file of the unpacked tree is damaged.
///
/// A layer is made under tmp/ and renamed into place when it is whole. Its files are not synced one by one: after a
/// power cut (not a crash of ours) the newest layers may have to be fetched again.
class LayerStore {
 public:
  /// Reads what is there; `root` holds layers/ and tmp/, which exist.
  LayerStore(std::filesystem::path root, UnpackLimits limits);

  /// Unpacks an archive, compressed or not, and holds its layer. With `expected`, an archive of another diff id is
  /// refused.
  base::Result<LayerHold> add(int archive_fd, const std::string& expected = {});
  /// Holds a layer that is there already; `not_found` otherwise.
  base::Result<LayerHold> hold(const std::string& diff_id);
  /// Gives one use up; removes the layer when it was the last and gives the bytes that this freed.
  std::optional<std::int64_t> release(const std::string& diff_id);
  /// Removes the layers that nobody uses (start-up only: what a crash left over).
  void remove_unused();

  std::string directory(const std::string& diff_id) const;
  /// The layer's compressed tar, open for reading.
  base::Result<base::Fd> open_tar(const std::string& diff_id) const;

 private:
  struct Known {
    StoredLayer layer;
    int users = 0;
  };
  LayerHold commit(StoredLayer layer, TempDir& made, base::Result<void>& done);
  std::filesystem::path place(const std::string& diff_id) const;

  const std::filesystem::path root_;
  const UnpackLimits limits_;
  std::mutex mutex_;
  std::map<std::string, Known> known_;
};

}  // namespace fairlead::oci
