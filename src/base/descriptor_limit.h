#pragma once
#include <sys/types.h>

namespace fairlead::base {

/// Lets this process open as many descriptors as its hard limit allows (getrlimit(2)). Call it before there are
/// threads.
void raise_descriptor_limit();

/// Gives a child that was just started the soft limit that this process had before it was raised: programs that close
/// or count all descriptors they may have are slow with a high one, and select(2) cannot use those past 1024.
void restore_descriptor_limit(pid_t child);

}  // namespace fairlead::base
