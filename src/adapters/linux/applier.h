#pragma once
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "adapters/linux/places.h"
#include "adapters/linux/reaper.h"
#include "ports/plan.h"
#include "wire/netlink_link.h"
#include "wire/netlink_route.h"

namespace fairlead::linuxnet {

/// Carries out one plan. Neighbouring requests to one namespace travel in one send; rtnetlink is no transaction, so
/// every change notes the step that takes it back.
class Applier {
 public:
  Applier(Places& places, Reaper& reaper, const ports::Plan& plan)
      : places_(places), reaper_(reaper), plan_(plan), undo_(plan.size()) {}

  /// All steps, or an error that names the failing one.
  base::Result<void> run();
  /// Steps that take back what `run` has changed so far, last change first.
  ports::Plan undo_plan() const;

 private:
  /// What a request on its way means when it is answered.
  struct Expected {
    std::size_t step;
    std::vector<int> harmless;  ///< errors that say "is already so"
    bool may_exist = false;     ///< EEXIST wants a closer look
    std::optional<ports::Step> undo;
  };

  base::Result<void> apply(const ports::Object* before, const ports::Object* after);
  bool goes_with_its_netns(const ports::Step& step) const;

  base::Result<void> make(const ports::Netns& netns);
  base::Result<void> unmake(const ports::Netns& netns);
  base::Result<void> set(const ports::Sysctl& sysctl);

  // Links (apply_link.cc)
  base::Result<void> make(const ports::Link& link);
  base::Result<void> unmake(const ports::Link& link);
  base::Result<void> change(const ports::Link& before, const ports::Link& after);
  base::Result<void> make_loopback(const ports::Link& link);
  base::Result<void> make_bridge(const ports::Link& link);
  base::Result<void> make_veth(const ports::Link& link, const ports::VethLink& veth);
  // Links that stand on another (apply_child.cc)
  base::Result<void> make_child(const ports::Link& link);
  base::Result<void> adopt_child(const ports::Link& link, const wire::LinkRecord& found);
  base::Result<std::int32_t> number_of_home(Place& place);
  /// Asks for the link, under the name that it is given for now.
  using Filler = std::function<void(wire::NetlinkBatch&, const std::string& name)>;
  base::Result<void> create(const ports::Link& link, const Filler& fill);
  base::Result<void> finish(const ports::Link& link, wire::LinkRecord made);
  base::Result<void> adopt(const ports::Link& link, const wire::LinkRecord& found);
  base::Result<void> adopt_veth(const ports::Link& link, const ports::VethLink& veth, const wire::LinkRecord& found);
  base::Result<void> set_link(const ports::Link& link, const wire::LinkRecord& found);
  base::Result<wire::LinkAttributes> attributes_of(const ports::Link& link);
  void vacate(const ports::LinkKey& far_key, const wire::LinkRecord& near_end);
  base::Result<void> delete_now(Place& place, const wire::LinkRecord& link);
  base::Result<void> expect_set(const ports::NetnsName& netns, std::uint32_t index,
                                const wire::LinkAttributes& attributes);
  base::Result<void> expect_port(const ports::Link& link, std::uint32_t index);

  // Addresses and routes (apply_route.cc)
  base::Result<void> make(const ports::Address& address);
  base::Result<void> unmake(const ports::Address& address);
  base::Result<void> restore_subnet_route(const ports::Address& address);
  base::Result<void> make(const ports::Route& route);
  base::Result<void> unmake(const ports::Route& route);
  base::Result<wire::RouteRecord> record_of(const ports::Route& route);
  base::Result<void> resolve_existing(const ports::Route& route, std::size_t step);

  // Requests (applier.cc)
  base::Result<Place*> place(const ports::NetnsName& name);
  /// The link as it is; one that is condemned counts as absent.
  base::Result<std::optional<wire::LinkRecord>> look_up(const ports::LinkKey& key);
  /// The same, but it must be there and be ours (or be loopback).
  base::Result<wire::LinkRecord> look_up_ours(const ports::LinkKey& key);
  /// Batch for requests to that namespace; what waits for another is sent first.
  base::Result<wire::NetlinkBatch*> batch_for(const ports::NetnsName& name);
  void expect(Expected expected) { expected_.push_back(std::move(expected)); }
  base::Result<void> flush();
  base::Result<void> judge(const Expected& expected, const Ack& ack);
  /// Tells the neighbours of new pairs whose addresses they have.
  void announce();
  void changed(std::optional<ports::Step> undo) { undo_[at_] = std::move(undo); }

  Places& places_;
  Reaper& reaper_;
  const ports::Plan& plan_;
  std::vector<std::optional<ports::Step>> undo_;
  std::size_t at_ = 0;  ///< the step at hand
  std::size_t failed_ = 0;
  std::set<ports::NetnsName> leaving_;  ///< namespaces that this plan deletes
  std::map<ports::LinkKey, wire::LinkRecord> known_;
  /// An interface inside a namespace that this plan made: the far end of a pair, or a child of a host's link.
  struct NewPair {
    ports::LinkKey near;  ///< nameless for a child
    std::string master;   ///< the near end's bridge
    base::Mac mac;
    bool has_addresses = false;
  };
  std::map<ports::LinkKey, NewPair> new_pairs_;
  ports::NetnsName waiting_for_;
  wire::NetlinkBatch waiting_, now_;
  std::vector<Expected> expected_;
};

/// Is it one of our own, by its alias or, half made or half gone, by its group?
bool is_ours(const wire::LinkRecord& link);
/// The error for a thing of that name that somebody else made.
base::Error foreign(const ports::LinkKey& key);

}  // namespace fairlead::linuxnet
