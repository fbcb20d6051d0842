#pragma once
#include <map>
#include <memory>
#include <vector>

#include "adapters/linux/netlink_socket.h"
#include "adapters/linux/nft_tables.h"
#include "ports/plan.h"

namespace fairlead::linuxnet {

/// One transaction of element changes. It is sent as if everything were as the plan believes; the kernel refuses it as
/// a whole if not, says which parts are already so, and it is sent again without them.
class ElementCommit {
 public:
  ElementCommit(NetlinkSocket& socket, NftTables& tables) : socket_(socket), tables_(tables) {}
  /// Steps about `FirewallElement`; others are passed over.
  base::Result<void> run(const ports::Plan& steps);

 private:
  struct Operation {
    bool is_new;
    const ports::FirewallElement* element;
    const ports::Step* step;
    std::shared_ptr<const wire::NftSet> set;
    std::vector<wire::NftElement> encoded;
    bool dropped = false;   ///< is already so
    bool replaces = false;  ///< the old one must go first
  };

  base::Result<void> plan(const ports::Step& step, const ports::FirewallElement* element, bool is_new);
  base::Result<bool> send();
  /// Mends the operation that was answered with an error, or says why it cannot be.
  base::Result<void> mend(Operation& operation, const Ack& ack);
  base::Result<void> mend_existing(Operation& operation);
  /// The element of that key in the kernel, or nullptr; a set is read once per round.
  base::Result<const ports::FirewallElement*> existing(const Operation& operation, const std::string& key);

  NetlinkSocket& socket_;
  NftTables& tables_;
  std::vector<Operation> operations_;
  wire::NetlinkBatch batch_;
  std::map<std::string, std::map<std::string, ports::FirewallElement>> existing_;  ///< by table and set, then by key
};

}  // namespace fairlead::linuxnet
