#pragma once
/// Pieces that the conductor's translation units share.
#include <boost/asio/co_spawn.hpp>
#include <exception>
#include <list>

#include "base/log.h"
#include "daemon/conductor.h"

namespace fairlead::daemon {

/// Store kind of the note "this namespace pin is on its way out".
inline constexpr char kRemovalRecord[] = "removal";

/// An entry of a list that leaves it when the ticket goes, unless it left before.
template <class T>
class Conductor::ListTicket final : public engine::Standing {
 public:
  ListTicket(std::list<std::shared_ptr<T>>& list, T entry)
      : list_(list), entry_(list.emplace_back(std::make_shared<T>(std::move(entry)))) {}
  ~ListTicket() override { list_.remove(entry_); }

 private:
  std::list<std::shared_ptr<T>>& list_;
  std::shared_ptr<T> entry_;
};

/// Takes the entries that match out of a list, so that they can be told without the list changing meanwhile.
template <class T, class Match>
std::list<std::shared_ptr<T>> take_if(std::list<std::shared_ptr<T>>& list, Match match) {
  std::list<std::shared_ptr<T>> taken;
  for (auto at = list.begin(); at != list.end();) {
    const auto next = std::next(at);
    if (match(**at)) taken.splice(taken.end(), list, at);
    at = next;
  }
  return taken;
}

/// Runs the coroutine on the engine thread and gives its result to `done`; an exception becomes an internal error.
template <class T, class Coroutine>
void Conductor::spawn(Coroutine coroutine, engine::Done<T> done) {
  boost::asio::co_spawn(io_, std::move(coroutine),
                        [done = std::move(done)](std::exception_ptr failure, Result<T> result) mutable {
                          if (!failure) return done(std::move(result));
                          try {
                            std::rethrow_exception(failure);
                          } catch (const std::exception& error) {
                            base::log(base::LogLevel::error, "a command failed unexpectedly: {}", error.what());
                            done(base::fail(ErrorKind::internal, error.what()));
                          }
                        });
}

}  // namespace fairlead::daemon
