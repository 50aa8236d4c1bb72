// Scheduler: the waiting room of one API, for all workers. A request asks to be admitted as soon as it is
// whole; it goes at once if a slot is free and nobody waits, waits its turn in the fair queue, or learns at
// once that it cannot be served in time. One slot is reserved ahead, for whoever is first when it comes: who
// leaves costs nobody a slot. One pacer's timer keeps the time for all. Owner: the gate, one per API;
// outlives the pacers. Thread: any; never blocks but for its lock.
#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <vector>

#include "config/model.h"
#include "proxy/pacing/appointments.h"
#include "proxy/pacing/arrivals.h"
#include "proxy/pacing/budget.h"
#include "proxy/pacing/fair_queue.h"
#include "proxy/pacing/pace_figures.h"
#include "proxy/pacing/sent_window.h"

namespace sluice {

struct PaceTerms {
  size_t client = 0;
  Millis max_wait{0};  // the shorter of the configured one and the caller's own
  size_t bytes = 0;    // that it holds while it waits
  bool ready = true;   // false: it keeps a place, and says when it can be sent (Pacer::ready)
};

struct Admission {
  enum class Kind : uint8_t {
    kGo,
    kQueued,
    kQueueFull,
    kWaitTooLong,
    kNoSchedule  // nobody knows when: the replicas' common schedule was never reached
  };
  Kind kind = Kind::kGo;
  int64_t retry_after = 0;  // whole seconds, at least 1; of a refusal: when it will be accepted
};

class Scheduler final : private BudgetObserver {
 public:
  // `weights` of the clients, by index; > 0.
  Scheduler(Budget& budget, const QueueConfig& config, const std::vector<double>& weights);
  ~Scheduler();
  Scheduler(const Scheduler&) = delete;
  Scheduler& operator=(const Scheduler&) = delete;

  // For a reload: other bounds and weights from now on, and further clients at the end.
  void take_up(const QueueConfig& config, const std::vector<double>& weights);

  // The client's place is another's from now on, who does not inherit what was counted of it.
  void forget_client(size_t client);

  size_t waiting(size_t client) const;
  size_t waiting() const;
  PaceFigures figures(Nanos now) const;

  // For pacers, as there.
  Admission admit(Pacer& pacer, PacedRequest& request, const PaceTerms& terms, Nanos now);
  bool ready(Pacer& pacer, PacedRequest& request, Nanos now);
  bool readmit(Pacer& pacer, PacedRequest& request, const PaceTerms& terms, Nanos deadline, Nanos now);
  bool join(Pacer& pacer, PacedRequest& request, const PaceTerms& terms, Nanos deadline, Nanos now);
  void leave(PacedRequest& request, Nanos now);
  Nanos held_until() const;
  bool reject(Pacer& pacer, Millis pause, Nanos now);
  // The pacer's time has come, or it was woken: gives whose turn it is to their pacers.
  void give_turns(Pacer& pacer, Nanos now);
  // The next of its requests that were given a turn or refused, or nullptr.
  PacedRequest* take_turn(Pacer& pacer, Nanos now);
  // Whoever still waits there is forgotten.
  void forget(Pacer& pacer);

 private:
  struct Client {
    Appointments appointments;
    Arrivals arrivals;
    SentWindow sent;
  };

  // Timers may be late: what is promised leaves room for it, but no more than a part of a short wait.
  static Nanos reserve_of(Nanos max_wait);
  void on_slots() override;
  bool has_slot(Nanos now);
  bool goes_at_once(Nanos now) { return queue_.next() == nullptr && has_slot(now) && slot_->from <= now; }
  void count_sent(size_t client, Nanos now);
  std::optional<Nanos> wait_of_newcomer(Nanos now) const;
  void enqueue(Pacer& pacer, PacedRequest& request, const PaceTerms& terms, Nanos now);
  static void prepare(Pacer& pacer, PacedRequest& request, const PaceTerms& terms, Nanos deadline);
  bool is_full(const PaceTerms& terms) const;
  Nanos time_lacking(size_t client, Nanos time_left, bool has_appointment, Nanos now);
  SlotTimes slot_times(Nanos now) const;
  Nanos wait_of(size_t client, size_t place, Nanos now) const;
  size_t place_of_newcomer(size_t client, Nanos now);
  int64_t appoint(size_t client, Nanos wait, Nanos now);
  void refuse_late(Pacer& pacer, Nanos now);
  void refuse(PacedRequest& request, Nanos now);
  void hand_over(Pacer& caller, PacedRequest& request);
  void keep_time(Pacer& caller, Nanos now);

  Budget& budget_;
  mutable std::mutex mutex_;  // guards the rest, the private part of requests, and Pacer::given_
  QueueConfig config_;
  FairQueue queue_;
  std::vector<Client> clients_;
  std::optional<Slot> slot_;     // reserved, not used yet
  Pacer* timekeeper_ = nullptr;  // whose timer is armed for slot_
  Nanos armed_for_ = Nanos::max();
  uint64_t demand_ = 0;  // as the budget knows it
  SentWindow sent_;      // of all clients
  uint64_t rejections_ = 0;
};

}  // namespace sluice
