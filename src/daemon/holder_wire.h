#pragma once
/// Messages between daemon and holder: a letter, keys on a line each, and with some a descriptor for each key (unix(7),
/// SOCK_SEQPACKET, SCM_RIGHTS).
#include <string>
#include <vector>

#include "base/error.h"
#include "base/fd.h"

namespace fairlead::daemon {

struct HolderMessage {
  /// `take` has one key, the beginning of those that are asked for.
  enum Kind : char { keep = 'S', drop = 'D', take = 'T', kept = 'K', done = 'A' };
  Kind kind = done;
  std::vector<std::string> keys;
  std::vector<base::Fd> sockets;  ///< one for each key of `keep` and `kept`, else none
};

inline constexpr std::size_t kLongestHolderKey = 128;
inline constexpr std::size_t kMostHolderKeys = 64;  ///< in one message

/// `sockets` stay the caller's. Blocks as the socket does.
base::Result<void> send_holder_message(int socket, HolderMessage::Kind kind, const std::vector<std::string>& keys = {},
                                       const std::vector<int>& sockets = {});
/// `unavailable` when the other end is gone; `invalid` for what is no message.
base::Result<HolderMessage> receive_holder_message(int socket);

}  // namespace fairlead::daemon
