#include <arpa/inet.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <nftables/libnftables.h>

#include <memory>

#include "adapters/linux/netlink_socket.h"
#include "adapters/linux/skeleton.h"
#include "cli/firewall.h"
#include "wire/netlink_attr.h"
#include "wire/nft_set.h"

namespace fairlead::cli {
namespace {

constexpr std::uint32_t kPersist = 1 << 2;  // NFT_TABLE_F_PERSIST, younger than Debian 12's headers

struct Mark {
  std::string comment;
  std::vector<std::string> flags;
};

/// Our table's comment and flags, by netlink: libnftables 1.0.6 shows neither in its JSON.
base::Result<Mark> read_mark() {
  auto socket = linuxnet::NetlinkSocket::open(NETLINK_NETFILTER);
  if (!socket) return std::unexpected(socket.error());
  Mark mark;
  const auto look = [&](const nlmsghdr* message) {
    const auto table = wire::parse_nft_table(message);
    if (!table || table->name != "fairlead") return;
    mark.comment = table->comment;
    wire::for_each_attr(message, sizeof(nfgenmsg), [&](const nlattr* attr, int type) {
      if (type != NFTA_TABLE_FLAGS) return;
      const auto bits = ntohl(wire::attr_u32(attr));
      if ((bits & NFT_TABLE_F_OWNER) != 0) mark.flags.emplace_back("owner");
      if ((bits & kPersist) != 0) mark.flags.emplace_back("persist");
    });
  };
  const auto read = socket->dump(&wire::put_nft_dump_tables, look, [&] { mark = {}; });
  if (!read) return std::unexpected(read.error());
  return mark;
}

base::Result<std::string> read_ruleset() {
  const std::unique_ptr<nft_ctx, void (*)(nft_ctx*)> context(nft_ctx_new(NFT_CTX_DEFAULT), &nft_ctx_free);
  if (!context) return base::fail(base::ErrorKind::internal, "cannot start libnftables");
  nft_ctx_buffer_error(context.get());
  nft_ctx_buffer_output(context.get());
  nft_ctx_output_set_flags(context.get(), NFT_CTX_OUTPUT_JSON);
  if (nft_run_cmd_from_buffer(context.get(), "list ruleset") == 0)
    return std::string(nft_ctx_get_output_buffer(context.get()));
  std::string why = nft_ctx_get_error_buffer(context.get());
  return base::fail(base::ErrorKind::unavailable,
                    "cannot read the kernel's rules (root is needed): " + why.substr(0, why.find('\n')));
}

}  // namespace

base::Result<FirewallView> live_firewall() {
  const auto ruleset = read_ruleset();
  if (!ruleset) return std::unexpected(ruleset.error());
  auto view = read_firewall(*ruleset);
  if (!view) return view;
  auto mark = read_mark();
  if (!mark) return std::unexpected(mark.error());
  if (!linuxnet::is_our_comment(mark->comment))
    return base::fail(base::ErrorKind::conflict, "the table \"inet fairlead\" was not made by fairlead");
  view->flags = std::move(mark->flags);
  return view;
}

}  // namespace fairlead::cli
