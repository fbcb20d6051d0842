#include "adapters/oci/image_digest.h"

#include "base/id.h"

namespace fairlead::oci {

Sha256::Sha256() {
  sha256_init(&context_);
}

void Sha256::add(std::string_view bytes) {
  sha256_update(&context_, bytes.size(), reinterpret_cast<const std::uint8_t*>(bytes.data()));
}

std::string Sha256::digest() {
  char out[SHA256_DIGEST_SIZE];
  ::nettle_sha256_digest(&context_, sizeof out, reinterpret_cast<std::uint8_t*>(out));
  return "sha256:" + base::to_hex({out, sizeof out});
}

std::string sha256_digest(std::string_view bytes) {
  Sha256 sum;
  sum.add(bytes);
  return sum.digest();
}

}  // namespace fairlead::oci
