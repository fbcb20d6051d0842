#pragma once
#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "base/error.h"

namespace fairlead::cli {

/// Fills the buffer and gives the count; 0 at the end.
using ReadBody = std::function<base::Result<std::size_t>(std::span<char>)>;

/// From a string in pieces, as the transfer asks for them; it must outlive the reader.
ReadBody reader_of(std::string_view bytes);

struct HttpReply {
  long status = 0;
  std::string body;
};

/// POSTs a body of unknown length (chunked) to the API at a unix socket. `path` is already escaped. Errors: nobody
/// answers, or the body could not be read. An HTTP status of failure is an answer, no error.
base::Result<HttpReply> post(const std::string& socket, const std::string& path, const std::string& content_type,
                             const ReadBody& body);

/// RFC 3986 escapes for one value of a query.
std::string escape(const std::string& text);

/// The socket's path of `unix:///path`.
base::Result<std::string> socket_path(const std::string& host);

}  // namespace fairlead::cli
