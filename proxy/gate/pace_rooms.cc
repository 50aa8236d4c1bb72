#include "proxy/gate/pace_rooms.h"

namespace sluice {
namespace {

// A client's share among those that wait (interface 2.4).
double weight_of(const ClientConfig& client) {
  const auto weight = static_cast<double>(client.weight);
  switch (client.priority) {
    case Priority::kInteractive: return 4 * weight;
    case Priority::kNone: return 2 * weight;
    case Priority::kBatch: return weight;
  }
  return weight;
}

}  // namespace

std::string PaceRooms::refuse(const Serving& serving) const {
  if (shared_ == nullptr || rooms_.empty()) return {};
  for (size_t i = 0; i < serving.apis.size(); ++i) {
    const std::string& api = serving.config.apis[i].name;
    const auto found = rooms_.find(api);
    if (found == rooms_.end()) return "api " + api + ": one that is new cannot join a shared limit";
    if (!found->second->budget->set_limit(serving.apis[i].limit, Nanos(0)))
      return "api " + api + ": its limit is shared with other replicas and cannot change";
  }
  return {};
}

// Of who is neither in force nor in `config`. A request of theirs that is still under way counts as the next
// one's, should it wait once more.
void PaceRooms::leave_slots(const Config& config) {
  std::set<std::string> named = in_force_;
  for (const ClientConfig& client : config.clients) named.insert(client.name);
  std::erase_if(slots_, [&](const auto& one) {
    if (named.contains(one.first)) return false;
    free_slots_.push_back(one.second);
    return true;
  });
}

size_t PaceRooms::slot_of(const std::string& client) {
  const auto found = slots_.find(client);
  if (found != slots_.end()) return found->second;
  if (free_slots_.empty()) {
    free_slots_.push_back(weights_.size());
    weights_.push_back(1);
  }
  const size_t slot = free_slots_.back();
  free_slots_.pop_back();
  for (const auto& [api, room] : rooms_) room->scheduler->forget_client(slot);
  slots_.emplace(client, slot);
  return slot;
}

void PaceRooms::seat(Serving& serving, Nanos now) {
  leave_slots(serving.config);
  for (const ClientConfig& client : serving.config.clients)
    serving.pace_slots.push_back(slot_of(client.name));
  for (size_t i = 0; i < serving.apis.size(); ++i) {
    const ApiConfig& api = serving.config.apis[i];
    std::shared_ptr<PaceRoom>& room = rooms_[api.name];
    if (room == nullptr) {
      const RateLimit limit = serving.apis[i].limit;
      room = std::make_shared<PaceRoom>();
      room->budget =
          shared_ != nullptr ? shared_->make_budget(api.name, limit) : make_local_budget(limit, now);
      room->scheduler = std::make_unique<Scheduler>(*room->budget, api.queue, weights_);
    }
    serving.apis[i].room = room;
  }
}

void PaceRooms::open(const Serving& serving, Nanos now) {
  in_force_.clear();
  for (size_t i = 0; i < serving.config.clients.size(); ++i) {
    weights_[serving.pace_slots[i]] = weight_of(serving.config.clients[i]);
    in_force_.insert(serving.config.clients[i].name);
  }
  for (size_t i = 0; i < serving.apis.size(); ++i) {
    PaceRoom& room = *serving.apis[i].room;
    room.budget->set_limit(serving.apis[i].limit, now);
    room.scheduler->take_up(serving.config.apis[i].queue, weights_);
  }
}

}  // namespace sluice
