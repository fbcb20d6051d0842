#pragma once
#include <linux/netlink.h>

#include <cstdint>
#include <span>
#include <vector>

namespace fairlead::wire {

/// Several netlink requests laid out for one send. Each carries NLM_F_REQUEST and its own sequence number, which keep
/// growing over `clear`, so that a late answer is never taken for another's.
class NetlinkBatch {
 public:
  /// Room for one request; ours stay far below (the largest parts are a 255-byte alias and a 128-byte comment).
  static constexpr std::size_t max_request = 4096;

  /// Starts a request. The pointer is good until the next `begin`; attributes are added with mnl_attr_put.
  nlmsghdr* begin(std::uint16_t type, std::uint16_t flags);
  /// All requests, ready to send.
  std::span<const std::uint8_t> bytes();
  std::size_t count() const { return count_; }
  bool empty() const { return count_ == 0; }
  /// Sequence number of the first request; the others follow it without gaps.
  std::uint32_t first_sequence() const { return first_sequence_; }
  void clear();

 private:
  void close();

  std::vector<std::uint8_t> buffer_;
  std::size_t used_ = 0;
  std::size_t count_ = 0;
  bool open_ = false;
  std::uint32_t first_sequence_ = 1;
};

}  // namespace fairlead::wire
