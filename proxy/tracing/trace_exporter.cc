#include "proxy/tracing/trace_exporter.h"

#include <algorithm>
#include <random>

#include "proxy/http/retry_after.h"
#include "proxy/log.h"
#include "proxy/net/quiet_thread.h"

namespace sluice {
namespace {

// https://opentelemetry.io/docs/specs/otlp/#failures-1
bool is_retryable(int status) { return status == 429 || status == 502 || status == 503 || status == 504; }

Millis asked_pause(const HttpResult& result) {
  for (const auto& [name, value] : result.headers)
    if (name == "retry-after")
      return parse_retry_after(value, std::chrono::system_clock::now()).value_or(Millis(0));
  return Millis(0);
}

double random_part() {
  thread_local std::minstd_rand generator(std::random_device{}());
  return std::uniform_real_distribution<>(0, 1)(generator);
}

}  // namespace

TraceExporter::TraceExporter(Options options)
    : options_(options), deadline_(*this), patience_(*this, &TraceExporter::on_patience_over) {}

TraceExporter::~TraceExporter() { stop(Millis(0)); }

TraceExporter::Counts TraceExporter::counts() const { return {exported_, dropped_, failed_}; }

void TraceExporter::submit(std::unique_ptr<TracedRequest> request) {
  const size_t spans = request->spans();
  bool is_batch = false;
  {
    const std::lock_guard lock(mutex_);
    if (!open_ || waiting_spans_ + spans > kMostWaiting) {
      dropped_ += spans;
      return;
    }
    is_batch = waiting_spans_ < kBatch && waiting_spans_ + spans >= kBatch;
    waiting_spans_ += spans;
    waiting_.push_back(std::move(request));
  }
  if (is_batch) loop_.post([this] { pump(); });
}

void TraceExporter::take_up(std::optional<TraceTarget> target) {
  if (!target && !thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    open_ = target.has_value();
  }
  const auto given = std::make_shared<std::optional<TraceTarget>>(std::move(target));
  loop_.post([this, given] { replace(std::move(*given)); });
  if (thread_.joinable()) return;
  thread_ = start_quiet_thread("sluice-traces", [this] {
    resolver_ = std::make_unique<Resolver>(loop_);
    loop_.run();
  });
}

void TraceExporter::stop(Millis patience) {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    open_ = false;
  }
  loop_.post([this, patience] { begin_end(patience); });
  thread_.join();
}

// --- on the thread ---

void TraceExporter::replace(std::optional<TraceTarget> target) {
  leaving_ = !target;
  next_target_ = std::move(target);
  if (phase_ == Phase::kSending) return;  // its answer counts first
  if (phase_ == Phase::kWaiting && next_target_) {
    put_in_force();
    return send();
  }
  if (phase_ == Phase::kWaiting && leaving_) return send();
  pump();
}

void TraceExporter::put_in_force() {
  if (!next_target_) return;
  client_.reset();
  target_ = std::exchange(next_target_, std::nullopt);
  client_ = make_http_client(loop_, *resolver_, client_options(*target_, options_.timeout));
  said_failure_ = said_partial_ = false;
}

void TraceExporter::begin_end(Millis patience) {
  ending_ = true;
  patience_.set(loop_.deadlines(), patience);
  if (phase_ == Phase::kWaiting) return send();
  if (phase_ == Phase::kIdle) pump();
}

void TraceExporter::on_deadline() {
  if (phase_ == Phase::kWaiting) return send();
  if (phase_ == Phase::kIdle) pump();
}

// Sends what waits, or sees to it that somebody looks again.
void TraceExporter::pump() {
  if (phase_ != Phase::kIdle) return;
  put_in_force();
  if (client_ != nullptr && take_batch()) {
    give_up_ = loop_.now() + options_.retry_for;
    retry_after_ = options_.first_retry;
    body_ = write_otlp(target_->source, batch_);
    batch_.clear();
    return send();
  }
  if (ending_) return finish();
  if (leaving_) {
    client_.reset();
    target_.reset();
  }
  deadline_.set(loop_.deadlines(), options_.interval);
}

