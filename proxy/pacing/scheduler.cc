#include "proxy/pacing/scheduler.h"

#include <cmath>

#include "proxy/pacing/pacer.h"
#include "proxy/pacing/token_bucket.h"

namespace sluice {
namespace {

// Of the time that a client has, so much is filled with its own requests and what the others send meanwhile;
// the rest is for those that come anew. Who has nothing waiting, or was told to come now, is exempt.
constexpr int64_t kSharePercent = 80;

// A newcomer's place is looked for in so many steps: more would change little, and clients may be many.
constexpr int kMostRounds = 16;

}  // namespace

Nanos Scheduler::reserve_of(Nanos max_wait) { return std::min(kSlotLife, max_wait / 5); }

Scheduler::Scheduler(Budget& budget, const QueueConfig& config, const std::vector<double>& weights)
    : budget_(budget), config_(config), queue_(weights), clients_(weights.size()) {
  budget_.set_observer(this);
}

Scheduler::~Scheduler() { budget_.set_observer(nullptr); }

void Scheduler::take_up(const QueueConfig& config, const std::vector<double>& weights) {
  const std::lock_guard lock(mutex_);
  config_ = config;
  queue_.set_weights(weights);
  clients_.resize(weights.size());
}

size_t Scheduler::waiting(size_t client) const {
  const std::lock_guard lock(mutex_);
  return queue_.size(client);
}

size_t Scheduler::waiting() const {
  const std::lock_guard lock(mutex_);
  return queue_.size();
}

Admission Scheduler::admit(Pacer& pacer, PacedRequest& request, const PaceTerms& terms, Nanos now) {
  const std::lock_guard lock(mutex_);
  clients_[terms.client].arrivals.add(now);
  // One that is not ready takes no slot yet: only the first may come in by it.
  if (goes_at_once(now) && (terms.ready || queue_.size() == 0)) {
    if (terms.ready) {
      slot_.reset();
      queue_.charge(terms.client);
      count_sent(terms.client, now);
    } else {
      enqueue(pacer, request, terms, now);
    }
    keep_time(pacer, now);
    return {terms.ready ? Admission::Kind::kGo : Admission::Kind::kQueued};
  }
  const Nanos time_left = terms.max_wait - reserve_of(terms.max_wait);
  Nanos too_long = time_lacking(terms.client, time_left, clients_[terms.client].appointments.keep(now), now);
  if (too_long == Nanos::max()) return {Admission::Kind::kNoSchedule, 1};
  if (is_full(terms)) {
    const Nanos free = wait_of(terms.client, 1, now);
    return {Admission::Kind::kQueueFull, appoint(terms.client, std::max(free, too_long), now)};
  }
  if (too_long > Nanos(0)) return {Admission::Kind::kWaitTooLong, appoint(terms.client, too_long, now)};
  enqueue(pacer, request, terms, now);
  keep_time(pacer, now);
  return {Admission::Kind::kQueued};
}

void Scheduler::count_sent(size_t client, Nanos now) {
  clients_[client].sent.add(now);
  sent_.add(now);
}

// How much longer than `time_left` a newcomer would have to wait; 0 or less: nothing.
Nanos Scheduler::time_lacking(size_t client, Nanos time_left, bool has_appointment, Nanos now) {
  const SlotTimes slots = slot_times(now);
  if (slots.first == Nanos::max()) return Nanos::max();
  const Nanos for_promises = queue_.promises().until_room(now + time_left, slots, now);
  if (has_appointment || queue_.size(client) == 0) return for_promises;
  const Nanos for_share = wait_of(client, place_of_newcomer(client, now), now);
  return std::max(for_promises, for_share - time_left * kSharePercent / 100);
}

SlotTimes Scheduler::slot_times(Nanos now) const {
  const size_t count = std::max<size_t>(queue_.size(), 1);
  const size_t reserved = slot_ ? 1 : 0;
  const Nanos first = slot_ ? slot_->from : budget_.expected_slot(now, 0);
  const Nanos last = budget_.expected_slot(now, count - reserved);
  if (first == Nanos::max() || last == Nanos::max()) return {Nanos::max(), Nanos(0)};
  return {first, (last - first) / static_cast<int64_t>(count)};
}

void Scheduler::enqueue(Pacer& pacer, PacedRequest& request, const PaceTerms& terms, Nanos now) {
  prepare(pacer, request, terms, now + terms.max_wait);
  queue_.push(request);
}

void Scheduler::prepare(Pacer& pacer, PacedRequest& request, const PaceTerms& terms, Nanos deadline) {
  request.pacer_ = &pacer;
  request.client_ = terms.client;
  request.bytes_ = terms.bytes;
  request.ready_ = terms.ready;
  request.max_wait_ = terms.max_wait;
  request.deadline_ = deadline;
  request.promise_ = deadline - reserve_of(terms.max_wait);
}

bool Scheduler::is_full(const PaceTerms& terms) const {
  const auto of = [](int64_t bound) { return static_cast<size_t>(bound); };
  return queue_.size(terms.client) >= of(config_.max_requests) ||
         queue_.bytes(terms.client) + terms.bytes > config_.max_bytes.count ||
         queue_.size() >= of(config_.total_requests) ||
         queue_.bytes() + terms.bytes > config_.total_bytes.count;
}

bool Scheduler::ready(Pacer& pacer, PacedRequest& request, Nanos now) {
  const std::lock_guard lock(mutex_);
  if (request.list_ == &pacer.given_) return false;  // refused meanwhile: on_refused follows
  if (goes_at_once(now)) {
    slot_.reset();
    queue_.remove(request);
    queue_.charge(request.client_);
    count_sent(request.client_, now);
    request.pacer_ = nullptr;
    keep_time(pacer, now);
    return true;
  }
  queue_.set_ready(request);
  keep_time(pacer, now);
  return false;
}

bool Scheduler::readmit(Pacer& pacer, PacedRequest& request, const PaceTerms& terms, Nanos deadline,
                        Nanos now) {
  const std::lock_guard lock(mutex_);
  if (deadline < std::max(now, budget_.held_until())) return false;
  prepare(pacer, request, terms, deadline);
  queue_.push_first(request);
  keep_time(pacer, now);
  return true;
}

bool Scheduler::join(Pacer& pacer, PacedRequest& request, const PaceTerms& terms, Nanos deadline, Nanos now) {
  const std::lock_guard lock(mutex_);
  if (deadline < std::max(now, budget_.held_until()) || is_full(terms)) return false;
  prepare(pacer, request, terms, deadline);
  queue_.push(request);
  keep_time(pacer, now);
  return true;
}

// A slot that it has not used yet is the next one's.
void Scheduler::leave(PacedRequest& request, Nanos now) {
  const std::lock_guard lock(mutex_);
  if (request.pacer_ == nullptr) return;
  Pacer& pacer = *request.pacer_;
  request.pacer_ = nullptr;
  if (request.list_ == &pacer.given_) {
    pacer.given_.remove(request);
    if (!request.refused_ && !slot_) slot_ = request.slot_;
  } else {
    queue_.remove(request);
  }
  keep_time(pacer, now);
}

bool Scheduler::reject(Pacer& pacer, Millis pause, Nanos now) {
  const std::lock_guard lock(mutex_);
  ++rejections_;
  const bool repeated = budget_.reject(now, now + pause);
  refuse_late(pacer, now);
  keep_time(pacer, now);
  return repeated;
}

// Who cannot be sent in time because of the hold learns it at once. One that has been sent before is refused
// by the vendor's own answer, if at all.
void Scheduler::refuse_late(Pacer& pacer, Nanos now) {
  const Nanos held = budget_.held_until();
  PacedRequest* next = nullptr;
  for (PacedRequest* request = queue_.promises().first(); request != nullptr && request->promise_ < held;
       request = next) {
    next = Promises::after(*request);
    if (request->deadline_ >= held) continue;
    queue_.remove(*request);
    refuse(*request, now);
    hand_over(pacer, *request);
  }
}

void Scheduler::refuse(PacedRequest& request, Nanos now) {
  const Nanos time_left = request.promise_ - request.deadline_ + request.max_wait_;
  request.refused_ = true;
  request.retry_after_ = appoint(request.client_, time_lacking(request.client_, time_left, false, now), now);
}

Nanos Scheduler::held_until() const { return budget_.held_until(); }

void Scheduler::give_turns(Pacer& pacer, Nanos now) {
  const std::lock_guard lock(mutex_);
  while (queue_.next() != nullptr && has_slot(now) && slot_->from <= now) {
    PacedRequest* next = queue_.next();
    if (!queue_.promises().allow(*next, slot_times(now))) next = queue_.promises().first_ready();
    queue_.pop(*next);
    next->slot_ = *slot_;
    next->refused_ = false;
    slot_.reset();
    hand_over(pacer, *next);
  }
  if (timekeeper_ == &pacer) timekeeper_ = nullptr;
  keep_time(pacer, now);
}

void Scheduler::hand_over(Pacer& caller, PacedRequest& request) {
  request.pacer_->given_.push_back(request);
  if (request.pacer_ != &caller || request.refused_) request.pacer_->wake();
}

// A slot that a hold or the time has made void meanwhile is asked for anew.
PacedRequest* Scheduler::take_turn(Pacer& pacer, Nanos now) {
  const std::lock_guard lock(mutex_);
  for (PacedRequest* request = pacer.given_.first(); request != nullptr; request = pacer.given_.first()) {
    pacer.given_.remove(*request);
    if (request->refused_ || (now <= request->slot_.until && request->slot_.from >= budget_.held_until())) {
      if (!request->refused_) count_sent(request->client_, now);
      request->pacer_ = nullptr;
      return request;
    }
    if (request->deadline_ < budget_.held_until()) {
      refuse(*request, now);
      request->pacer_ = nullptr;
      return request;
    }
    queue_.push_first(*request);
    keep_time(pacer, now);
  }
  return nullptr;
}

void Scheduler::forget(Pacer& pacer) {
  const std::lock_guard lock(mutex_);
  const auto drop = [](PacedRequest& request) { request.pacer_ = nullptr; };
  while (PacedRequest* request = pacer.given_.first()) {
    pacer.given_.remove(*request);
    drop(*request);
  }
  PacedRequest* next = nullptr;
  for (PacedRequest* request = queue_.promises().first(); request != nullptr; request = next) {
    next = Promises::after(*request);
    if (request->pacer_ != &pacer) continue;
    queue_.remove(*request);
    drop(*request);
  }
  if (timekeeper_ == &pacer) timekeeper_ = nullptr;
  if (timekeeper_ == nullptr && queue_.next() != nullptr) queue_.next()->pacer_->wake();
}

void Scheduler::on_slots() {
  const std::lock_guard lock(mutex_);
  if (PacedRequest* next = queue_.next()) next->pacer_->wake();
}

bool Scheduler::has_slot(Nanos now) {
  if (slot_ && (now > slot_->until || slot_->from < budget_.held_until())) {
    budget_.give_back(*slot_);
    slot_.reset();
  }
  if (!slot_) slot_ = budget_.take_slot(now);
  return slot_.has_value();
}

// Invariant: if anybody waits who can be sent, a slot is reserved and a timer armed for it, or on_slots will
// be called.
void Scheduler::keep_time(Pacer& caller, Nanos now) {
  const uint64_t demand = queue_.size() - (slot_ && queue_.size() > 0 ? 1 : 0);
  if (demand != demand_) budget_.set_demand(demand_ = demand, queue_.waiting_weight());
  if (queue_.next() == nullptr || !has_slot(now)) return;
  if (timekeeper_ == nullptr) {
    timekeeper_ = &caller;
    armed_for_ = Nanos::max();
  }
  if (timekeeper_ == &caller) {
    caller.arm(slot_->from);
  } else if (slot_->from < armed_for_) {
    timekeeper_->wake();
  }
  armed_for_ = slot_->from;
}

// Until the turn of the client's request at this place, 1 being its first. Start-time fair queuing sends at
// most k w_j / w_c + 1 of another client's requests before the k-th of this one (w: weights); no more than
// wait, and will come if it sends as it did of late.
Nanos Scheduler::wait_of(size_t client, size_t place, Nanos now) const {
  double ahead = static_cast<double>(place) - 1;
  for (size_t other = 0; other < clients_.size(); ++other) {
    const size_t come = queue_.size(other) + clients_[other].arrivals.recent(now);
    if (other == client || come == 0) continue;
    const double fair = static_cast<double>(place) * queue_.weight(other) / queue_.weight(client) + 1;
    ahead += std::min(fair, static_cast<double>(come));
  }
  const auto slots = static_cast<uint64_t>(ahead);
  if (slot_ && slots == 0) return std::max(slot_->from - now, Nanos(0));
  const Nanos at = budget_.expected_slot(now, slot_ ? slots - 1 : slots);
  return at == Nanos::max() ? at : at - now;
}

// Behind what waits, and behind those that were told to come back before its turn.
size_t Scheduler::place_of_newcomer(size_t client, Nanos now) {
  const size_t first = queue_.size(client) + 1;
  size_t place = first;
  for (int round = 0; round < kMostRounds; ++round) {
    const Nanos wait = wait_of(client, place, now);
    if (wait == Nanos::max()) break;
    const size_t behind = first + clients_[client].appointments.open(now, now + wait);
    if (behind <= place) break;
    place = behind;
  }
  return place;
}

int64_t Scheduler::appoint(size_t client, Nanos wait, Nanos now) {
  if (wait == Nanos::max()) return 1;
  const auto seconds =
      std::max(std::chrono::ceil<std::chrono::seconds>(wait + kSlotLife), std::chrono::seconds(1));
  clients_[client].appointments.add(now + seconds);
  return seconds.count();
}

}  // namespace sluice
