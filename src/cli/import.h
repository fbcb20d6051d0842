#pragma once
#include <string>
#include <vector>

#include "base/error.h"
#include "cli/http.h"

namespace fairlead::cli {

/// One image to make out of a tar of its root file system, by the API's import.
struct Import {
  std::string repository, tag = "latest";
  std::vector<std::string> changes;  ///< Dockerfile words, as `CMD ["sh"]`
};

/// Sends the tar to the daemon at `socket`; gives the new image's id (`sha256:…`).
base::Result<std::string> import_image(const std::string& socket, const Import& import, const ReadBody& tar);

/// The daemon's answer to an import: a stream of JSON lines whose last tells the id or the error.
base::Result<std::string> read_import_answer(const HttpReply& reply);

}  // namespace fairlead::cli
