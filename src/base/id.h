#pragma once
#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace fairlead::base {

/// Random bytes handed to code that must stay pure; 32 of them make one id.
using Entropy = std::array<std::uint8_t, 32>;

/// 32 bytes from the kernel (getrandom(2)).
Entropy fresh_entropy();

/// A 64-digit lower-case hex identifier, as Docker names containers, networks, endpoints and sandboxes.
/// `Tag` keeps the kinds apart at compile time.
template <class Tag>
class Id {
 public:
  Id() = default;
  static Id from(const Entropy& entropy);
  /// Exactly 64 lower-case hex digits.
  static std::optional<Id> parse(std::string_view text) {
    if (text.size() != 64 || text.find_first_not_of("0123456789abcdef") != std::string_view::npos) return std::nullopt;
    Id id;
    id.text_ = text;
    return id;
  }
  const std::string& text() const { return text_; }
  /// The first twelve digits: what people see.
  std::string short_text() const { return text_.substr(0, 12); }
  bool empty() const { return text_.empty(); }
  auto operator<=>(const Id&) const = default;

 private:
  std::string text_;
};

/// Lower-case hex of `bytes`.
std::string to_hex(std::string_view bytes);

template <class Tag>
Id<Tag> Id<Tag>::from(const Entropy& entropy) {
  Id id;
  id.text_ = to_hex({reinterpret_cast<const char*>(entropy.data()), entropy.size()});
  return id;
}

using ContainerId = Id<struct ContainerTag>;
using NetworkId = Id<struct NetworkTag>;
using EndpointId = Id<struct EndpointTag>;
using SandboxId = Id<struct SandboxTag>;
using ExecId = Id<struct ExecTag>;

}  // namespace fairlead::base
