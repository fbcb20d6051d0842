#include "adapters/linux/skeleton.h"

#include <fmt/format.h>
#include <nftables/libnftables.h>

#include <cstdint>
#include <memory>
#include <string_view>

#include "adapters/linux/netns.h"

namespace fairlead::linuxnet {
namespace {

constexpr std::string_view mark = "fairlead skeleton ";

/// FNV-1a, 64 bits: tells versions of our own text apart, guards against nobody.
std::uint64_t hash_of(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return hash;
}

/// libnftables adds a caret line under each message; people want the message.
std::string first_line(const char* text) {
  const std::string_view all = text == nullptr ? "" : text;
  return std::string(all.substr(0, all.find('\n')));
}

}  // namespace

std::string skeleton_comment(const std::string& body) {
  return fmt::format("{}{:016x}", mark, hash_of(body));
}

bool is_our_comment(const std::string& comment) {
  return comment.starts_with(mark);
}

base::Result<void> run_nft(const base::Fd& netns, const std::string& commands) {
  return inside_netns(netns, [&]() -> base::Result<void> {
    // Made here and freed at once: its socket belongs to the namespace, its memory is seldom wanted.
    const std::unique_ptr<nft_ctx, void (*)(nft_ctx*)> context(nft_ctx_new(NFT_CTX_DEFAULT), &nft_ctx_free);
    if (!context) return base::fail(base::ErrorKind::internal, "cannot start libnftables");
    nft_ctx_buffer_error(context.get());
    nft_ctx_buffer_output(context.get());
    if (nft_run_cmd_from_buffer(context.get(), commands.c_str()) == 0) return {};
    return base::fail(base::ErrorKind::internal, first_line(nft_ctx_get_error_buffer(context.get())));
  });
}

}  // namespace fairlead::linuxnet
