#pragma once
#include "base/error.h"
#include "base/fd.h"
#include "ports/sockets.h"

namespace fairlead::linuxnet {

/// A socket that holds `port`, in the namespace of the calling thread: listening (TCP, SCTP) or bound (UDP). Errors as
/// `ports::Sockets::hold` tells them; `not_implemented` for SCTP on a kernel without it; `unavailable` when the process
/// may open no more descriptors.
base::Result<base::Fd> bind_host_port(const ports::HostPort& port);

}  // namespace fairlead::linuxnet
