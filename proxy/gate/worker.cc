#include "proxy/gate/worker.h"

#include <vector>

#include "proxy/gate/downstream.h"
#include "proxy/http/local_reply.h"
#include "proxy/log.h"

namespace sluice {

namespace {

constexpr Millis kTick{100};
constexpr size_t kMostSpares =
    64;  // exchanges and records, about 4 KiB each: what a burst leaves is given back

}  // namespace

Worker::Worker(Shared& shared)
    : shared_(shared),
      tally_(shared.metrics->add_tally(shared.serving->tally_names)),
      resolver_(loop_),
      key_refusals_(loop_, shared),
      key_probe_(*this),
      figures_(shared.serving->config),
      tick_(*this) {
  const Config& config = shared_.serving->config;
  for (size_t i = 0; i < config.apis.size(); ++i) {
    const ApiConfig& api = config.apis[i];
    pools_.push_back(
        std::make_unique<UpstreamPool>(loop_, resolver_, shared_.connector, api, shared_.serving->apis[i]));
    pacers_.push_back(std::make_unique<Pacer>(make_pace_clock(loop_), *shared_.schedulers[i]));
  }
  head_limits_ = {config.limits.head_size.count, static_cast<size_t>(config.limits.header_count),
                  config.limits.target_size.count};
  tick_.set(loop_.deadlines(), kTick);
}

Worker::~Worker() {
  key_probe_.stop();
  listeners_.clear();
  connections_.clear();
  spare_exchanges_.clear();
  pools_.clear();
  pacers_.clear();
  loop_.reap();  // what was put off refers to the members above
}

Result<void> Worker::listen(const std::vector<uint16_t>& ports) {
  const std::vector<ListenConfig>& configured = shared_.serving->config.listen;
  for (size_t i = 0; i < configured.size(); ++i) {
    Address address = configured[i].address;
    if (i < ports.size() && ports[i] != 0) address.port = ports[i];
    const TlsContext* tls = shared_.listener_tls[i].get();
    auto opened = Listener::open(loop_, address, tls, [this, i](Accepted accepted) {
      adopt(std::move(accepted.stream), accepted.peer, i);
    });
    if (!opened) return opened.error();
    listener_names_.push_back((*opened)->address());
    listeners_.push_back(std::move(*opened));
  }
  return {};
}

void Worker::run() { loop_.run(); }

void Worker::probe_keys() {
  loop_.post([this] { key_probe_.try_new_keys(); });
}

void Worker::adopt(StreamPtr stream, const IpAddress& peer, size_t listener) {
  const bool tls = shared_.serving->config.listen[listener].tls.has_value();
  const LimitsConfig& limits = shared_.serving->config.limits;
  int64_t& from_source = per_source_[peer.octets];
  if (shared_.connections >= limits.connections || from_source >= limits.connections_per_source) {
    if (!tls)
      stream->write(render({Problem::kTooManyConnections, "too many connections are open", {}, {}, {}, {}},
                           false, false));
    if (from_source == 0) per_source_.erase(peer.octets);
    return;
  }
  ++from_source;
  ++shared_.connections;
  ++figures_.connections[listener];
  auto connection = std::make_unique<Downstream>(*this, std::move(stream), peer, listener);
  Downstream* key = connection.get();
  connections_.emplace(key, std::move(connection));
}

std::unique_ptr<Exchange> Worker::lend_exchange(Downstream& connection) {
  if (spare_exchanges_.empty()) spare_exchanges_.push_back(std::make_unique<Exchange>(*this));
  std::unique_ptr<Exchange> exchange = std::move(spare_exchanges_.back());
  spare_exchanges_.pop_back();
  exchange->serve(connection);
  return exchange;
}

// It may be on the stack: spares are destroyed by on_deadline() only.
void Worker::take_back(std::unique_ptr<Exchange> exchange) {
  spare_exchanges_.push_back(std::move(exchange));
}

void Worker::remove(Downstream& connection) {
  const auto found = connections_.find(&connection);
  if (found == connections_.end()) return;
  const auto source = per_source_.find(connection.peer().octets);
  if (source != per_source_.end() && --source->second == 0) per_source_.erase(source);
  --shared_.connections;
  --figures_.connections[connection.listener()];
  loop_.destroy_later(std::move(found->second));
  connections_.erase(found);
  if (draining_) end_when_idle();
}

uint64_t Worker::record_durably(std::unique_ptr<AuditRecord> record, Exchange& exchange) {
  const uint64_t token = next_token_++;
  recording_[token] = &exchange;
  keep(shared_.audit->submit(std::move(record), this, token));
  return token;
}

void Worker::submit(std::unique_ptr<AuditRecord> record) { keep(shared_.audit->submit(std::move(record))); }

void Worker::report_limit(size_t api) {
  constexpr std::string_view kWhy =
      "the vendor answers 429 again and again: its key is used elsewhere, or its limit is lower than "
      "configured";
  const std::string& name = shared_.serving->config.apis[api].name;
  log_warning("limit exceeded", {{"api", name}, {"reason", kWhy}});
  tally_.limit_exceeded(api);
  auto record = take_record();
  record->type = AuditType::kLimitExceeded;
  record->time = std::chrono::system_clock::now();
  record->api = name;
  record->reason = kWhy;
  submit(std::move(record));
}

// As many records as requests are under way at once go round.
void Worker::keep(std::unique_ptr<AuditRecord> spent) {
  if (spent != nullptr && spare_records_.size() < kMostSpares) spare_records_.push_back(std::move(spent));
}

std::unique_ptr<AuditRecord> Worker::take_record() {
  if (spare_records_.empty()) return std::make_unique<AuditRecord>();
  std::unique_ptr<AuditRecord> record = std::move(spare_records_.back());
  spare_records_.pop_back();
  record->clear();
  return record;
}

// On the audit thread: only posts.
void Worker::on_recorded(uint64_t token, bool durable) {
  loop_.post([this, token, durable] {
    const auto found = recording_.find(token);
    if (found == recording_.end()) return;
    Exchange* exchange = found->second;
    recording_.erase(found);
    exchange->on_recorded(durable);
  });
}

void Worker::give_up_recording(uint64_t token) {
  loop_.post([this, token] {
    const auto found = recording_.find(token);
    if (found == recording_.end()) return;
    Exchange* exchange = found->second;
    recording_.erase(found);
    exchange->on_record_late();
  });
}

void Worker::drain(Millis patience) {
  loop_.post([this, patience] { begin_drain(patience); });
}

void Worker::begin_drain(Millis patience) {
  if (draining_) {  // a second signal
    drain_until_ = loop_.now() + patience;
    return;
  }
  draining_ = true;
  drain_until_ = loop_.now() + patience;
  listeners_.clear();
  for (const auto& [key, connection] : connections_) connection->drain();
  end_when_idle();
}

void Worker::on_deadline() {
  update_figures();
  if (spare_exchanges_.size() > kMostSpares) spare_exchanges_.resize(kMostSpares);
  if (draining_ && loop_.now() >= drain_until_) {
    std::vector<Downstream*> left;
    for (const auto& [key, connection] : connections_) left.push_back(key);
    for (Downstream* connection : left) connection->shut_down();
    drain_until_ = loop_.now() + Millis(1'000);  // for the last answers to go out
  }
  if (!ended_) tick_.set(loop_.deadlines(), kTick);
}

void Worker::end_when_idle() {
  if (ended_ || !connections_.empty()) return;
  ended_ = true;
  update_figures();
  tick_.clear();
  key_probe_.stop();
  for (auto& pool : pools_) pool->close_all();
  loop_.post([this] {  // a pacer may be on the stack
    pacers_.clear();
    loop_.stop();
    shared_.on_worker_ended();
  });
}

void Worker::update_figures() {
  for (size_t i = 0; i < pools_.size(); ++i) {
    figures_.apis[i].idle = static_cast<int64_t>(pools_[i]->idle());
    figures_.apis[i].active = static_cast<int64_t>(pools_[i]->active());
  }
}

}  // namespace sluice
