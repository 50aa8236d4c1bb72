// capacity: how much of a vendor's limit is in use, by whom, and how long one more request would wait: the
// waiting room's figures under the names of the configuration. Pure.
#pragma once

#include <string>
#include <vector>

#include "proxy/gate/serving.h"
#include "proxy/pacing/pace_figures.h"

namespace sluice {

struct ClientShare {
  std::string name;
  size_t waiting = 0;
  double per_second = 0;  // over the last ten seconds, as the rest
  double share = 0;       // of all that was sent, 0 to 1
};

struct Capacity {
  double per_second = 0;
  // Of the vendor's whole limit, 0 to 1: where replicas share it, the part that this one uses.
  double in_use = 0;
  PaceFigures figures;
  std::vector<ClientShare> clients;  // the 20 that send most, and the 20 that wait most; by share
  std::string busiest;               // who has most sent and waiting while others have to wait, or ""
};

// `api`: index into serving.apis.
Capacity capacity_of(const Serving& serving, size_t api, Nanos now);
// For tests: of these figures. `names` are by slot; "" for a client that is not configured any more.
Capacity make_capacity(PaceFigures figures, double rate, const std::vector<std::string>& names);

}  // namespace sluice
