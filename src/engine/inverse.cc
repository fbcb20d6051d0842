#include "engine/decide.h"

namespace fairlead::engine {
namespace {

/// The known record, put back, or its erasure when there was none.
template <class Id, class T>
Change put_back(const Id& id, const Shared<T>& known) {
  if (known) return *known;
  return Erase{id};
}

Change put_back(const State& before, const NetworkId& id) {
  return put_back(id, before.network(id));
}
Change put_back(const State& before, const ContainerId& id) {
  return put_back(id, before.container(id));
}
Change put_back(const State& before, const SandboxId& id) {
  return put_back(id, before.sandbox(id));
}

}  // namespace

Change inverse(const State& before, const Change& change) {
  return std::visit(
      [&]<class T>(const T& record) -> Change {
        if constexpr (std::is_same_v<T, HostRecord>) {
          return before.host();
        } else if constexpr (std::is_same_v<T, Erase>) {
          return std::visit([&](const auto& id) { return put_back(before, id); }, record.key);
        } else {
          return put_back(before, record.id);
        }
      },
      change);
}

}  // namespace fairlead::engine
