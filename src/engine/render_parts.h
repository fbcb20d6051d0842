#pragma once
/// What each driver and scope draws. Internal to `render`.
#include <string>
#include <vector>

#include "engine/state.h"
#include "ports/objects.h"

namespace fairlead::engine {

/// ip_forward and the fixed part of the firewall.
std::vector<ports::Object> render_host(const State& state);
/// The body of our table; what is forwarded for nobody of ours is dropped where we ourselves switched forwarding on,
/// unless the settings let it pass.
std::string firewall_text(const State& state);
/// A bridge, its gateway address and its elements of the firewall's sets.
std::vector<ports::Object> render_bridge(const State& state, const Network& network);
/// What an isolated network stands on, and the host's own link beside its containers.
std::vector<ports::Object> render_parent(const Network& network);
/// The 802.1Q links that networks stand on: several share one, so they are the host's.
void render_vlan_parents(const State& state, std::vector<ports::Object>& out);
/// One endpoint on a macvlan or ipvlan network, which must be up.
void render_parent_endpoint(const Network& network, const Container& container, const Attachment& attachment,
                            const std::string& netns, std::vector<ports::Object>& out);
/// A namespace, its loopback and its owner's endpoints.
std::vector<ports::Object> render_sandbox(const State& state, const Sandbox& sandbox);
/// One endpoint on a bridge network, which must be up: the pair of links, the addresses, and no IPv6 where the network
/// has none.
void render_bridge_endpoint(const Network& network, const Container& container, const Attachment& attachment,
                            const std::string& netns, std::vector<ports::Object>& out);
/// The firewall's elements for the container's published ports.
void render_published(const State& state, const Container& owner, std::vector<ports::Object>& out);

/// What an endpoint's interface has inside, whatever it is: settings and addresses, and no IPv6 where the network has
/// none.
void render_inside(const Network& network, const Attachment& attachment, const std::string& netns,
                   std::vector<ports::Object>& out);

/// Limits of an interface's alias (IFALIASZ) and of a comment in nftables (NFTNL_UDATA_COMMENT_MAXLEN), in bytes.
inline constexpr std::size_t kAliasLimit = 255, kCommentLimit = 128;

/// `text` cut to `limit` bytes, never within a UTF-8 character.
std::string cut(std::string text, std::size_t limit);

}  // namespace fairlead::engine
