#include "proxy/pacing/shared_budget.h"

#include <algorithm>
#include <cmath>

#include "proxy/log.h"
#include "proxy/pacing/token_bucket.h"

namespace sluice {
namespace {

// Keeps sums far from overflow: ten years, in nanoseconds.
constexpr double kFarthest = 3e17;
// How far two clocks drift apart at most: 200 ppm, beside what it costs to read them.
constexpr int64_t kDriftDivisor = 5'000;
constexpr Nanos kReadingError = Millis(20);
// An answer that took less was not stuck on its way.
constexpr Nanos kPromptAnswer = Millis(50);
// How often a process without a seat asks for one.
constexpr Nanos kSeatRetry = Millis(500);
// The seat of a process that was killed and comes back is free after a heartbeat; longer is worth a word.
constexpr Nanos kSeatPatience = Millis(2'500);
// What a slow answer costs, if not a turn: the connection is given up and made anew.
constexpr Nanos kReconnection = Millis(300);
constexpr Nanos kFirstHeartbeat = Millis(250);
// Rejections closer to each other are one, told twice.
constexpr Nanos kSameRejection = Millis(100);

int64_t micros(Nanos duration) { return duration.count() / 1'000; }

}  // namespace

SharedBudget::SharedBudget(SharedBudgetOptions options, ReservationStore& store, Nanos now)
    : options_(std::move(options)),
      store_(store),
      interval_(TokenBucket(options_.limit, now).interval()),
      tolerance_(TokenBucket(options_.limit, now).tolerance()),
      called_at_(now),
      called_before_(now),
      sent_at_(now - kFirstHeartbeat),
      quiet_until_(now),
      retry_at_(now),
      woken_for_(Nanos::max()),
      control_(interval_) {
  state_.seat = -1;
}

// --- what the pacers ask

void SharedBudget::set_observer(BudgetObserver* observer) {
  const std::lock_guard lock(observer_mutex_);
  observer_ = observer;
}

std::optional<Slot> SharedBudget::take_slot(Nanos now) {
  const std::lock_guard lock(mutex_);
  if (left_) return std::nullopt;
  drop_void(now);
  if (count_ > 0) {
    const Slot slot = leased_[first_];
    first_ = (first_ + 1) % kMostSlots;
    --count_;
    taken_ = slot.from;
    call_soon();
    return slot;
  }
  if (standing_at(now) == Standing::kAlone) {
    const auto [place, slot] = own_place(now);
    last_place_ = place;
    paid_ = map_.store + micros(slot.from - map_.latest) + 1;
    return slot;
  }
  starving_ = true;
  call_soon();
  return std::nullopt;
}

Nanos SharedBudget::expected_slot(Nanos now, uint64_t ahead) const {
  const std::lock_guard lock(mutex_);
  Nanos last = now;
  for (size_t i = 0; i < count_; ++i) {
    const Slot& slot = leased_[(first_ + i) % kMostSlots];
    if (slot.until < now || slot.from < held_until_) continue;
    last = std::max(last, slot.from);
    if (ahead == 0) return last;
    --ahead;
  }
  const auto more = static_cast<int64_t>(std::min<uint64_t>(ahead, 1'000'000));
  switch (standing_at(now)) {
    case Standing::kNeverReached:
    case Standing::kNoSeat: return Nanos::max();
    case Standing::kSilent:
    case Standing::kAlone: return alone_slot(now, more);
    case Standing::kSharing: return shared_slot(now, last, more);
  }
  return Nanos::max();
}

void SharedBudget::set_demand(uint64_t waiting, double weight) {
  const std::lock_guard lock(mutex_);
  waiting_ = waiting;
  weight_ = weight;
  if (waiting == 0) starving_ = false;
  call_soon();
}

bool SharedBudget::reject(Nanos now, Nanos until) {
  const std::lock_guard lock(mutex_);
  bool again = false;
  if (now >= held_until_) {
    again = control_.on_rejection(now);
    last_rejection_ = now;
    rejected_at_ = now;
  }
  held_until_ = std::max(held_until_, until);
  call_soon();
  return again;
}

Nanos SharedBudget::held_until() const {
  const std::lock_guard lock(mutex_);
  return held_until_;
}

SharedBudget::Standing SharedBudget::standing(Nanos now) const {
  const std::lock_guard lock(mutex_);
  return standing_at(now);
}

std::pair<int64_t, int64_t> SharedBudget::seats() const {
  const std::lock_guard lock(mutex_);
  return has_seat_ ? std::pair(state_.pool, state_.seats) : std::pair(int64_t{0}, int64_t{0});
}

void SharedBudget::leave() {
  const std::lock_guard lock(mutex_);
  left_ = true;
  count_ = 0;
  call_soon();
}

bool SharedBudget::has_left() const {
  const std::lock_guard lock(mutex_);
  return left_ && !has_seat_;
}

// --- what the store tells

void SharedBudget::on_up(Nanos now, bool is_same) {
  const std::lock_guard lock(mutex_);
  link_ = Link::kIdle;
  // Another server may have lost what was written last: what others hold of that runs out first.
  if (has_seat_ && !is_same) quiet_until_ = now + state_.lead + kSlotLife;
  if (seatless_) quiet_until_ = now + kSeatPatience;  // those that have seats first
}

void SharedBudget::on_down(Nanos) {
  const std::lock_guard lock(mutex_);
  link_ = Link::kDown;
}

void SharedBudget::on_refused(Nanos) {
  const std::lock_guard lock(mutex_);
  if (link_ == Link::kCalling) link_ = Link::kIdle;
  called_at_ = called_before_;
}

void SharedBudget::on_reply(Nanos now, const ReservationReply& reply) {
  bool has_slots = false;
  {
    const std::lock_guard lock(mutex_);
    if (link_ != Link::kCalling) return;
    link_ = Link::kIdle;
    switch (reply.outcome) {
      case ReservationReply::Outcome::kLate:
        called_at_ = called_before_;
        stepped_ = now - sent_at_ < kPromptAnswer;
        break;
      case ReservationReply::Outcome::kNoSeat:
        has_seat_ = false;
        seatless_ = true;
        count_ = 0;
        state_ = {};
        state_.seat = -1;
        if (!seatless_since_) seatless_since_ = now;
        break;
      case ReservationReply::Outcome::kSeated:
        take_over(now, reply);
        has_slots = add_slots(reply);
        break;
    }
  }
  if (has_slots) tell_observer();
}

Nanos SharedBudget::on_time(Nanos now) {
  std::optional<ReservationCall> call;
  bool alone = false;
  Nanos next{0};
  {
    const std::lock_guard lock(mutex_);
    drop_void(now);
    if (is_due(now)) call = make_call(now);
    const bool is_alone = standing_at(now) == Standing::kAlone;
    alone = is_alone && !told_alone_;
    say_standing(now);
    told_alone_ = is_alone;
    next = woken_for_ = wake_time();
  }
  if (call) store_.call(*this, *call);
  if (alone) tell_observer();
  return next;
}

void SharedBudget::take_over(Nanos now, const ReservationReply& reply) {
  map_ = {sent_at_, now, reply.now};
  state_ = reply;
  has_seat_ = call_.kind != ReservationCall::Kind::kLeave;
  seatless_ = false;
  seatless_since_.reset();
  stepped_ = false;
  last_place_ = 0;
  paid_ = 0;
  if (call_.rejected_ago >= 0) rejected_at_.reset();
  if (reply.slot_count > 0) starving_ = false;
  retry_at_ = reply.retry > 0 ? not_before(reply.retry) : now;
  if (reply.hold > reply.now) held_until_ = std::max(held_until_, not_after(reply.hold));
  learn_rejections(reply);
}

// Those that other replicas have met.
void SharedBudget::learn_rejections(const ReservationReply& reply) {
  for (size_t i = reply.rejections.size(); i-- > 0;) {
    if (reply.rejections[i] == 0) continue;
    const Nanos at = not_after(reply.rejections[i]);
    if (last_rejection_ != Nanos::min() && at <= last_rejection_ + kSameRejection) continue;
    control_.on_rejection(at);
    last_rejection_ = at;
  }
}

bool SharedBudget::add_slots(const ReservationReply& reply) {
  bool any = false;
  for (size_t i = 0; i < reply.slot_count && count_ < kMostSlots && !left_; ++i) {
    const Slot slot{not_before(reply.slots[i]), not_after(reply.slots[i]) + kSlotLife};
    if (slot.until <= slot.from) continue;  // the answer took too long
    leased_[(first_ + count_) % kMostSlots] = slot;
    ++count_;
    any = true;
  }
  return any;
}

void SharedBudget::tell_observer() {
  const std::lock_guard lock(observer_mutex_);
  if (observer_ != nullptr) observer_->on_slots();
}

// --- when to call

// Wakes the store's thread, unless it comes in time by itself.
void SharedBudget::call_soon() {
  if (link_ != Link::kIdle) return;
  const Nanos due = left_ || rejected_at_ ? quiet_until_ : ask_time();
  if (due >= woken_for_) return;
  woken_for_ = due;
  store_.wake(*this);
}

// Slots that are waited for.
int64_t SharedBudget::need() const {
  const uint64_t wanted = std::max<uint64_t>(std::min<uint64_t>(waiting_, kMostSlots), starving_ ? 1 : 0);
  return std::max<int64_t>(0, static_cast<int64_t>(wanted) - static_cast<int64_t>(count_));
}

// Half of what may be held is kept at hand; the slot that was taken last counts until it has come.
Nanos SharedBudget::ask_time() const {
  if (need() == 0 || !has_seat_) return Nanos::max();
  const size_t keep = std::min(static_cast<size_t>(state_.quota), kMostSlots) / 2;
  Nanos used = Nanos::min();
  if (count_ == keep) used = taken_;
  if (count_ > keep) used = leased_[(first_ + count_ - keep - 1) % kMostSlots].from;
  return std::max({used, retry_at_, quiet_until_});
}

Nanos SharedBudget::heartbeat_time() const {
  if (seatless_) return std::max(quiet_until_, sent_at_ + kSeatRetry);
  const Nanos period = has_seat_ ? Nanos(state_.heartbeat) / 4 : kFirstHeartbeat;
  return std::max(quiet_until_, sent_at_ + period);
}

Nanos SharedBudget::wake_time() const {
  Nanos next = has_seat_ && !told_alone_ ? alone_from() : Nanos::max();
  if (link_ == Link::kIdle) next = std::min({next, heartbeat_time(), ask_time()});
  return next;
}

bool SharedBudget::is_due(Nanos now) const {
  if (link_ != Link::kIdle) return false;
  if (left_) return has_seat_;
  if (stepped_) return true;
  return now >= heartbeat_time() || now >= ask_time() || (rejected_at_ && now >= quiet_until_);
}

ReservationCall SharedBudget::make_call(Nanos now) {
  ReservationCall call;
  call.kind = left_      ? ReservationCall::Kind::kLeave
              : stepped_ ? ReservationCall::Kind::kStepped
                         : ReservationCall::Kind::kReserve;
  call.process = options_.process;
  call.seat = state_.seat;
  call.want = left_ ? 0 : need();
  call.ahead = taken_ > now ? 1 : 0;
  for (size_t i = 0; i < count_; ++i) call.ahead += leased_[(first_ + i) % kMostSlots].from > now ? 1 : 0;
  call.weight = waiting_ > 0 || starving_ ? std::max(weight_, 1.0) : 0;
  call.interval = interval_;
  call.tolerance = tolerance_;
  call.seats = options_.replicas;
  call.generation = state_.generation;
  call.schedule = state_.schedule;
  if (state_.generation > 0 && !stepped_) {
    const Nanos drift = (now - map_.latest) / kDriftDivisor;
    call.earliest = map_.store + micros(now - map_.latest - kReadingError - drift);
    call.latest = map_.store + micros(now - map_.latest + kCallLife + drift);
  }
  if (held_until_ > now) call.hold_left = micros(held_until_ - now);
  if (rejected_at_) call.rejected_ago = micros(now - *rejected_at_);
  call.may_burst = control_.allows_burst(now);
  call.slowed = control_.interval(now);
  call.paid = paid_;
  link_ = Link::kCalling;
  called_before_ = called_at_;
  called_at_ = sent_at_ = now;
  call_ = call;
  return call;
}

// --- where it stands

SharedBudget::Standing SharedBudget::standing_at(Nanos now) const {
  if (!has_seat_) return seatless_ ? Standing::kNoSeat : Standing::kNeverReached;
  if (now >= alone_from()) return Standing::kAlone;
  return link_ == Link::kDown || now < quiet_until_ ? Standing::kSilent : Standing::kSharing;
}

// When nobody else uses its places any more: a call may take kCallLife to have its effect, the seat is in the
// pool for a heartbeat after it, and what the pool has leased by then runs out.
Nanos SharedBudget::alone_from() const {
  return called_at_ + kCallLife + state_.heartbeat + state_.lead + state_.interval;
}

// In the log, once for each change.
void SharedBudget::say_standing(Nanos now) {
  const Standing standing = standing_at(now);
  const LogField api{"api", options_.api};
  if (standing == Standing::kAlone && !said_alone_) {
    said_alone_ = true;
    log_warning("the limit is no longer shared: going on alone",
                {api, {"share", "1/" + std::to_string(state_.seats)}});
  }
  if (said_alone_ && standing == Standing::kSharing && link_ == Link::kIdle) {
    said_alone_ = false;
    log_info("the limit is shared again", {api});
  }
  const bool seatless = seatless_since_ && now >= *seatless_since_ + kSeatPatience;
  if (seatless && !said_seatless_) {
    log_error("more processes share the limit than `replicas` says: nothing is sent", {api});
  }
  if (!seatless_since_ && said_seatless_) log_info("a seat is free: the limit is shared", {api});
  said_seatless_ = seatless;
  const bool different = has_seat_ && (state_.interval > interval_ || state_.seats > options_.replicas);
  if (different && !said_different_) {
    log_warning("replicas are configured differently: the lowest limit and the most seats are in force",
                {api});
  }
  said_different_ = different;
}

// The next place of its seat in the timetable that can still be used, or comes.
std::pair<int64_t, Slot> SharedBudget::own_place(Nanos now) const {
  const double interval = static_cast<double>(state_.interval.count()) / 1e3;
  const Nanos start = std::max(alone_from(), held_until_);
  const int64_t from =
      map_.store + std::max(micros(now - kSlotLife - map_.earliest), micros(start - map_.latest)) + 1;
  auto place = static_cast<int64_t>(std::ceil(static_cast<double>(from) / interval));
  if (last_place_ > 0) {
    const double rate =
        static_cast<double>(slowed(now).count()) / static_cast<double>(state_.interval.count());
    place = std::max(place, last_place_ + static_cast<int64_t>(std::ceil(rate - 1e-9)) * state_.seats);
  }
  place += (state_.seat - place % state_.seats + state_.seats) % state_.seats;
  const auto time = static_cast<int64_t>(std::ceil(static_cast<double>(place) * interval));
  return {place, {not_before(time), not_after(time) + kSlotLife}};
}

void SharedBudget::drop_void(Nanos now) {
  while (count_ > 0 && (leased_[first_].until < now || leased_[first_].from < held_until_)) {
    first_ = (first_ + 1) % kMostSlots;
    --count_;
  }
}

// The interval that the vendor's rejections leave.
Nanos SharedBudget::slowed(Nanos now) const { return std::max(state_.interval, control_.interval(now)); }

// The one after `ahead` further ones; `last` is the last leased one.
Nanos SharedBudget::shared_slot(Nanos now, Nanos last, int64_t ahead) const {
  const Nanos due = std::max(not_before(state_.schedule) - tolerance_, held_until_);
  const bool is_spare = count_ == 0 && control_.allows_burst(now) && due + slowed(now) * ahead <= now;
  if (is_spare) return now;  // there for whoever asks first
  const double weight = std::max(weight_, 1.0);
  const double others = std::max(state_.weights - call_.weight, 0.0);
  const double share =
      weight / (weight + others) * static_cast<double>(state_.pool) / static_cast<double>(state_.seats);
  const double interval = static_cast<double>(slowed(now).count()) / share;
  const double wait = interval * static_cast<double>(ahead + 1) +
                      std::max(static_cast<double>(kReconnection.count()), interval);
  return std::max(last, due) + Nanos(std::llround(std::min(wait, kFarthest)));
}

Nanos SharedBudget::alone_slot(Nanos now, int64_t ahead) const {
  const Nanos first = own_place(std::max(now, alone_from())).second.from;
  const double rate = static_cast<double>(slowed(now).count()) / static_cast<double>(state_.interval.count());
  const auto places = static_cast<int64_t>(std::ceil(rate - 1e-9)) * state_.seats;
  return std::max(now, first) + state_.interval * places * ahead;
}

}  // namespace sluice
