#pragma once
/// One HTTP request and its answer, as the route handlers see them; Beast stays behind exchange.cc.
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/json.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/fd.h"
#include "engine/service.h"

namespace fairlead::docker {

template <class T = void>
using Task = boost::asio::awaitable<T>;

/// What was asked, already parsed: path without version prefix, query decoded.
struct Ask {
  std::string method;
  std::string path;                                        ///< `/containers/web1/json`
  std::vector<std::pair<std::string, std::string>> query;  ///< decoded, in order
  int api_minor = 51;                                      ///< of 1.NN
  std::string content_type;

  std::optional<std::string> value(std::string_view name) const;  ///< first of that name
  std::string text(std::string_view name) const;                  ///< or empty
  bool flag(std::string_view name) const;                         ///< Docker's truth: not empty, 0, no, false, none
  std::vector<std::string> all(std::string_view name) const;
};

/// A connection taken over from HTTP: the socket (non-blocking) and what the client sent ahead, which comes first.
struct Hijacked {
  base::Fd socket;
  std::string ahead;
};

/// The answer's side. A handler calls exactly one of `json`, `text`, `empty`, `error`, `begin_stream`, `hijack`.
class Exchange {
 public:
  virtual ~Exchange() = default;
  virtual const Ask& ask() const = 0;
  /// The whole body, at most `limit` bytes (else an `invalid` error).
  virtual Task<base::Result<std::string>> body(std::size_t limit = 4u << 20) = 0;
  /// Copies the body, of any size, into `sink` (the writing end of a pipe) and closes it.
  virtual Task<base::Result<void>> body_into(base::Fd sink) = 0;
  virtual std::string header(std::string_view name) const = 0;

  /// Adds a header to the answer; to be called before the answer is given.
  virtual void set_header(std::string_view name, std::string_view value) = 0;
  virtual Task<void> json(int status, boost::json::value body) = 0;
  virtual Task<void> text(int status, std::string content_type, std::string body) = 0;
  virtual Task<void> empty(int status) = 0;
  virtual Task<void> error(const base::Error& error) = 0;

  /// Sends status and headers at once; the body follows by `write` (chunked) until the handler returns.
  virtual Task<void> begin_stream(int status, std::string content_type) = 0;
  /// False once the client is gone.
  virtual Task<bool> write(std::string_view bytes) = 0;
  /// Ends a stream as broken: the connection closes without the last chunk, so that the client knows it has not got
  /// all.
  virtual void cut_off() = 0;
  /// Completes when the client closed the connection or it broke. A client that only ended its sending side is still
  /// there.
  virtual Task<void> client_gone() = 0;

  /// Takes the connection over for attach and exec: answers 101 UPGRADED with `content_type`, or 200 and always
  /// `application/vnd.docker.raw-stream` to a client that did not ask for an upgrade.
  virtual Task<base::Result<Hijacked>> hijack(std::string content_type) = 0;
};

/// HTTP status of an error: 400, 403, 404, 409, 304, 501, 503, 500.
int http_status(base::ErrorKind kind);

/// Waits for an engine call: `auto r = co_await call<engine::Created>([&](engine::Done<engine::Created> done) {
/// service.create_container(…, std::move(done)); });` `done` may be called at once or later.
template <class T = void, class Start>
Task<base::Result<T>> call(Start start) {
  co_return co_await boost::asio::async_initiate<const boost::asio::use_awaitable_t<>, void(base::Result<T>)>(
      [](auto handler, Start begin) {
        struct Pending {
          decltype(handler) resume;
          bool beginning = true;
        };
        auto pending = std::make_shared<Pending>(Pending{std::move(handler)});
        begin([pending](base::Result<T> result) {
          auto resume = std::move(pending->resume);
          if (!pending->beginning) return resume(std::move(result));
          // An operation may not complete inside its own start.
          const auto executor = boost::asio::get_associated_executor(resume);
          boost::asio::post(executor, [resume = std::move(resume), result = std::move(result)]() mutable {
            resume(std::move(result));
          });
        });
        pending->beginning = false;
      },
      boost::asio::use_awaitable, std::move(start));
}

/// Runs blocking `work` on a worker thread and gives its value.
template <class Work>
Task<std::invoke_result_t<Work>> offload(engine::Service& service, Work work) {
  using T = std::invoke_result_t<Work>;
  auto slot = std::make_shared<std::optional<T>>();
  (void)co_await call<void>([&](engine::Done<> done) {
    service.offload([slot, work = std::move(work)]() mutable { slot->emplace(work()); },
                    [done = std::move(done)]() mutable { done({}); });
  });
  co_return std::move(**slot);
}

/// A handler gets the pieces that the pattern's `{}` matched: `/containers/{}/json`. A piece for `{*}` may hold slashes
/// (image names).
using Handler = std::function<Task<void>(Exchange&, std::vector<std::string> pieces)>;
struct Route {
  std::string method, pattern;
  Handler handler;
};

}  // namespace fairlead::docker
