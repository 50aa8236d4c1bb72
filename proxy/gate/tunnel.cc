#include "proxy/gate/tunnel.h"

#include <chrono>

#include "config/text_check.h"
#include "proxy/gate/worker.h"
#include "proxy/log.h"
#include "proxy/net/tls_stream.h"

namespace sluice {

namespace {

constexpr Millis kLinger{2'000};   // for the client to read a refusal (RFC 9112 9.6)
constexpr Millis kDrainIdle{500};  // for a head that is on its way as the drain begins
// What an event or a log shows of a refused head.
constexpr size_t kLongestAuthority = 300;  // a name of 253, a port, and then some
constexpr size_t kLongestMethod = 32;
constexpr std::string_view kOpened = "HTTP/1.1 200 Connection established\r\n\r\n";

}  // namespace

Tunnel::Tunnel(Worker& worker, StreamPtr stream, const IpAddress& peer, std::shared_ptr<Port> port)
    : worker_(worker),
      stream_(std::move(stream)),
      peer_(peer),
      port_(std::move(port)),
      deadline_(*this),
      begun_(monotonic_now()) {
  stream_->set_observer(this);
  deadline_.set(worker_.loop().deadlines(), worker_.config().limits.head_time);
}

Tunnel::~Tunnel() {
  if (phase_ == Phase::kHeldBack) worker_.callers().end_hold();
}

void Tunnel::on_data(std::string_view data) {
  if (phase_ != Phase::kHead) return;  // of a client that was refused
  const HeadReader::Step step = head_reader_.feed(data, worker_.head_limits());
  switch (step.state) {
    case HeadReader::State::kNeedMore: return;
    case HeadReader::State::kBad:
      return refuse(problem_of(step.error), "the head is malformed or too large", {});
    case HeadReader::State::kHead: return take_head(step.head, data.substr(step.consumed));
  }
}

void Tunnel::take_head(std::string_view text, std::string_view received) {
  RequestHead head;
  const HeadError error = parse_connect_head(text, worker_.head_limits(), head);
  if (error != HeadError::kNone) return refuse(problem_of(error), head.detail, head);
  const Result<ConnectTarget> target = parse_connect_target(head.target);
  if (!target) return refuse(Problem::kMalformedRequest, target.error().message, head);
  if (!head.host.empty() && !names_place(head.host, target->host, target->port))
    return refuse(Problem::kMalformedRequest, "the host is another than the target of connect", head);
  ProxyCredential credential = read_proxy_credential(head.fields);
  if (!accept_caller(credential, head)) return;
  const auto& connecting = worker_.station()->serving->connect;
  if (!connecting || find_place(connecting->hosts, target->host, target->port) == nullptr)
    return refuse(Problem::kHostDenied, "this proxy leads to the hosts of its apis only", head);
  open(*target, std::move(credential), received);
}

// False: it is refused. A JWT whose issuer may have newer keys is let in: each request is judged by them
// again.
bool Tunnel::accept_caller(const ProxyCredential& credential, const RequestHead& head) {
  const Serving& serving = *worker_.station()->serving;
  if (!credential.given) {
    const auto& connect = serving.config.connect;
    if (!connect || connect->proxy_authorization == ProxyAuthorization::kOptional) return true;
    // Nothing was guessed: a tool that waits to be asked begins so.
    refuse(Problem::kProxyUnauthenticated, to_text(AuthFailure::kNoProxyCredential), head);
    return false;
  }
  const Identity::Answer caller =
      identify_opener(serving.identity, serving.config.clients, credential, *worker_.callers().keys(),
                      std::chrono::system_clock::now());
  if (caller.client || !caller.newer_keys_of.empty()) return true;
  refuse_caller(caller.why, head);
  return false;
}

void Tunnel::refuse_caller(AuthFailure why, const RequestHead& head) {
  const Millis delay = worker_.callers().fail(peer_, why, worker_.config().limits.failed_attempts);
  if (delay == Millis(0)) return refuse(Problem::kProxyUnauthenticated, to_text(why), head);
  keep_refusal(Problem::kProxyUnauthenticated, to_text(why), head);
  phase_ = Phase::kHeldBack;
  deadline_.set(worker_.loop().deadlines(), delay);
}

// A certificate that has to be renewed is signed here, on the loop: once in days for a host, for
// milliseconds.
void Tunnel::open(const ConnectTarget& target, ProxyCredential opener, std::string_view received) {
  const auto now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  auto material = worker_.station()->serving->connect->issuer->material(target.host, now);
  if (!material) {
    log_error("connect: no certificate", {{"host", target.host}, {"reason", material.error().message}});
    RequestHead head;
    const std::string authority = target.host + ":" + std::to_string(target.port);
    head.method = "CONNECT";
    head.target = authority;
    return refuse(Problem::kCertificateUnavailable, "no certificate can be issued for this host", head);
  }
  stream_->write(kOpened);
  auto tunnelled = std::make_unique<Tunnelled>(Tunnelled{target.host, target.port, std::move(opener)});
  StreamPtr tls = TlsStream::accept(worker_.loop(), std::move(*material), std::move(stream_), received);
  deadline_.clear();
  phase_ = Phase::kGone;
  worker_.open_tunnel(*this, std::move(tls), std::move(tunnelled));
}

void Tunnel::refuse(Problem problem, std::string_view detail, const RequestHead& head) {
  keep_refusal(problem, detail, head);
  answer();
}

void Tunnel::keep_refusal(Problem problem, std::string_view detail, const RequestHead& head) {
  refusal_ = {problem, std::string(detail), std::string(head.method.substr(0, kLongestMethod)),
              std::string(head.target.substr(0, kLongestAuthority))};
}

void Tunnel::answer() {
  LocalReply reply;
  reply.problem = refusal_.problem;
  reply.detail = refusal_.detail;
  reply.request_id = uuid_v7();
  reply.allow = "CONNECT";
  record_refusal(reply.request_id);
  phase_ = Phase::kClosing;
  stream_->write(render(reply, false, refusal_.method == "HEAD"));
  stream_->finish_writing();
  head_reader_.reset();
  if (client_ended_ && stream_->unsent() == 0) return leave();
  const Millis body_time = worker_.config().limits.body_time;
  deadline_.set(worker_.loop().deadlines(), stream_->unsent() > 0 ? body_time : kLinger);
}

void Tunnel::record_refusal(const std::string& request_id) {
  const ProblemKind& kind = kind_of(refusal_.problem);
  auto record = worker_.take_record();
  record->type = AuditType::kRequestRefused;
  record->time = std::chrono::system_clock::now();
  record->request_id = request_id;
  record->source_ip = to_text(peer_);
  record->method = refusal_.method;
  record->path = printable(refusal_.target);
  record->decision = "refuse";
  record->reason = std::string(kind.type) + ": " + refusal_.detail;
  record->policy_sha256 = worker_.station()->serving->policy_sha256;
  record->status = kind.status;
  RequestLabels labels;
  labels.decision = DecisionLabel::kRefuse;
  labels.status = kind.status;
  worker_.station()->tally->request(labels, monotonic_now() - begun_, Nanos(-1));
  log_info("connect refused", {{"request_id", request_id},
                               {"source_ip", record->source_ip},
                               {"method", record->method},
                               {"target", record->path},
                               {"reason", record->reason}});
  worker_.submit(std::move(record));
}

void Tunnel::on_end() {
  client_ended_ = true;
  if (phase_ == Phase::kClosing && stream_->unsent() > 0) return;  // see on_drained
  if (phase_ == Phase::kHeldBack) return;                          // it may still read
  leave();
}

void Tunnel::on_drained() {
  if (phase_ != Phase::kClosing) return;
  if (client_ended_) return leave();
  deadline_.set(worker_.loop().deadlines(), kLinger);
}

// Who leaves while a refusal is held back has been refused all the same.
void Tunnel::on_closed(std::string_view) {
  if (phase_ == Phase::kHeldBack) record_refusal(uuid_v7());
  leave();
}

void Tunnel::on_deadline() {
  switch (phase_) {
    case Phase::kHead:
      // Who has sent nothing is not answered: it has asked for nothing.
      if (!head_reader_.started()) return leave();
      return refuse(Problem::kRequestTimeout, "the head did not arrive in time", {});
    case Phase::kHeldBack: worker_.callers().end_hold(); return answer();
    case Phase::kClosing:
    case Phase::kGone: return leave();
  }
}

void Tunnel::drain() {
  draining_ = true;
  if (phase_ == Phase::kHead && !head_reader_.started())
    deadline_.set(worker_.loop().deadlines(), kDrainIdle);
}

void Tunnel::shut_down() {
  if (phase_ == Phase::kHeldBack) record_refusal(uuid_v7());
  leave();
}

void Tunnel::leave() {
  if (phase_ == Phase::kHeldBack) worker_.callers().end_hold();
  stream_.reset();
  deadline_.clear();
  phase_ = Phase::kGone;
  worker_.remove(*this);
}

}  // namespace sluice
