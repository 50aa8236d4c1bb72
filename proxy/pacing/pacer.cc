#include "proxy/pacing/pacer.h"

#include "proxy/pacing/token_bucket.h"

namespace sluice {

Pacer::Pacer(std::unique_ptr<PaceClock> clock, Scheduler& scheduler)
    : clock_(std::move(clock)), scheduler_(scheduler) {
  clock_->set_observer(this);
}

Pacer::~Pacer() { scheduler_.forget(*this); }

Admission Pacer::admit(PacedRequest& request, const PaceTerms& terms) {
  return scheduler_.admit(*this, request, terms, clock_->now());
}

bool Pacer::ready(PacedRequest& request) { return scheduler_.ready(*this, request, clock_->now()); }

bool Pacer::readmit(PacedRequest& request, const PaceTerms& terms, Nanos deadline) {
  return scheduler_.readmit(*this, request, terms, deadline, clock_->now());
}

bool Pacer::join(PacedRequest& request, const PaceTerms& terms, Nanos deadline) {
  return scheduler_.join(*this, request, terms, deadline, clock_->now());
}

bool Pacer::is_void(Nanos turn) const {
  return turn < scheduler_.held_until() || clock_->now() > turn + kSlotLife + kNetworkJitter;
}

void Pacer::leave(PacedRequest& request) { scheduler_.leave(request, clock_->now()); }

bool Pacer::reject(Millis pause) { return scheduler_.reject(*this, pause, clock_->now()); }

// What is called may admit, readmit, leave or reject: everything is looked at anew after it.
void Pacer::on_time() {
  scheduler_.give_turns(*this, clock_->now());
  while (PacedRequest* request = scheduler_.take_turn(*this, clock_->now())) {
    if (request->refused_) {
      request->on_refused(request->retry_after_);
    } else {
      request->on_turn();
    }
  }
}

}  // namespace sluice
