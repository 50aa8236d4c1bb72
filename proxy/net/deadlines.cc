#include "proxy/net/deadlines.h"

namespace sluice {

void Deadline::set(Deadlines& wheel, Millis after) {
  const uint64_t now = uv_now(wheel.timer_.loop);
  const uint64_t tick =
      (now + static_cast<uint64_t>(after.count()) + Deadlines::kTickMs - 1) / Deadlines::kTickMs;
  at_ = tick * Deadlines::kTickMs;
  wanted_ = true;
  // A later time leaves it where it is, as clear() does: the wheel moves it or lets go of it when it gets
  // there.
  if (wheel_ != nullptr && slot_at_ <= tick) return;
  unlink();
  wheel.link(*this, tick);
}

void Deadline::unlink() {
  if (wheel_ == nullptr) return;
  if (previous_ != nullptr) {
    previous_->next_ = next_;
  } else {
    wheel_->slots_[slot_at_ % Deadlines::kSlots] = next_;
  }
  if (next_ != nullptr) next_->previous_ = previous_;
  if (wheel_->cursor_ == this) wheel_->cursor_ = next_;
  next_ = previous_ = nullptr;
  --wheel_->linked_;
  wheel_ = nullptr;
}

void Deadlines::open(uv_loop_t* loop) {
  uv_timer_init(loop, &timer_);
  timer_.data = this;
  tick_ = uv_now(loop) / kTickMs;
  open_ = true;
}

void Deadlines::close() {
  if (!open_) return;
  open_ = false;
  for (Deadline*& head : slots_) {
    while (head != nullptr) {
      head->clear();
      head->unlink();
    }
  }
  uv_close(reinterpret_cast<uv_handle_t*>(&timer_), nullptr);
}

void Deadlines::link(Deadline& deadline, uint64_t tick) {
  if (!open_) return;
  if (linked_ == 0) {  // the wheel stood still
    tick_ = uv_now(timer_.loop) / kTickMs;
    start_timer();
  }
  deadline.slot_at_ = tick <= tick_ ? tick_ + 1 : tick;
  Deadline*& head = slots_[deadline.slot_at_ % kSlots];
  deadline.next_ = head;
  if (head != nullptr) head->previous_ = &deadline;
  head = &deadline;
  deadline.wheel_ = this;
  ++linked_;
}

void Deadlines::start_timer() {
  uv_timer_start(
      &timer_, [](uv_timer_t* timer) { static_cast<Deadlines*>(timer->data)->advance(); }, kTickMs, kTickMs);
}

void Deadlines::advance() {
  const uint64_t now_tick = uv_now(timer_.loop) / kTickMs;
  // After a long stall one round of the wheel visits every slot.
  if (now_tick > tick_ + kSlots) tick_ = now_tick - kSlots;
  while (tick_ < now_tick && open_) {
    ++tick_;
    visit_slot(tick_ % kSlots);
  }
  if (linked_ == 0 && open_) uv_timer_stop(&timer_);
}

// Observers may set, clear and destroy any deadline: unlink() moves the cursor off whatever goes.
void Deadlines::visit_slot(size_t slot) {
  const uint64_t time = tick_ * kTickMs;
  cursor_ = slots_[slot];
  while (Deadline* deadline = cursor_) {
    cursor_ = deadline->next_;
    if (!deadline->wanted_) {
      deadline->unlink();
      continue;
    }
    if (deadline->at_ > time) {
      const uint64_t tick = deadline->at_ / kTickMs;
      if (tick % kSlots == slot) {  // another round of the wheel
        deadline->slot_at_ = tick;
      } else {
        deadline->unlink();
        link(*deadline, tick);
      }
      continue;
    }
    deadline->clear();
    deadline->unlink();
    deadline->observer_.on_deadline();
  }
}

}  // namespace sluice
