#include "cli/http.h"

#include <curl/curl.h>
#include <fmt/format.h>

#include <memory>
#include <optional>

namespace fairlead::cli {
namespace {

struct CloseCurl {
  void operator()(CURL* curl) const { curl_easy_cleanup(curl); }
};
struct FreeList {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};

/// What the callbacks share with the call.
struct Transfer {
  const ReadBody* read = nullptr;
  std::optional<base::Error> failure;
  std::string answer;
};

std::size_t on_read(char* buffer, std::size_t size, std::size_t count, void* opaque) {
  auto& transfer = *static_cast<Transfer*>(opaque);
  auto got = (*transfer.read)({buffer, size * count});
  if (got) return *got;
  transfer.failure = std::move(got.error());
  return CURL_READFUNC_ABORT;
}

std::size_t on_write(char* bytes, std::size_t size, std::size_t count, void* opaque) {
  static_cast<Transfer*>(opaque)->answer.append(bytes, size * count);
  return size * count;
}

}  // namespace

ReadBody reader_of(std::string_view bytes) {
  return [rest = bytes](std::span<char> room) mutable -> base::Result<std::size_t> {
    const auto count = rest.copy(room.data(), room.size());
    rest.remove_prefix(count);
    return count;
  };
}

base::Result<HttpReply> post(const std::string& socket, const std::string& path, const std::string& content_type,
                             const ReadBody& body) {
  const std::unique_ptr<CURL, CloseCurl> curl(curl_easy_init());
  if (!curl) return base::fail(base::ErrorKind::internal, "libcurl does not start");
  std::unique_ptr<curl_slist, FreeList> headers(curl_slist_append(nullptr, ("Content-Type: " + content_type).c_str()));
  curl_slist_append(headers.get(), "Transfer-Encoding: chunked");
  curl_slist_append(headers.get(), "Expect:");  // the daemon reads at once: no need to ask first

  Transfer transfer{.read = &body};
  const std::string url = "http://fairlead" + path;
  curl_easy_setopt(curl.get(), CURLOPT_UNIX_SOCKET_PATH, socket.c_str());
  curl_easy_setopt(curl.get(), CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl.get(), CURLOPT_PROXY, "");
  curl_easy_setopt(curl.get(), CURLOPT_POST, 1L);
  curl_easy_setopt(curl.get(), CURLOPT_HTTPHEADER, headers.get());
  curl_easy_setopt(curl.get(), CURLOPT_READFUNCTION, &on_read);
  curl_easy_setopt(curl.get(), CURLOPT_READDATA, &transfer);
  curl_easy_setopt(curl.get(), CURLOPT_WRITEFUNCTION, &on_write);
  curl_easy_setopt(curl.get(), CURLOPT_WRITEDATA, &transfer);
  curl_easy_setopt(curl.get(), CURLOPT_NOSIGNAL, 1L);
  const CURLcode code = curl_easy_perform(curl.get());
  if (transfer.failure) return std::unexpected(*transfer.failure);
  if (code == CURLE_COULDNT_CONNECT) {
    return base::fail(base::ErrorKind::unavailable,
                      fmt::format("nobody answers at unix://{}: is fairleadd running there?", socket));
  }
  if (code != CURLE_OK)
    return base::fail(base::ErrorKind::internal,
                      fmt::format("talking to unix://{}: {}", socket, curl_easy_strerror(code)));
  HttpReply reply{.body = std::move(transfer.answer)};
  curl_easy_getinfo(curl.get(), CURLINFO_RESPONSE_CODE, &reply.status);
  return reply;
}

std::string escape(const std::string& text) {
  constexpr char kDigits[] = "0123456789ABCDEF";
  std::string safe;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                       c == '_' || c == '.' || c == '~';
    if (plain) {
      safe += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      safe += {'%', kDigits[byte >> 4], kDigits[byte & 15]};
    }
  }
  return safe;
}

base::Result<std::string> socket_path(const std::string& host) {
  if (host.starts_with("unix:///")) return host.substr(7);
  return base::fail(base::ErrorKind::invalid, fmt::format("{}: only unix:///path/to.sock is understood", host));
}

}  // namespace fairlead::cli
