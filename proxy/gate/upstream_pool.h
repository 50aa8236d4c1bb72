// UpstreamPool: the vendor connections of one worker to one API. Lends the most recently used idle one first.
// Owner: worker. Thread: its worker only; no locks.
// Fails: take() never waits; a new connection reports its failure to its observer.
#pragma once

#include <memory>
#include <vector>

#include "proxy/gate/upstream.h"

namespace sluice {

class UpstreamPool {
 public:
  UpstreamPool(EventLoop& loop, Resolver& resolver, const Connector& connector,
               std::shared_ptr<const UpstreamTarget> target);
  ~UpstreamPool();

  // The connection is lent: hand it back with give_back() or discard(), unless it reported an end or a
  // failure. It is connected already, or on_upstream_connected follows.
  Upstream* take(UpstreamObserver& observer);
  // Somebody will take one soon: opens one, if none is idle and none is being opened for that.
  void prepare();
  // One that has not served a request before.
  Upstream* take_new(UpstreamObserver& observer);
  // Takes back one that is connected and was not used.
  void keep(Upstream& connection) { give_back(connection); }
  // Closes it, whatever it is doing. No call to the observer follows.
  void discard(Upstream& connection);
  void close_all();

  const std::shared_ptr<const UpstreamTarget>& target() const { return target_; }
  size_t idle() const { return idle_.size(); }
  size_t active() const { return all_.size() - idle_.size(); }

 private:
  friend class Upstream;
  // Requires: it is new, or its answer was fully read and the vendor allows another request.
  void give_back(Upstream& connection);
  Upstream& add();
  // One that is idle or being opened for nobody yet, or nullptr.
  Upstream* unlent() const;

  EventLoop& loop_;
  Resolver& resolver_;
  const Connector& connector_;
  const std::shared_ptr<const UpstreamTarget> target_;
  std::vector<std::unique_ptr<Upstream>> all_;
  std::vector<Upstream*> idle_;  // the last one was used most recently
};

}  // namespace sluice
