#include "proxy/gate/station.h"

#include <algorithm>

namespace sluice {

Lane::Lane(EventLoop& loop, Resolver& resolver, const Connector& connector,
           std::shared_ptr<const UpstreamTarget> target, std::shared_ptr<PaceRoom> room_of_api)
    : pool(loop, resolver, connector, std::move(target)),
      room(std::move(room_of_api)),
      pacer(make_pace_clock(loop), *room->scheduler) {}

std::shared_ptr<const Station> make_station(std::shared_ptr<const Serving> serving, const Station* before,
                                            Metrics& metrics, EventLoop& loop, Resolver& resolver,
                                            const Connector& connector) {
  auto station = std::make_shared<Station>();
  for (const ServedApi& api : serving->apis) {
    std::shared_ptr<Lane> lane;
    if (before != nullptr) {
      const auto same = [&api](const auto& old) {
        return old->pool.target() == api.target && old->room == api.room;
      };
      const auto found = std::find_if(before->lanes.begin(), before->lanes.end(), same);
      if (found != before->lanes.end()) lane = *found;
    }
    if (lane == nullptr) lane = std::make_shared<Lane>(loop, resolver, connector, api.target, api.room);
    station->lanes.push_back(std::move(lane));
  }
  const bool same_names = before != nullptr && before->serving->tally_names == serving->tally_names;
  station->tally = same_names ? before->tally : metrics.add_tally(serving->tally_names);
  station->serving = std::move(serving);
  return station;
}

}  // namespace sluice
