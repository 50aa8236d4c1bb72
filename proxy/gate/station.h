// Station: what one worker serves one snapshot with. Another one takes its place at a reload; exchanges that
// began at this one finish here, and it goes with the last of them. Owner: the worker and its exchanges.
// Thread: the worker's.
#pragma once

#include <memory>
#include <vector>

#include "proxy/admin/metrics.h"
#include "proxy/gate/pace_rooms.h"
#include "proxy/gate/serving.h"
#include "proxy/gate/shared_read.h"
#include "proxy/gate/upstream_pool.h"
#include "proxy/pacing/pacer.h"

namespace sluice {

// One API: the worker's connections to the vendor, and its door to the waiting room. Goes on over reloads as
// long as the vendor is where it was.
struct Lane {
  Lane(EventLoop& loop, Resolver& resolver, const Connector& connector,
       std::shared_ptr<const UpstreamTarget> target, std::shared_ptr<PaceRoom> room);

  UpstreamPool pool;
  const std::shared_ptr<PaceRoom> room;
  Pacer pacer;  // destroyed before its room
};

struct Station {
  std::shared_ptr<const Serving> serving;
  std::vector<std::shared_ptr<Lane>> lanes;  // by config.apis
  std::shared_ptr<Tally> tally;
  std::unique_ptr<SharedReads> shared_reads = std::make_unique<SharedReads>();
};

// `before`: the worker's, or null.
std::shared_ptr<const Station> make_station(std::shared_ptr<const Serving> serving, const Station* before,
                                            Metrics& metrics, EventLoop& loop, Resolver& resolver,
                                            const Connector& connector);

}  // namespace sluice
