// PaceRooms: the waiting room of each API, by name, over reloads: who waits goes on waiting, and what was
// spent of a vendor's limit stays spent, also of an API that is taken out and put back. Owner: the gate.
// Thread: one at a time; the rooms themselves are any thread's.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "proxy/gate/serving.h"
#include "proxy/pacing/scheduler.h"
#include "proxy/pacing/shared_limits.h"

namespace sluice {

struct PaceRoom {
  std::unique_ptr<Budget> budget;
  std::unique_ptr<Scheduler> scheduler;  // destroyed before the budget
};

class PaceRooms {
 public:
  // `shared` is null where this process has the limits for itself; it is destroyed before this.
  explicit PaceRooms(SharedLimits* shared) : shared_(shared) {}

  // Why `serving` cannot have its rooms, or "": a shared limit cannot change while it is in use.
  std::string refuse(const Serving& serving) const;
  // Gives its APIs their rooms and its clients their places. Requires: refuse() has nothing to say. Takes
  // effect with open().
  void seat(Serving& serving, Nanos now);
  // From now on the rooms have its limits, bounds and weights.
  void open(const Serving& serving, Nanos now);

 private:
  void leave_slots(const Config& config);
  size_t slot_of(const std::string& client);

  SharedLimits* shared_;
  std::map<std::string, std::shared_ptr<PaceRoom>> rooms_;
  std::map<std::string, size_t> slots_;  // of the clients in force, and of those to come
  std::vector<size_t> free_slots_;       // of clients that have gone
  std::set<std::string> in_force_;       // clients
  std::vector<double> weights_;          // by slot
};

}  // namespace sluice
