// What a waiting room says of itself, when somebody looks.
#include <algorithm>

#include "proxy/pacing/scheduler.h"

namespace sluice {

PaceFigures Scheduler::figures(Nanos now) const {
  PaceFigures figures;
  const std::lock_guard lock(mutex_);
  figures.sent = sent_.recent(now);
  figures.waiting = queue_.size();
  figures.rejections = rejections_;
  if (const Nanos held = budget_.held_until(); held > now) figures.held = held - now;
  figures.wait = wait_of_newcomer(now);
  for (size_t slot = 0; slot < clients_.size(); ++slot) {
    const PaceFigures::Client client{slot, queue_.size(slot), clients_[slot].sent.recent(now)};
    if (client.waiting == 0 && client.sent == 0) continue;
    figures.clients.push_back(client);
    if (const PacedRequest* first = queue_.first(slot))
      figures.oldest = std::max(figures.oldest, now - (first->deadline_ - first->max_wait_));
  }
  return figures;
}

// Its turn comes after those that are first in line now, as by start-time fair queuing the others' next
// requests come after it; and after those whose promise it would break. Absent: nobody knows when there will
// be a slot.
std::optional<Nanos> Scheduler::wait_of_newcomer(Nanos now) const {
  const SlotTimes slots = slot_times(now);
  if (slots.first == Nanos::max()) return std::nullopt;
  const Nanos promise = now + config_.max_wait - reserve_of(config_.max_wait);
  const size_t ahead = std::max(queue_.before_newcomer(), queue_.promises().before_newcomer(promise, slots));
  const bool has_slot = slot_ && now <= slot_->until && slot_->from >= budget_.held_until();
  if (has_slot && ahead == 0) return std::max(slot_->from - now, Nanos(0));
  const Nanos at = budget_.expected_slot(now, has_slot ? ahead - 1 : ahead);
  if (at == Nanos::max()) return std::nullopt;
  return std::max(at - now, Nanos(0));
}

void Scheduler::forget_client(size_t client) {
  const std::lock_guard lock(mutex_);
  if (client < clients_.size()) clients_[client] = {};
}

}  // namespace sluice
