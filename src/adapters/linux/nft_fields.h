#pragma once
/// Firewall elements as the kernel holds them, as nft(8) writes them, and back.
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "ports/objects.h"
#include "wire/nft_set.h"

namespace fairlead::linuxnet {

/// What a firewall element is in `set`: one, or two for a range in a plain interval set. Refuses fields that are not of
/// the set's types.
base::Result<std::vector<wire::NftElement>> encode_element(const wire::NftSet& set,
                                                           const ports::FirewallElement& element);
/// Back from the kernel's elements of one set, in any order. What cannot be said in `ports::Field` (somebody else's
/// odd range) is left out.
std::vector<ports::FirewallElement> decode_elements(const std::string& table, const wire::NftSet& set,
                                                    std::vector<wire::NftElement> elements);
/// `add element inet TABLE SET { KEY comment "…" : VALUE }`
std::string element_text(const ports::FirewallElement& element);
/// Names and comments that need no quoting tricks; so neither the text nor the bytes can be led astray.
base::Result<void> check_element(const ports::FirewallElement& element);

}  // namespace fairlead::linuxnet
