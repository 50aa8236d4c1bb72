// Exchange: the life of one request, from its head to the answer's last octet and its record in the audit.
// An explicit state machine (design: "The way of a request"). Lent to a client's connection while a request
// is under way, and reused for the next: an idle connection has none. Every request that begins ends in
// exactly one outcome record. Owner: Downstream, or the worker between requests. Thread: the worker's.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "policy/decision.h"
#include "policy/request_view.h"
#include "proxy/audit/record.h"
#include "proxy/crypto.h"
#include "proxy/gate/exchange_parts.h"
#include "proxy/gate/reflection_guard.h"
#include "proxy/gate/routing.h"
#include "proxy/gate/serving.h"
#include "proxy/gate/shared_read.h"
#include "proxy/gate/station.h"
#include "proxy/gate/upstream.h"
#include "proxy/http/h1_parser.h"
#include "proxy/http/local_reply.h"
#include "proxy/net/deadlines.h"
#include "proxy/pacing/pacer.h"

namespace sluice {

class Downstream;
class Worker;

class Exchange final : public PacedRequest, private UpstreamObserver, private DeadlineObserver {
 public:
  // What is pending.
  enum class Phase : uint8_t {
    kIdle,         // nothing: between requests
    kIdentifying,  // newer keys of a token's issuer; or the time until its 401
    kReading,      // the request's body, or enough of it
    kQueued,       // its turn at the vendor's limit
    kRecording,    // the audit's word that the attempt is durable
    kConnecting,   // a vendor connection
    kSending,      // the answer's head; maybe the rest of the request's body
    kRelaying,     // the rest of the answer
    kResolving,    // the secrets, resolved anew after the vendor refused the key
  };

  explicit Exchange(Worker& worker);
  ~Exchange();

  // Whose request comes next. Requires: idle.
  void serve(Downstream& downstream) { downstream_ = &downstream; }
  // Before on_request_head: keeps `text`, a whole head, and reads it. What it says is in head().
  HeadError read_head(std::string_view text, const HeadLimits& limits);
  const RequestHead& head() const { return head_; }

  // From the connection, in this order. `last`: the connection ends after this request.
  void on_request_head(bool last);
  void on_request_body(std::string_view piece);
  void on_request_end();
  // The request cannot be read to its end. Also for a head that was refused (no on_request_head then).
  void on_request_broken(Problem problem, std::string_view detail);
  void on_client_gone();
  void on_downstream_drained();
  // The drain has no more time.
  void on_shut_down();
  // From the worker.
  void on_newer_keys();
  void on_recorded(bool durable);
  void on_record_late();
  void on_resolved();

  // The one that the request was begun at, or null.
  const std::shared_ptr<const Station>& station() const { return station_; }
  // Keeps nothing of it, in particular no secret. Requires: idle.
  void leave_station();

  bool active() const { return phase_ != Phase::kIdle; }
  Phase phase() const { return phase_; }

 private:
  void on_turn() override;
  void on_refused(int64_t retry_after) override;
  void on_upstream_connected() override;
  void on_response_head(const ResponseHead& head) override;
  void on_response_body(std::string_view piece) override;
  void on_response_end() override;
  void on_upstream_drained() override;
  void on_upstream_failed(UpstreamFailure failure, std::string_view reason) override;
  void on_deadline() override;
  void on_out_of_time();  // timeouts.total

  void enter(Phase phase);
  [[noreturn]] void fail_check(const std::string& what) const;
  // exchange.cc: from the head to the vendor
  void begin();
  bool find_api();
  bool begin_reading();
  bool find_target();
  bool decide(std::optional<std::string_view> body);
  void admit();
  void connect(bool fresh);
  void send();
  bool has_unexpected_body() const;
  RequestView view() const;
  // exchange_turn.cc: when it may go
  void ask_for_turn();
  void record_attempt();
  void wait_for_turn();
  void note_wait();
  PaceTerms pace_terms(bool ready) const;
  // exchange_identity.cc: who asks
  bool identify();
  Identity::Answer ask_identity() const;
  void take_client(const Identity::Answer& caller);
  void wait_for_identity(Millis patience);
  bool refuse_caller(AuthFailure why);
  void end_identity_wait();
  void on_identity_deadline();
  void leave_unidentified();
  // exchange_credential.cc: which key
  HeldKey newest_key() const;
  bool change_key(HeldKey key);
  bool has_key();
  void guard_against_keys();
  bool refuses_key(int status) const;
  bool judge_key(const ResponseHead& head);
  bool send_with_another_key();
  void end_resolving();
  void forget_resolving();
  // exchange_sharing.cc: one call for identical reads
  bool may_share() const;
  std::string sharing_key() const;
  bool join_identical();
  void offer_to_share();
  void close_offer();
  void keep_answer_head(const ResponseHead& head);
  void end_sharing(bool whole);
  void wait_alone();
  void take_shared_answer(const SharedRead& shared);
  // exchange_answer.cc: from the vendor to the client
  bool send_again_later(const ResponseHead& head);
  bool withhold(const ResponseHead& head);
  void relay(std::string_view released, std::string_view piece);
  void cut_answer(std::string_view reason);
  // exchange_outcome.cc: answers of the gate's own, and the record
  void reply(Problem problem, std::string detail, std::optional<int64_t> retry_after = std::nullopt);
  void fill_record_from_request();
  void submit_outcome(AuditType type, int status, Nanos total);
  void hand_over_trace(Nanos total);
  void finish(AuditType type, int status, bool keep_alive);
  std::optional<Sha256> body_digest();
  bool body_whole_or_short() const;
  // Nothing of it is missing: it can go out once more, if nothing was done.
  bool is_complete() const { return body_.whole && !body_.gone; }
  void let_go_of_upstream();
  const ApiConfig& api() const { return serving_->config.apis[route_.api]; }
  Lane& lane() const { return *station_->lanes[route_.api]; }

  Worker& worker_;
  Downstream* downstream_ = nullptr;  // not null while active
  Phase phase_ = Phase::kIdle;
  Deadline deadline_;                        // of the phase
  MemberDeadline<Exchange> total_deadline_;  // of the whole exchange

  // Of the request under way.
  std::shared_ptr<const Station> station_;
  std::shared_ptr<const Serving> serving_;  // the station's
  std::string head_text_;                   // what the views of head_ point into
  RequestHead head_;
  Route route_;
  bool routed_ = false;
  size_t client_ = 0;
  AuthFailure refusal_ = AuthFailure::kNone;  // of a 401, while it is held back
  uint64_t key_wait_ = 0;                     // for newer keys
  bool held_back_ = false;
  std::vector<HeaderView> fields_;  // of head_, as forwarded and as the policy sees them
  Target target_;
  Decision decision_;
  std::string upstream_head_;
  ExchangeKey key_;
  RequestBody body_;
  Nanos started_{0}, queued_{0}, sent_{0}, turn_{0}, policy_time_{-1};
  Millis wait_{0};    // for its turn
  Nanos send_by_{0};  // when that is over
  int requeued_ = 0;
  std::shared_ptr<SharedRead> led_;       // whose answer others wait for
  std::shared_ptr<SharedRead> followed_;  // whose answer it waits for
  uint64_t record_token_ = 0;
  ExchangeTrace trace_;

  Upstream* upstream_ = nullptr;  // lent
  ReflectionGuard guard_;
  PassedAnswer answer_;
  std::unique_ptr<AuditRecord> record_;  // from begin() to finish()
};

std::string_view to_text(Exchange::Phase phase);

}  // namespace sluice
