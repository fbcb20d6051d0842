#pragma once
#include <nettle/sha2.h>

#include <string>
#include <string_view>

#include "base/error.h"

namespace fairlead::oci {

/// A running SHA-256 (FIPS 180-4).
class Sha256 {
 public:
  Sha256();
  void add(std::string_view bytes);
  /// `sha256:<64 hex>` of everything added; call once.
  std::string digest();

 private:
  sha256_ctx context_;
};

/// `sha256:<64 hex>` of `bytes`.
std::string sha256_digest(std::string_view bytes);

/// The 64 hex digits of a digest.
inline std::string digest_hex(std::string_view digest) {
  return std::string(digest.substr(digest.find(':') + 1));
}

/// The first twelve hex digits of a digest: what people see.
inline std::string short_digest(std::string_view digest) {
  return digest_hex(digest).substr(0, 12);
}

}  // namespace fairlead::oci
