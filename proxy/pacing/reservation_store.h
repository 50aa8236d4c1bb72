// reservation_store: the seam between a SharedBudget and the store that the replicas share. One call is one
// run of reservation.lua on the API's key; times of the store are microseconds of its own clock.
// Implementations: RedisStore, and tests' own. Thread: the store's, but for wake().
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "config/embedded_file.h"
#include "config/units.h"

namespace sluice {

using Micros = std::chrono::microseconds;

// The most slots that one call may ask for.
inline constexpr size_t kMostSlots = 256;

// What reservation.lua is called with, in the order of its arguments.
struct ReservationCall {
  enum class Kind : uint8_t { kReserve, kStepped, kLeave };  // kStepped: the store's clock is known to have
  Kind kind = Kind::kReserve;
  std::string_view process;  // a random name; outlives the call
  int64_t now = 0;           // 0: the store's clock; tests set their own
  int64_t seat = -1;         // the one held so far; -1: none
  int64_t want = 0;          // slots
  int64_t ahead = 0;         // slots at hand that are not due yet
  double weight = 0;         // of those that wait; 0: nobody does
  Nanos interval{0};         // as configured
  Nanos tolerance{0};
  int64_t seats = 1;
  int64_t earliest = 0;    // time of the store; before it, its clock has stepped
  int64_t latest = 0;      // after it, the call has no effect; 0: it always has
  int64_t generation = 0;  // of the state, and its schedule, as last seen; 0: never
  int64_t schedule = 0;
  int64_t hold_left = 0;      // us
  int64_t rejected_ago = -1;  // us; -1: the vendor has refused nothing since the last call
  bool may_burst = true;      // idle time is made up for
  Nanos slowed{0};            // interval that the vendor's rejections leave
  int64_t paid = 0;           // time of the last slot that was used without the store; 0: none
};

struct ReservationReply {
  enum class Outcome : int8_t { kLate = -1, kNoSeat = 0, kSeated = 1 };
  Outcome outcome = Outcome::kSeated;
  int64_t now = 0;
  // Of kSeated only.
  int64_t seat = 0;
  int64_t generation = 0;
  int64_t schedule = 0;
  Nanos interval{0};  // in force
  int64_t seats = 1;
  Micros lead{0};       // no slot is leased further ahead
  Micros heartbeat{0};  // silence after which a seat is detached
  int64_t pool = 1;     // seats whose share is shared out
  double weights = 0;   // of all that ask, the caller included
  int64_t quota = 1;    // slots that the caller may hold before they are due
  int64_t retry = 0;    // no slot before it; 0: none was refused
  int64_t hold = 0;
  std::array<int64_t, 3> rejections{};  // of the vendor, newest first; 0: none
  std::array<int64_t, kMostSlots> slots{};
  size_t slot_count = 0;
};

extern const std::span<const EmbeddedFile> kReservationScript;  // one file

// ARGV of the script.
std::vector<std::string> to_arguments(const ReservationCall& call);
// nullopt: not an answer of the script.
std::optional<ReservationReply> parse_reservation(std::span<const int64_t> numbers);

// What a store tells. Never while call() is on the stack.
class StoreClient {
 public:
  // Connected, calls are answered or on_down follows. `is_same`: to the server of before, for certain.
  virtual void on_up(Nanos now, bool is_same) = 0;
  // What was called and not answered may have had its effect, or may have it within kCallLife.
  virtual void on_down(Nanos now) = 0;
  virtual void on_reply(Nanos now, const ReservationReply& reply) = 0;
  // The store refused the call without an effect.
  virtual void on_refused(Nanos now) = 0;
  // Does what is due. Returns when it is to be called again, at the latest.
  virtual Nanos on_time(Nanos now) = 0;

 protected:
  ~StoreClient() = default;
};

// After this a call that is on its way has no effect any more: its `latest`.
inline constexpr Nanos kCallLife = Millis(100);

class ReservationStore {
 public:
  virtual void call(StoreClient& client, const ReservationCall& call) = 0;
  // on_time follows soon. Any thread, also with the client's lock held.
  virtual void wake(StoreClient& client) = 0;

 protected:
  ~ReservationStore() = default;
};

}  // namespace sluice
