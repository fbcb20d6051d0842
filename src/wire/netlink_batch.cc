#include "wire/netlink_batch.h"

#include <libmnl/libmnl.h>

namespace fairlead::wire {

nlmsghdr* NetlinkBatch::begin(std::uint16_t type, std::uint16_t flags) {
  close();
  if (buffer_.size() < used_ + max_request) buffer_.resize((used_ + max_request) * 2);
  nlmsghdr* header = mnl_nlmsg_put_header(buffer_.data() + used_);
  header->nlmsg_type = type;
  header->nlmsg_flags = static_cast<std::uint16_t>(NLM_F_REQUEST | flags);
  header->nlmsg_seq = first_sequence_ + static_cast<std::uint32_t>(count_);
  ++count_;
  open_ = true;
  return header;
}

std::span<const std::uint8_t> NetlinkBatch::bytes() {
  close();
  return {buffer_.data(), used_};
}

void NetlinkBatch::clear() {
  first_sequence_ += static_cast<std::uint32_t>(count_);
  used_ = count_ = 0;
  open_ = false;
}

void NetlinkBatch::close() {
  if (!open_) return;
  used_ += NLMSG_ALIGN(reinterpret_cast<const nlmsghdr*>(buffer_.data() + used_)->nlmsg_len);
  open_ = false;
}

}  // namespace fairlead::wire
