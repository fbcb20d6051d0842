#include "cli/import.h"

#include <fmt/format.h>

#include <boost/json.hpp>
#include <sstream>

namespace fairlead::cli {
namespace {

namespace json = boost::json;

std::string text_of(const json::value& line, const char* field) {
  const auto* value = line.is_object() ? line.get_object().if_contains(field) : nullptr;
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

}  // namespace

base::Result<std::string> read_import_answer(const HttpReply& reply) {
  std::istringstream lines(reply.body);
  std::string id;
  for (std::string text; std::getline(lines, text);) {
    boost::system::error_code wrong;
    const auto line = json::parse(text, wrong);
    if (wrong) continue;  // the blank end of a line
    if (reply.status != 200) return base::fail(base::ErrorKind::internal, text_of(line, "message"));
    if (auto error = text_of(line, "error"); !error.empty())
      return base::fail(base::ErrorKind::internal, std::move(error));
    if (auto status = text_of(line, "status"); status.starts_with("sha256:")) id = std::move(status);
  }
  if (!id.empty()) return id;
  return base::fail(base::ErrorKind::internal, fmt::format("the daemon answered {} and named no image", reply.status));
}

base::Result<std::string> import_image(const std::string& socket, const Import& import, const ReadBody& tar) {
  std::string path =
      fmt::format("/images/create?fromSrc=-&repo={}&tag={}", escape(import.repository), escape(import.tag));
  for (const auto& change : import.changes) path += "&changes=" + escape(change);
  const auto reply = post(socket, path, "application/x-tar", tar);
  if (!reply) return std::unexpected(reply.error());
  return read_import_answer(*reply);
}

}  // namespace fairlead::cli
