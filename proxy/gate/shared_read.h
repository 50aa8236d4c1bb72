// SharedRead: one call to the vendor for several callers. Of identical reads that wait for their turn at
// once, the first one, the leader, is sent; the others wait for its answer, which is kept whole for them.
// Where it cannot be shared (not a plain success, too long, broken off, its client left) they go on by
// themselves, at the head of their queues. Owner: its leader and its followers together. Thread: their
// worker's.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "config/units.h"

namespace sluice {

class Exchange;

struct SharedRead {
  std::string key;
  std::string leader_id;     // of the leader's request
  Nanos deadline{0};         // the leader is sent before it
  Nanos sent{0};             // when the leader was
  bool is_shareable = true;  // so far
  std::string head;          // of the answer
  std::string body;
  std::vector<Exchange*> followers;

  void add_body(std::string_view piece);
};

// Those that still wait, by what makes them identical. Owner: worker.
using SharedReads = std::unordered_map<std::string, std::shared_ptr<SharedRead>>;

}  // namespace sluice
