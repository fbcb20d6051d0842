#pragma once
/// Blocking work on a worker thread that takes or gives a stream of bytes through a pipe.
#include <string>

#include "doors/docker/exchange.h"

namespace fairlead::docker {

struct Pipe {
  base::Fd reading, writing;
};
base::Result<Pipe> make_pipe();

/// Work that is under way on a worker thread; `finish` waits for its value, once.
template <class T>
class Underway {
 public:
  template <class Work>
  Underway(engine::Service& service, Work work) : slot_(std::make_shared<Slot>()) {
    service.offload([slot = slot_, work = std::move(work)]() mutable { slot->value.emplace(work()); },
                    [slot = slot_] {
                      slot->done = true;
                      if (slot->waiter) slot->waiter({});
                    });
  }
  Task<T> finish() {
    if (!slot_->done) (void)co_await call<void>([this](engine::Done<> done) { slot_->waiter = std::move(done); });
    co_return std::move(*slot_->value);
  }

 private:
  struct Slot {
    std::optional<T> value;
    bool done = false;
    engine::Done<> waiter;
  };
  std::shared_ptr<Slot> slot_;
};

/// Streams the request's body into `work`, which reads it from the descriptor it is given, and waits for what it makes
/// of it. The work's word counts: it knows why it stopped reading, and may have enough before the end (a tar's
/// padding).
template <class T, class Work>
Task<base::Result<T>> with_body(engine::Service& service, Exchange& exchange, Work work) {
  auto pipe = make_pipe();
  if (!pipe) co_return std::unexpected(pipe.error());
  Underway<base::Result<T>> underway(
      service, [work = std::move(work), input = std::move(pipe->reading)]() mutable { return work(std::move(input)); });
  (void)co_await exchange.body_into(std::move(pipe->writing));
  co_return co_await underway.finish();
}

/// Sends what comes out of `reading` as the answer's body, until its end. The answer begins with the first byte: the
/// result says whether it did, so that an earlier failure can still be a plain status. Stops early when the client is
/// gone.
Task<bool> send_stream(Exchange& exchange, base::Fd reading, std::string content_type);

/// Writes all of `bytes` to a pipe from a worker thread; false when nobody reads it any more.
bool write_all(int fd, std::string_view bytes);

}  // namespace fairlead::docker
