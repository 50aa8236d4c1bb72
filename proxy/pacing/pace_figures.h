// PaceFigures: what a waiting room says of itself: how much of the vendor's limit is in use, by whom, and how
// long one more would wait. Of this process: replicas that share the limit have their own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "config/units.h"

namespace sluice {

struct PaceFigures {
  struct Client {
    size_t slot = 0;
    size_t waiting = 0;
    double sent = 0;
  };

  double sent = 0;  // in the last ten seconds, as of each client
  size_t waiting = 0;
  Nanos oldest{0};              // how long the one that waits longest has waited
  std::optional<Nanos> wait;    // of a new request of a client with nothing waiting; absent: nothing is sent
  Nanos held{0};                // how long the vendor's 429 still holds it
  uint64_t rejections = 0;      // the vendor's 429s so far
  std::vector<Client> clients;  // those that have sent or wait
};

}  // namespace sluice
