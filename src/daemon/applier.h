#pragma once
#include <boost/asio/thread_pool.hpp>
#include <map>
#include <set>
#include <vector>

#include "base/log.h"
#include "daemon/tasks.h"
#include "engine/diff.h"
#include "engine/render.h"
#include "ports/kernel.h"

namespace fairlead::daemon {

/// Which of the State's objects may no longer be as they should.
struct Doubt {
  bool everything = false;  ///< also links that are ours by mark and wanted by nobody
  bool firewall = false;    ///< our whole table
  std::set<engine::Scope> scopes;

  bool empty() const { return !everything && !firewall && scopes.empty(); }
  void add(const Doubt& other) {
    everything |= other.everything;
    firewall |= other.firewall;
    scopes.insert(other.scopes.begin(), other.scopes.end());
  }
};

/// What a repair came to.
struct Repaired {
  std::size_t steps = 0;   ///< there were to do
  std::size_t failed = 0;  ///< of them; each was logged
};

/// Keeps what is applied per scope and brings it to what is desired. Jobs run in order on one kernel thread; the
/// book is kept on the engine thread, as of the end of the queue.
class Applier {
 public:
  Applier(ports::Kernel& kernel, ports::Firewall& firewall) : kernel_(kernel), firewall_(firewall) {}

  /// Renders `scopes` of `state` and applies the difference; on failure what was made is taken back. `act` names the
  /// change for the fault points (`start`: `start-kernel-half`, `start-kernel`, `start-firewall`).
  Task<base::Result<void>> apply(const engine::State& state, std::vector<engine::Scope> scopes, std::string act);
  /// Reads from the host what exists of the State's objects that are in `doubt`, deletes marked things that no scope
  /// wants, repairs the rest: the firewall first, so that no link comes back before its rules. A link that cannot be
  /// had does not keep the others. Logs what was wrong at `level`. `act` as above.
  Task<base::Result<Repaired>> observe_and_repair(const engine::State& state, Doubt doubt, base::LogLevel level,
                                                  std::string act);
  /// Runs `work` in the queue of the kernel thread.
  template <class Work>
  Task<std::invoke_result_t<Work>> in_queue(Work work) {
    return on(thread_, std::move(work));
  }

 private:
  base::Result<Repaired> repair(const std::vector<ports::Object>& desired, const Doubt& doubt, base::LogLevel level,
                                const std::string& act);

  ports::Kernel& kernel_;
  ports::Firewall& firewall_;
  std::map<engine::Scope, std::vector<ports::Object>> applied_;
  boost::asio::thread_pool thread_{1};
};

}  // namespace fairlead::daemon
