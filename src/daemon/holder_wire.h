#pragma once
/// Messages between daemon and holder: a letter, a key, two descriptors with some (unix(7), SOCK_SEQPACKET,
/// SCM_RIGHTS).
#include <string>

#include "ports/resolver.h"

namespace fairlead::daemon {

struct HolderMessage {
  enum Kind : char { store = 'S', drop = 'D', take_all = 'T', kept = 'K', done = 'A' };
  Kind kind = done;
  std::string key;
  ports::ResolverSockets sockets;
};

inline constexpr std::size_t kLongestHolderKey = 128;

/// Blocks as the socket does.
base::Result<void> send_holder_message(int socket, HolderMessage::Kind kind, const std::string& key,
                                       const ports::ResolverSockets* sockets);
/// `unavailable` when the other end is gone; `invalid` for what is no message.
base::Result<HolderMessage> receive_holder_message(int socket);

}  // namespace fairlead::daemon
