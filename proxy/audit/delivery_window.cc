#include "proxy/audit/delivery_window.h"

#include <algorithm>

namespace sluice {

void DeliveryWindow::add(StoredEvent event) {
  octets_ += event.body.size();
  events_.push_back(std::move(event));
}

void DeliveryWindow::choose(size_t most, size_t most_octets, uint64_t through) {
  chosen_ = 0;
  while (chosen_ < events_.size() && events_[chosen_].sequence <= through) ++chosen_;
  if (chosen_ > 0) return;
  size_t octets = 0;
  while (chosen_ < std::min(most, events_.size())) {
    octets += events_[chosen_].body.size();
    if (chosen_ > 0 && octets > most_octets) return;
    ++chosen_;
  }
}

std::vector<StoredEvent> DeliveryWindow::chosen() const {
  return {events_.begin(), events_.begin() + static_cast<std::ptrdiff_t>(chosen_)};
}

void DeliveryWindow::drop_chosen() {
  for (; chosen_ > 0; --chosen_) pop_front();
}

void DeliveryWindow::remove(uint64_t through, bool under_way) {
  if (!under_way) {
    chosen_ = 0;
    while (!events_.empty() && events_.front().sequence <= through) pop_front();
    return;
  }
  const auto from = events_.begin() + static_cast<std::ptrdiff_t>(chosen_);
  const auto gone =
      std::find_if(from, events_.end(), [through](const auto& e) { return e.sequence > through; });
  for (auto event = from; event != gone; ++event) octets_ -= event->body.size();
  events_.erase(from, gone);
}

void DeliveryWindow::clear() {
  events_.clear();
  octets_ = 0;
  chosen_ = 0;
}

void DeliveryWindow::pop_front() {
  octets_ -= events_.front().body.size();
  events_.pop_front();
}

}  // namespace sluice
