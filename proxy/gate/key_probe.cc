#include "proxy/gate/key_probe.h"

#include <array>

#include "proxy/gate/forwarding.h"
#include "proxy/gate/worker.h"
#include "proxy/http/h1_writer.h"
#include "proxy/log.h"
#include "proxy/pacing/feedback.h"

namespace sluice {

namespace {

constexpr int kMostAttempts = 5;
constexpr Millis kPause{5'000};
constexpr size_t kOctets = 512;  // that it holds while it waits, about

std::string_view path_of(std::string_view target) { return target.substr(0, target.find('?')); }

}  // namespace

void KeyProbe::try_new_keys() {
  const std::shared_ptr<const Station> station = worker_.station();
  const std::shared_ptr<const Serving>& serving = station->serving;
  if (serving->config.clients.empty() || worker_.draining()) return;  // nobody is served
  for (size_t i = 0; i < serving->apis.size(); ++i) {
    if (serving->config.apis[i].credential.probe.empty()) continue;
    for (const Credential::Choice& key : serving->apis[i].credential.all())
      if (!key.state->is_over() && key.state->begin_probe()) trials_.push_back({i, key, station});
  }
  if (phase_ == Phase::kIdle && !trials_.empty()) ask_for_turn();
}

void KeyProbe::stop() {
  deadline_.clear();
  leave_queue();
  let_go();
  for (Trial& trial : trials_) worker_.retire(std::move(trial.station));
  trials_.clear();
  phase_ = Phase::kIdle;
}

void KeyProbe::ask_for_turn() {
  ++trials_.front().attempts;
  phase_ = Phase::kQueued;
  const Admission admission = lane().pacer.admit(
      *this, {trials_.front().station->serving->pace_slots[0], api().queue.max_wait, kOctets, true});
  switch (admission.kind) {
    case Admission::Kind::kGo: return on_turn();
    case Admission::Kind::kQueued: return;
    case Admission::Kind::kQueueFull:
    case Admission::Kind::kWaitTooLong:
    case Admission::Kind::kNoSchedule: return on_refused(admission.retry_after);
  }
}

void KeyProbe::on_refused(int64_t retry_after) {
  pause(retry_after * kSecond, "the vendor's limit leaves no room");
}

void KeyProbe::on_turn() {
  turn_ = monotonic_now();
  phase_ = Phase::kConnecting;
  upstream_ = lane().pool.take(*this);
  if (upstream_->connected()) send();
}

void KeyProbe::on_upstream_connected() {
  if (!lane().pacer.is_void(turn_)) return send();
  lane().pool.keep(*std::exchange(upstream_, nullptr));
  ask_for_turn();
}

void KeyProbe::send() {
  phase_ = Phase::kSending;
  sent_ = monotonic_now();
  const std::string& target = api().credential.probe;
  const std::string_view path = path_of(target);
  const bool has_query = path.size() < target.size();
  const std::string_view query = has_query ? std::string_view(target).substr(path.size() + 1) : "";
  std::string head;
  append_request_head(head, {"GET", api().upstream.path, path, query, has_query, api().upstream.authority},
                      {{"Accept", "application/json"}, {"User-Agent", "sluice"}});
  const Credential::Choice& key = trials_.front().key;
  upstream_->send(std::array<std::string_view, 5>{head, key.header, ": ", key.value->reveal(), "\r\n\r\n"},
                  false, true);
  deadline_.set(worker_.loop().deadlines(), api().timeouts.response);
}

// The rest of the answer is of no use: its connection goes.
void KeyProbe::on_response_head(const ResponseHead& head) {
  trials_.front().station->tally->upstream({trials_.front().api, head.status}, monotonic_now() - sent_);
  let_go();
  if (head.status != 429) return judge(head.status);
  std::string_view retry_after;
  for (const HeaderField& field : head.fields)
    if (field.id == HeaderId::kRetryAfter && field.exact_name) retry_after = field.value;
  const Millis time = retry_pause(retry_after, std::chrono::system_clock::now());
  if (lane().pacer.reject(time)) worker_.report_limit(*trials_.front().station, trials_.front().api);
  pause(time, "the vendor answered 429");
}

void KeyProbe::judge(int status) {
  const Trial& trial = trials_.front();
  const std::string text = std::to_string(status);
  if (status == 401 || status == 403) {
    if (trial.key.state->refuse(status))
      report_refused_key(worker_, *trial.station, trial.api, trial.key, status);
    worker_.key_refusals().resolve_again(*trial.key.state, nullptr);
  } else {
    if (status < 300) trial.key.state->accept();
    log_info("key probed", {{"api", api().name},
                            {"key", trial.key.name},
                            {"fingerprint", trial.key.state->fingerprint()},
                            {"status", text}});
  }
  next();
}

void KeyProbe::on_upstream_failed(UpstreamFailure, std::string_view reason) {
  upstream_ = nullptr;
  if (phase_ == Phase::kSending)
    trials_.front().station->tally->upstream({trials_.front().api, 0}, monotonic_now() - sent_);
  pause(kPause, reason);
}

void KeyProbe::pause(Millis time, std::string_view reason) {
  if (trials_.front().attempts >= kMostAttempts) {
    log_warning("key not probed", {{"api", api().name}, {"reason", reason}});
    return next();
  }
  phase_ = Phase::kPausing;
  deadline_.set(worker_.loop().deadlines(), time);
}

void KeyProbe::on_deadline() {
  switch (phase_) {
    case Phase::kPausing: return ask_for_turn();
    case Phase::kSending: let_go(); return pause(kPause, "no answer in time");
    case Phase::kIdle:
    case Phase::kQueued:
    case Phase::kConnecting: return;
  }
}

void KeyProbe::let_go() {
  if (upstream_ != nullptr) lane().pool.discard(*upstream_);
  upstream_ = nullptr;
}

void KeyProbe::next() {
  deadline_.clear();
  phase_ = Phase::kIdle;
  worker_.retire(std::move(trials_.front().station));
  trials_.pop_front();
  if (!trials_.empty()) ask_for_turn();
}

}  // namespace sluice
