// The end of a request: answers of the gate's own, the record in the audit, the metrics.
#include <array>

#include "config/wipe.h"
#include "proxy/gate/access_line.h"
#include "proxy/gate/downstream.h"
#include "proxy/gate/exchange.h"
#include "proxy/gate/worker.h"
#include "proxy/log.h"

namespace sluice {

namespace {

DecisionLabel label_of(std::string_view decision) {
  if (decision.empty()) return DecisionLabel::kNone;
  if (decision == "allow") return DecisionLabel::kAllow;
  return decision == "deny" ? DecisionLabel::kDeny : DecisionLabel::kRefuse;
}

constexpr size_t kKeptBuffer = 4 * 1024;  // of each that waits for the next request
constexpr std::string_view kEndOfHead = "\r\n\r\n";

// Which outcome an answer of the gate's own is.
AuditType outcome_of(Problem problem, bool allowed) {
  if (problem == Problem::kPolicyDenied) return AuditType::kRequestDenied;
  switch (problem) {
    case Problem::kUpstreamUnreachable:
    case Problem::kUpstreamProtocol:
    case Problem::kUpstreamTimeout:
    case Problem::kCredentialReflected:
    case Problem::kCredentialUnavailable:
    case Problem::kAuditUnavailable:
    case Problem::kRateLimitUnavailable:
    case Problem::kDraining: return allowed ? AuditType::kRequestFailed : AuditType::kRequestRefused;
    default: return AuditType::kRequestRefused;
  }
}

}  // namespace

void Exchange::fill_record_from_request() {
  record_->operation = target_.operation_id;
  if (target_.fits.front().operation == nullptr) station_->tally->unknown_operation(route_.api);
  record_->access = to_text(target_.access);
  // The first fit names the operation.
  for (const Parameter& parameter : target_.parameters_of(target_.fits.front())) {
    record_->params.emplace_back(parameter.name, parameter.value);
  }
}

void Exchange::reply(Problem problem, std::string detail, std::optional<int64_t> retry_after) {
  const ProblemKind& kind = kind_of(problem);
  let_go_of_upstream();
  leave_queue();
  const bool allowed = record_->decision == "allow";
  if (problem == Problem::kPolicyDenied) {
    record_->decision = "deny";
  } else if (!allowed) {
    record_->decision = "refuse";
  }
  if (record_->reason.empty()) record_->reason = std::string(kind.type) + ": " + detail;

  LocalReply answer;
  answer.problem = problem;
  answer.detail = std::move(detail);
  answer.request_id = record_->request_id;
  if (problem == Problem::kPolicyDenied) answer.rules = record_->rules;
  answer.operation = record_->operation;
  answer.retry_after = retry_after;
  if (kind.status == 429) answer.rate = serving_->apis[route_.api].limit.rate;
  // Without a head nobody knows where the next request begins.
  const bool framed = !head_text_.empty() && kind.status != 408 && problem != Problem::kDraining;
  const bool keep_alive = framed && head_.keep_alive && !worker_.draining() && body_whole_or_short();
  const std::string text = render(answer, keep_alive, head_.method == "HEAD");
  answer_.bytes = text.size() - (text.find(kEndOfHead) + kEndOfHead.size());
  downstream_->write(std::array<std::string_view, 1>{text});
  finish(outcome_of(problem, allowed), kind.status, keep_alive);
}

// Whether the rest of the body is worth reading for the connection's sake.
bool Exchange::body_whole_or_short() const {
  constexpr uint64_t kWorthReading = 64 * 1024;
  if (body_.whole || head_.framing.kind == Framing::Kind::kNone) return true;
  return head_.framing.kind == Framing::Kind::kLength && head_.framing.length <= kWorthReading &&
         !head_.expects_continue;
}

void Exchange::let_go_of_upstream() {
  if (upstream_ == nullptr) return;
  Upstream* lent = upstream_;
  upstream_ = nullptr;
  lane().pool.discard(*lent);
}

// None for a body that carries a credential, or of which nobody knows whether it does: a digest can be
// guessed at.
std::optional<Sha256> Exchange::body_digest() {
  if (!body_.whole || body_.bytes == 0 || decision_.body_has_credential ||
      decision_.outcome == Outcome::kRefuse) {
    return std::nullopt;
  }
  return body_.hash != nullptr ? body_.hash->finish() : sha256(body_.text);
}

void Exchange::submit_outcome(AuditType type, int status, Nanos total) {
  record_->type = type;
  if (status != 0) record_->status = status;
  record_->bytes_out = answer_.bytes;
  if (body_.bytes > 0 || body_.whole) record_->body_bytes = body_.bytes;
  if (!record_->body_sha256) record_->body_sha256 = body_digest();  // a digest can be finished once
  if (serving_->config.log.access && log_enabled(LogLevel::kInfo)) log_access(*record_, total);
  if (trace_.on && trace_.is_kept) hand_over_trace(total);
  record_->time = std::chrono::system_clock::now();
  worker_.submit(std::move(record_));
}

void Exchange::finish(AuditType type, int status, bool keep_alive) {
  deadline_.clear();
  total_deadline_.clear();
  leave_queue();
  end_identity_wait();
  end_sharing(type == AuditType::kRequestForwarded);
  if (record_token_ != 0) worker_.forget_record(record_token_);
  record_token_ = 0;
  forget_resolving();
  key_ = {};
  RequestLabels labels;
  if (routed_) labels.api = route_.api;
  if (!record_->client.empty()) labels.client = client_;
  if (!record_->operation.empty()) labels.operation = target_.fits.front().slot;
  labels.decision = label_of(record_->decision);
  labels.status = status;
  const Nanos total = monotonic_now() - started_;
  station_->tally->request(labels, total, policy_time_);
  submit_outcome(type, status, total);
  enter(Phase::kIdle);
  guard_.clear();
  for (std::string* buffer : {&head_text_, &body_.text, &upstream_head_, &answer_.head}) {
    wipe(*buffer);
    if (buffer->capacity() > kKeptBuffer) *buffer = {};
  }
  downstream_->exchange_done(keep_alive);
}

}  // namespace sluice
