#pragma once
/// Network namespaces pinned by name under /run/netns, as ip-netns(8) keeps them: other tools see ours and we theirs.
#include <functional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/fd.h"

namespace fairlead::linuxnet {

inline constexpr const char* netns_directory = "/run/netns";

/// A handle on the calling thread's own namespace.
base::Result<base::Fd> current_netns();
/// Whether a socket is of the calling thread's namespace.
bool is_socket_of_this_netns(const base::Fd& socket);
/// A new namespace that lasts as long as its handle, and what is opened in it. The calling thread stays where it is.
base::Result<base::Fd> scratch_netns();
/// A handle on a pinned namespace; an empty `Fd` when there is no live pin of that name.
base::Result<base::Fd> open_netns(const std::string& name);
/// Makes a namespace and pins it; false if a live pin of that name was there already. A dead one (a plain file, what an
/// interrupted creation leaves) is made good.
base::Result<bool> create_netns(const std::string& name);
/// Takes the pin away; false if there was none. The namespace goes once nothing uses it any more.
base::Result<bool> remove_netns(const std::string& name);
/// Names under /run/netns that begin with `prefix`, live or not.
std::vector<std::string> list_netns(const std::string& prefix);

/// Runs `work` with the calling thread inside `netns`, and comes back. The process ends if the way back is barred:
/// a thread that works in a wrong namespace would change somebody else's network.
base::Result<void> inside_netns(const base::Fd& netns, const std::function<base::Result<void>()>& work);

}  // namespace fairlead::linuxnet
