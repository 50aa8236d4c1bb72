// Deadlines: a hashed timer wheel on one uv_timer_t (Varghese and Lauck 1987, scheme 6). Setting or moving a
// deadline is O(1); a later time, or none, only rewrites a stamp, which the wheel notices when it gets there.
// Resolution: one tick of 16 ms; a deadline fires at most one tick late, never early.
// Owner: EventLoop. Thread: the loop's.
#pragma once

#include <uv.h>

#include <array>
#include <cstdint>

#include "config/units.h"

namespace sluice {

class Deadlines;

// Told when a deadline has passed. The deadline is unset by then and may be set again.
class DeadlineObserver {
 public:
  virtual void on_deadline() = 0;

 protected:
  ~DeadlineObserver() = default;
};

// One deadline: a member of what it guards. Unset when destroyed.
class Deadline {
 public:
  explicit Deadline(DeadlineObserver& observer) : observer_(observer) {}
  ~Deadline() { unlink(); }
  Deadline(const Deadline&) = delete;
  Deadline& operator=(const Deadline&) = delete;

  // Fires `after` from now. A running deadline is moved.
  void set(Deadlines& wheel, Millis after);
  void clear() { wanted_ = false; }
  bool is_set() const { return wanted_; }

 private:
  friend class Deadlines;
  void unlink();

  DeadlineObserver& observer_;
  Deadlines* wheel_ = nullptr;  // not null: linked into a slot
  Deadline* next_ = nullptr;
  Deadline* previous_ = nullptr;
  uint64_t at_ = 0;       // ms of the loop's clock
  uint64_t slot_at_ = 0;  // tick of the slot that it is linked into
  bool wanted_ = false;
};

// A deadline that calls a member of its owner: for one beside that which the owner observes itself.
template <class Owner>
class MemberDeadline final : private DeadlineObserver {
 public:
  MemberDeadline(Owner& owner, void (Owner::*then)()) : owner_(owner), then_(then), deadline_(*this) {}
  void set(Deadlines& wheel, Millis after) { deadline_.set(wheel, after); }
  void clear() { deadline_.clear(); }
  bool is_set() const { return deadline_.is_set(); }

 private:
  void on_deadline() override { (owner_.*then_)(); }

  Owner& owner_;
  void (Owner::*then_)();
  Deadline deadline_;
};

class Deadlines {
 public:
  void open(uv_loop_t* loop);
  void close();  // the timer's handle; every deadline is dropped

 private:
  friend class Deadline;
  static constexpr uint64_t kTickMs = 16;
  static constexpr size_t kSlots = 1024;

  void link(Deadline& deadline, uint64_t tick);
  void advance();
  void visit_slot(size_t slot);
  void start_timer();

  uv_timer_t timer_{};
  std::array<Deadline*, kSlots> slots_{};
  uint64_t tick_ = 0;           // the last tick that was visited
  Deadline* cursor_ = nullptr;  // the next one of the slot that is being visited
  size_t linked_ = 0;
  bool open_ = false;
};

}  // namespace sluice
