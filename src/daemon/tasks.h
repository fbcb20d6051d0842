#pragma once
/// Coroutine helpers of the daemon: work on other threads, one door per container.
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <deque>
#include <functional>
#include <memory>
#include <type_traits>
#include <utility>

namespace fairlead::daemon {

template <class T = void>
using Task = boost::asio::awaitable<T>;

/// Runs blocking `work` on `pool` and resumes on the caller's own executor with its value.
template <class Work>
Task<std::invoke_result_t<Work>> on(boost::asio::thread_pool& pool, Work work) {
  using T = std::invoke_result_t<Work>;
  co_return co_await boost::asio::async_initiate<const boost::asio::use_awaitable_t<>, void(T)>(
      [&pool](auto handler, Work job) {
        auto guard = boost::asio::make_work_guard(handler);
        boost::asio::post(
            pool, [handler = std::move(handler), guard = std::move(guard), job = std::move(job)]() mutable {
              T value = job();
              auto home = guard.get_executor();
              boost::asio::post(home, [handler = std::move(handler), guard = std::move(guard),
                                       value = std::move(value)]() mutable { std::move(handler)(std::move(value)); });
            });
      },
      boost::asio::use_awaitable, std::move(work));
}

/// Lets one coroutine at a time through, in order of arrival. One thread only.
class Gate : public std::enable_shared_from_this<Gate> {
 public:
  /// The right to be inside; leaving is its destruction.
  class Pass {
   public:
    explicit Pass(std::shared_ptr<Gate> gate) : gate_(std::move(gate)) {}
    Pass(Pass&&) noexcept = default;
    Pass& operator=(Pass&&) = delete;
    ~Pass() {
      if (gate_) gate_->leave();
    }

   private:
    std::shared_ptr<Gate> gate_;
  };

  Task<Pass> enter() {
    auto self = shared_from_this();
    if (!std::exchange(busy_, true)) co_return Pass(std::move(self));
    co_await boost::asio::async_initiate<const boost::asio::use_awaitable_t<>, void()>(
        [this](auto handler) {
          waiting_.push_back([handler = std::move(handler)]() mutable {
            auto home = boost::asio::get_associated_executor(handler);
            boost::asio::post(home, std::move(handler));
          });
        },
        boost::asio::use_awaitable);
    co_return Pass(std::move(self));
  }
  bool idle() const { return !busy_; }

 private:
  void leave() {
    if (waiting_.empty()) {
      busy_ = false;
      return;
    }
    auto next = std::move(waiting_.front());
    waiting_.pop_front();
    next();
  }

  bool busy_ = false;
  std::deque<std::move_only_function<void()>> waiting_;
};

}  // namespace fairlead::daemon
