#include "proxy/gate/upstream_pool.h"

#include <algorithm>

namespace sluice {

UpstreamPool::UpstreamPool(EventLoop& loop, Resolver& resolver, const Connector& connector,
                           std::shared_ptr<const UpstreamTarget> target)
    : loop_(loop), resolver_(resolver), connector_(connector), target_(std::move(target)) {}

UpstreamPool::~UpstreamPool() { close_all(); }

Upstream* UpstreamPool::take(UpstreamObserver& observer) {
  if (idle_.empty()) {
    Upstream* prepared = unlent();
    if (prepared == nullptr) return take_new(observer);
    prepared->lend_to(observer);
    return prepared;
  }
  Upstream* connection = idle_.back();
  idle_.pop_back();
  connection->deadline_.clear();
  connection->lend_to(observer);
  return connection;
}

Upstream* UpstreamPool::take_new(UpstreamObserver& observer) {
  Upstream& connection = add();
  connection.lend_to(observer);
  connection.connect();
  return &connection;
}

void UpstreamPool::prepare() {
  if (unlent() == nullptr) add().connect();
}

Upstream* UpstreamPool::unlent() const {
  const auto found =
      std::find_if(all_.begin(), all_.end(), [](const auto& one) { return one->observer_ == nullptr; });
  return found == all_.end() ? nullptr : found->get();
}

Upstream& UpstreamPool::add() {
  all_.push_back(std::make_unique<Upstream>(*this, loop_, resolver_, connector_, *target_));
  return *all_.back();
}

void UpstreamPool::give_back(Upstream& connection) {
  connection.rest(target_->timeouts.idle);
  idle_.push_back(&connection);
}

void UpstreamPool::discard(Upstream& connection) {
  connection.observer_ = nullptr;
  connection.phase_ = Upstream::Phase::kClosed;
  connection.dialer_.cancel();
  connection.stream_.reset();
  connection.deadline_.clear();
  std::erase(idle_, &connection);
  const auto found = std::find_if(all_.begin(), all_.end(),
                                  [&connection](const auto& one) { return one.get() == &connection; });
  if (found == all_.end()) return;
  loop_.destroy_later(std::move(*found));
  all_.erase(found);
}

void UpstreamPool::close_all() {
  while (!all_.empty()) discard(*all_.back());
}

}  // namespace sluice
