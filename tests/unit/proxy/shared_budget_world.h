// World: replicas in virtual time that share one limit through the real script in a real Redis: their links,
// their clocks, the store's, and a vendor with a strict bucket. Everything that happens is an event of one
// queue, and follows from the seed.
#pragma once

#include <functional>
#include <memory>
#include <queue>
#include <random>
#include <string>
#include <vector>

#include "proxy/pacing/shared_budget.h"
#include "redis_server.h"

namespace sluice {

// How one process is loaded.
struct Load {
  double per_second = -1;  // less than 0: always more than it can send
  double weight = 1;
};

class World {
 public:
  enum class Cut : uint8_t { kNone, kBoth, kAnswers };  // of the link to the store

  explicit World(uint64_t seed, RateLimit limit = {10, 10}, Nanos jitter = Millis(200));
  ~World();

  // Starts a process; returns its number. `replicas` is its configuration.
  size_t start(int64_t replicas, Load load = {}, RateLimit limit = {0, 0});
  void set_load(size_t process, Load load);
  void kill(size_t process);
  void leave(size_t process);
  void stop(size_t process, Nanos duration);  // as SIGSTOP does
  void cut(size_t process, Cut how);
  void set_store_down(bool down);  // closes every connection
  void wipe(bool closes);
  void fail_over(Nanos lost);  // to a copy that misses what was written last
  void step_clock(Nanos by) {
    clock_step_ += by;
    ++steps_;
  }
  int steps() const { return steps_; }
  void refuse_calls(bool refuse) { refusing_ = refuse; }
  void reject(size_t process, Nanos hold);  // the vendor answers 429

  void at(Nanos time, std::function<void()> what);
  void run_until(Nanos time);
  void run_for(Nanos duration) { run_until(now_ + duration); }
  Nanos now() const { return now_; }
  uint64_t below(uint64_t bound) { return random_() % bound; }

  SharedBudget& budget(size_t process);
  bool is_alive(size_t process) const;
  size_t sent(size_t process) const;
  size_t sent() const;
  // When a process sent its requests.
  const std::vector<Nanos>& departures(size_t process) const;
  // Of the requests sent since `from`: those that a bucket of the vendor's refuses, whose clock is slow.
  int rejections(RateLimit limit, double slow = 0.001) const;
  // Of all requests: those that left before the schedule's tolerance and the life of a slot allow. Sharper
  // than rejections(): here the vendor's spare room for the network's jitter is not counted.
  int overruns() const;
  // Slots that were leased ahead and lie closer to another than the schedule's interval.
  int doubled() const;
  size_t sent_between(Nanos from, Nanos until) const;
  size_t calls() const { return calls_; }
  size_t forfeited() const { return forfeited_; }
  // Share of the limit that was used between two times.
  double used(Nanos from, Nanos until) const;

 private:
  class Process;
  struct Event {
    Nanos at;
    uint64_t order;
    std::function<void()> what;
    bool operator<(const Event& other) const { return at != other.at ? at > other.at : order > other.order; }
  };

  Nanos up_to(Nanos most) {
    return Nanos(static_cast<int64_t>(below(static_cast<uint64_t>(most.count()) + 1)));
  }
  Nanos lateness();
  Nanos round_trip();
  int64_t store_now() const { return 1'760'000'000'000'000 + (now_ + clock_step_).count() / 1'000; }
  std::optional<ReservationReply> execute(ReservationCall call);
  void take_copy();

  RedisServer redis_;
  std::string script_;
  RateLimit limit_;
  Nanos jitter_;
  std::mt19937_64 random_;
  Nanos now_{std::chrono::seconds(1'000)};
  Nanos clock_step_{0};
  int steps_ = 0;
  uint64_t order_ = 0;
  std::priority_queue<Event> events_;
  std::vector<std::unique_ptr<Process>> processes_;
  bool down_ = false;
  uint64_t server_ = 1;  // another one after each failure
  bool refusing_ = false;
  size_t calls_ = 0;
  size_t forfeited_ = 0;
  std::vector<Nanos> leased_;                                       // of slots that were not due
  std::vector<Nanos> departures_, arrivals_;                        // in the order of departure
  std::vector<std::pair<Nanos, std::vector<std::string>>> copies_;  // of the hash, for fail_over
  bool copying_ = false;
};

}  // namespace sluice
