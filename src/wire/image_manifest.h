#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace fairlead::wire {

/// One image of a `docker save` archive's manifest.json: names of members of the archive.
struct ArchiveImage {
  std::string config;               ///< member that holds the image configuration
  std::vector<std::string> tags;    ///< `busybox:latest`
  std::vector<std::string> layers;  ///< members that hold the layers, lowest first
  bool operator==(const ArchiveImage&) const = default;
};

/// A content descriptor of the OCI image-spec (`descriptor.md`); Docker's schema 2 uses the same members.
struct Descriptor {
  std::string media_type, digest;
  std::int64_t size = 0;
  std::string os, architecture, variant;  ///< of `platform`, in an index only
  std::map<std::string, std::string> annotations;
  bool operator==(const Descriptor&) const = default;
};

/// What a registry or an OCI layout keeps under one digest: either one image or a list of further manifests.
struct ImageManifest {
  std::string media_type;
  bool is_index = false;
  Descriptor config;                  ///< of one image
  std::vector<Descriptor> layers;     ///< of one image, lowest first
  std::vector<Descriptor> manifests;  ///< of an index
  bool operator==(const ImageManifest&) const = default;
};

/// manifest.json of a `docker save` archive. Errors are `invalid`.
base::Result<std::vector<ArchiveImage>> parse_archive_manifest(std::string_view json);
std::string archive_manifest_json(const std::vector<ArchiveImage>& images);

/// An OCI image manifest or index, or Docker's schema 2 equivalents. Errors are `invalid`; Docker's schema 1 is
/// refused. Every digest in the result is sha256 and well formed.
base::Result<ImageManifest> parse_image_manifest(std::string_view json);
std::string image_manifest_json(const ImageManifest& manifest);

/// The entry of an index for a platform (`linux`, `amd64`, variant may be empty: any), or null where there is none.
/// Entries without a platform match everything, as in a layout of one image.
const Descriptor* choose_platform(const ImageManifest& index, std::string_view os, std::string_view architecture,
                                  std::string_view variant);

}  // namespace fairlead::wire