// False: nothing waits.
bool TraceExporter::take_batch() {
  const std::lock_guard lock(mutex_);
  batch_spans_ = 0;
  size_t count = 0;
  while (count < waiting_.size()) {
    const size_t spans = waiting_[count]->spans();
    if (count > 0 && batch_spans_ + spans > kBatch) break;
    batch_spans_ += spans;
    ++count;
  }
  const auto end = waiting_.begin() + static_cast<std::ptrdiff_t>(count);
  batch_.assign(std::make_move_iterator(waiting_.begin()), std::make_move_iterator(end));
  waiting_.erase(waiting_.begin(), end);
  waiting_spans_ -= batch_spans_;
  return count > 0;
}

void TraceExporter::send() {
  phase_ = Phase::kSending;
  deadline_.clear();
  client_->send(make_export(*target_, body_), [this](const HttpResult& result) { on_answer(result); });
}

void TraceExporter::on_answer(const HttpResult& result) {
  if (result.error.empty() && result.status >= 200 && result.status < 300) return on_taken(result);
  // Of an answer that cannot be read nobody knows what it says: the spans may have been taken.
  if (result.answer_begun) return fail(result.error);
  if (!result.error.empty()) return retry_or_fail(result.error, Millis(0));
  const std::string why = "it answered " + std::to_string(result.status);
  is_retryable(result.status) ? retry_or_fail(why, asked_pause(result)) : fail(why);
}

void TraceExporter::on_taken(const HttpResult& result) {
  const ExportAnswer answer = read_export_answer(result.body);
  const uint64_t rejected = std::min<uint64_t>(answer.rejected, batch_spans_);
  exported_ += batch_spans_ - rejected;
  failed_ += rejected;
  if (rejected > 0 && !std::exchange(said_partial_, true))
    log_warning("the collector refused spans: further refusals are counted only",
                {{"spans", std::to_string(rejected)}, {"reason", answer.message}});
  if (std::exchange(said_failure_, false)) log_info("the collector takes spans again");
  end_batch();
}

void TraceExporter::retry_or_fail(const std::string& why, Millis asked_for) {
  const Millis pause = std::max(
      asked_for,
      Millis(static_cast<int64_t>(static_cast<double>(retry_after_.count()) * (1 + random_part() / 5))));
  if (wants_no_retry() || loop_.now() + pause > give_up_) return fail(why);
  if (next_target_) {  // the answer was awaited; another place may take them at once
    put_in_force();
    return send();
  }
  say_once(why);
  retry_after_ = std::min(2 * retry_after_, options_.longest_retry);
  phase_ = Phase::kWaiting;
  deadline_.set(loop_.deadlines(), pause);
}

void TraceExporter::say_once(const std::string& why) {
  if (!std::exchange(said_failure_, true))
    log_warning("the collector takes no spans", {{"collector", target_->url.authority}, {"reason", why}});
}

void TraceExporter::fail(const std::string& why) {
  failed_ += batch_spans_;
  say_once(why);
  end_batch();
}

void TraceExporter::end_batch() {
  body_.clear();
  phase_ = Phase::kIdle;
  bool is_due = ending_ || leaving_ || next_target_.has_value();
  {
    const std::lock_guard lock(mutex_);
    is_due = is_due || waiting_spans_ >= kBatch;
  }
  if (is_due) return pump();
  deadline_.set(loop_.deadlines(), options_.interval);
}

void TraceExporter::drop_waiting() {
  const std::lock_guard lock(mutex_);
  dropped_ += waiting_spans_;
  waiting_spans_ = 0;
  waiting_.clear();
}

void TraceExporter::finish() {
  drop_waiting();
  if (phase_ != Phase::kIdle) failed_ += batch_spans_;
  phase_ = Phase::kIdle;
  deadline_.clear();
  patience_.clear();
  client_.reset();
  resolver_.reset();
  loop_.stop();
}

}  // namespace sluice
