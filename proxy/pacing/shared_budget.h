// SharedBudget: this process's part of a limit that several replicas share. Leases slots from the common
// schedule before they are needed, so that no request waits for the store; when the store is silent, goes on
// with the places of its own seat, and with nothing if it never had one. A state machine without I/O: the
// ReservationStore carries its calls and its time. Owner: the gate, one per API. Thread: any; one lock.
// Times: its own monotonic clock; those of the store are mapped so that a slot is never early and never
// outlives kSlotLife, whatever the round trip took.
#pragma once

#include <array>
#include <mutex>
#include <string>

#include "proxy/pacing/budget.h"
#include "proxy/pacing/rate_control.h"
#include "proxy/pacing/reservation_store.h"

namespace sluice {

struct SharedBudgetOptions {
  RateLimit limit;
  int64_t replicas = 1;  // how many there are at most
  std::string process;   // a random name of this process
  std::string api;       // for the log
};

class SharedBudget final : public Budget, public StoreClient {
 public:
  enum class Standing : uint8_t {
    kNeverReached,  // the store has never answered: nothing is sent, as nobody knows who else sends
    kNoSeat,        // more processes than seats: nothing is sent
    kSharing,       // holds a seat of the pool
    kSilent,        // the store is silent, what is leased runs out
    kAlone,         // sends in the places of its own seat
  };

  SharedBudget(SharedBudgetOptions options, ReservationStore& store, Nanos now);

  void set_observer(BudgetObserver* observer) override;
  std::optional<Slot> take_slot(Nanos now) override;
  Nanos expected_slot(Nanos now, uint64_t ahead) const override;
  void set_demand(uint64_t waiting, double weight) override;
  bool reject(Nanos now, Nanos until) override;
  bool set_limit(RateLimit limit, Nanos) override { return limit == options_.limit; }
  Nanos held_until() const override;

  void on_up(Nanos now, bool is_same) override;
  void on_down(Nanos now) override;
  void on_reply(Nanos now, const ReservationReply& reply) override;
  void on_refused(Nanos now) override;
  Nanos on_time(Nanos now) override;

  // Gives the seat back: its share is the others'. Requires: nothing is sent from then on.
  void leave();
  bool has_left() const;

  Standing standing(Nanos now) const;
  // The seats of the pool, and all; 0: not known.
  std::pair<int64_t, int64_t> seats() const;

 private:
  // The store's clock beside ours: it showed `store` at some time between the two.
  struct ClockMap {
    Nanos earliest{0};
    Nanos latest{0};
    int64_t store = 0;
  };
  enum class Link : uint8_t { kDown, kIdle, kCalling };

  // All under the lock.
  Standing standing_at(Nanos now) const;
  Nanos alone_from() const;
  std::pair<int64_t, Slot> own_place(Nanos now) const;
  void drop_void(Nanos now);
  int64_t need() const;
  Nanos ask_time() const;
  Nanos heartbeat_time() const;
  Nanos wake_time() const;
  bool is_due(Nanos now) const;
  ReservationCall make_call(Nanos now);
  void take_over(Nanos now, const ReservationReply& reply);
  void learn_rejections(const ReservationReply& reply);
  bool add_slots(const ReservationReply& reply);
  Nanos shared_slot(Nanos now, Nanos last, int64_t ahead) const;
  Nanos alone_slot(Nanos now, int64_t ahead) const;
  Nanos slowed(Nanos now) const;
  Nanos not_before(int64_t store) const { return map_.latest + Micros(store - map_.store); }
  Nanos not_after(int64_t store) const { return map_.earliest + Micros(store - map_.store); }
  void call_soon();
  void say_standing(Nanos now);

  void tell_observer();

  const SharedBudgetOptions options_;
  ReservationStore& store_;
  const Nanos interval_;  // as configured
  const Nanos tolerance_;
  std::mutex observer_mutex_;  // held while the observer is told, so that set_observer waits for it
  BudgetObserver* observer_ = nullptr;

  mutable std::mutex mutex_;  // guards what follows
  Link link_ = Link::kDown;
  bool has_seat_ = false;
  bool seatless_ = false;  // the store has said that there is none left
  bool left_ = false;
  bool stepped_ = false;     // the store's clock has, as an answer showed
  bool told_alone_ = false;  // the observer knows that own places are at hand
  std::optional<Nanos> seatless_since_;
  bool said_alone_ = false;  // in the log, as the next two
  bool said_seatless_ = false;
  bool said_different_ = false;
  bool starving_ = false;   // a slot was asked for when there was none
  ReservationReply state_;  // as last told; its slots are in leased_
  ClockMap map_;
  ReservationCall call_;  // the last one
  Nanos called_at_;       // when a call was sent that may have had an effect
  Nanos called_before_;   // the one before it
  Nanos sent_at_;
  Nanos quiet_until_;  // after a reconnection
  Nanos retry_at_;
  Nanos woken_for_;                        // on_time comes by itself then
  std::array<Slot, kMostSlots> leased_{};  // a ring, in order of time
  size_t first_ = 0;
  size_t count_ = 0;
  Nanos taken_ = Nanos::min();  // time of the last slot that was taken
  int64_t last_place_ = 0;      // of its own seat, used without the store
  int64_t paid_ = 0;            // its time
  uint64_t waiting_ = 0;
  double weight_ = 0;
  RateControl control_;
  Nanos held_until_ = Nanos::min();
  Nanos last_rejection_ = Nanos::min();
  std::optional<Nanos> rejected_at_;  // not told to the store yet
};

}  // namespace sluice
