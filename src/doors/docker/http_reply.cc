#include "doors/docker/http_reply.h"

#include <fmt/format.h>

#include <boost/json.hpp>
#include <ctime>
#include <iterator>

namespace fairlead::docker {
namespace {

std::string_view reason(int status) {
  switch (status) {
    case 101:
      return "UPGRADED";
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 202:
      return "Accepted";
    case 204:
      return "No Content";
    case 304:
      return "Not Modified";
    case 400:
      return "Bad Request";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 409:
      return "Conflict";
    case 413:
      return "Request Entity Too Large";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 503:
      return "Service Unavailable";
    default:
      return "Unknown";
  }
}

/// IMF-fixdate (RFC 9110, 5.6.7), worked out once a second.
std::string_view date() {
  thread_local std::time_t made = 0;
  thread_local char text[32];
  const auto now = std::time(nullptr);
  if (now != made) {
    std::tm parts{};
    gmtime_r(&now, &parts);
    std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &parts);
    made = now;
  }
  return text;
}

/// A value that came from outside must not begin another header.
std::string one_line(std::string_view value) {
  std::string line(value);
  for (char& c : line)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  return line;
}

}  // namespace

std::string standing_headers(std::string_view version) {
  return fmt::format(
      "Api-Version: 1.51\r\nDocker-Experimental: false\r\nOstype: linux\r\nServer: fairlead/{} (linux)\r\n",
      one_line(version));
}

std::string write_head(const ReplyHead& head, std::string_view standing) {
  std::string text;
  text.reserve(320);
  auto out = std::back_inserter(text);
  fmt::format_to(out, "HTTP/1.1 {} {}\r\n", head.status, reason(head.status));
  text += standing;
  if (!head.content_type.empty()) fmt::format_to(out, "Content-Type: {}\r\n", one_line(head.content_type));
  if (head.more)
    for (const auto& [name, value] : *head.more) fmt::format_to(out, "{}: {}\r\n", name, one_line(value));
  fmt::format_to(out, "Date: {}\r\n", date());
  if (head.length) fmt::format_to(out, "Content-Length: {}\r\n", *head.length);
  if (head.chunked) text += "Transfer-Encoding: chunked\r\n";
  if (head.upgrade) text += "Connection: Upgrade\r\nUpgrade: tcp\r\n";
  if (head.close) text += "Connection: close\r\n";
  text += "\r\n";
  return text;
}

std::string error_body(std::string_view text) {
  return boost::json::serialize(boost::json::object{{"message", text}}) + "\n";
}

}  // namespace fairlead::docker
