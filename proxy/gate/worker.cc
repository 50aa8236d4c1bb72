#include "proxy/gate/worker.h"

#include <algorithm>
#include <vector>

#include "proxy/gate/downstream.h"
#include "proxy/gate/tunnel.h"
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
      resolver_(loop_),
      callers_(loop_, shared.key_sets, shared.auth_failures),
      key_refusals_(loop_, shared),
      key_probe_(*this),
      tick_(*this) {
  tick_.set(loop_.deadlines(), kTick);
}

Worker::~Worker() {
  key_probe_.stop();
  prepared_.clear();
  ports_.clear();
  connections_.clear();
  tunnels_.clear();
  spare_exchanges_.clear();
  retired_.clear();
  station_.reset();
  loop_.reap();  // what was put off refers to the members above
}

Result<std::shared_ptr<Port>> Worker::open_port(const ListenConfig& config,
                                                const std::shared_ptr<const TlsContext>& tls,
                                                uint16_t number) {
  auto port = std::make_shared<Port>();
  port->config = config;
  port->tls = tls;
  Address address = config.address;
  if (number != 0) address.port = number;
  auto opened = Listener::open(loop_, address, Listener::PortUse::kShared, tls,
                               [this, weak = std::weak_ptr(port)](Accepted accepted) {
                                 adopt(std::move(accepted.stream), accepted.peer, weak.lock());
                               });
  if (!opened) return opened.error();
  port->name = (*opened)->address();
  port->listener = std::move(*opened);
  return port;
}

Result<std::vector<uint16_t>> Worker::prepare(const Serving& serving, const std::vector<uint16_t>& ports) {
  std::vector<uint16_t> numbers;
  std::vector<std::shared_ptr<Port>> open = ports_;
  prepared_.clear();
  // What drains has closed its listeners and opens none; requests under way may still take up the rest.
  if (draining_) return std::vector<uint16_t>(serving.config.listen.size());
  for (size_t i = 0; i < serving.config.listen.size(); ++i) {
    const ListenConfig& wanted = serving.config.listen[i];
    const auto same = std::find_if(open.begin(), open.end(), [&wanted](const auto& port) {
      return port != nullptr && port->config.address == wanted.address;
    });
    if (same != open.end()) {
      prepared_.push_back(std::move(*same));
    } else {
      auto port = open_port(wanted, serving.listener_tls[i], i < ports.size() ? ports[i] : uint16_t{0});
      if (!port) {
        prepared_.clear();
        return port.error();
      }
      prepared_.push_back(std::move(*port));
    }
    numbers.push_back(prepared_.back()->listener->port());
  }
  return numbers;
}

void Worker::take_up(std::shared_ptr<const Serving> serving) {
  const std::vector<std::shared_ptr<Port>> before = std::exchange(ports_, std::exchange(prepared_, {}));
  for (size_t i = 0; i < ports_.size(); ++i) {
    ports_[i]->config = serving->config.listen[i];
    if (ports_[i]->tls != serving->listener_tls[i]) change_tls(ports_[i], serving->listener_tls[i]);
  }
  leave_ports(before);
  const LimitsConfig& limits = serving->config.limits;
  head_limits_ = {limits.head_size.count, static_cast<size_t>(limits.header_count), limits.target_size.count};
  retire(std::exchange(station_, make_station(std::move(serving), station_.get(), *shared_.metrics, loop_,
                                              resolver_, shared_.connector)));
  for (const auto& exchange : spare_exchanges_) exchange->leave_station();
  update_figures();
}

void Worker::change_tls(const std::shared_ptr<Port>& port, const std::shared_ptr<const TlsContext>& tls) {
  const bool was_plain = port->tls == nullptr;
  port->tls = tls;
  port->listener->set_tls(tls);
  if (tls == nullptr) return;
  std::vector<Downstream*> distrusted;
  for (const auto& [key, connection] : connections_)
    if (connection->port() == port && (was_plain || !connection->is_trusted_by(*tls)))
      distrusted.push_back(key);
  for (Downstream* connection : distrusted) connection->distrust();
}

void Worker::leave_ports(const std::vector<std::shared_ptr<Port>>& old) {
  for (const std::shared_ptr<Port>& port : old) {
    if (std::find(ports_.begin(), ports_.end(), port) != ports_.end()) continue;
    log_info("listener closed", {{"address", port->name}});
    port->listener.reset();
    for (const auto& [key, connection] : connections_)
      if (connection->port() == port) connection->drain();
    drain_tunnels(port.get());
  }
}

void Worker::retire(std::shared_ptr<const Station> station) {
  if (station != nullptr) retired_.push_back(std::move(station));
}

std::vector<std::string> Worker::listener_names() const {
  std::vector<std::string> names;
  for (const auto& port : ports_) names.push_back(port->name);
  return names;
}

void Worker::run() { loop_.run(); }

void Worker::probe_keys() {
  loop_.post([this] { key_probe_.try_new_keys(); });
}

void Worker::adopt(StreamPtr stream, const IpAddress& peer, std::shared_ptr<Port> port) {
  if (port->config.connects) return adopt_tunnel(std::move(stream), peer, std::move(port));
  if (!count_in(peer, *port)) {
    if (!port->config.tls) stream->write(too_many_connections());
    return;
  }
  auto connection = std::make_unique<Downstream>(*this, std::move(stream), peer, std::move(port));
  Downstream* key = connection.get();
  connections_.emplace(key, std::move(connection));
}

bool Worker::count_in(const IpAddress& peer, Port& port) {
  const LimitsConfig& limits = config().limits;
  int64_t& from_source = per_source_[peer.octets];
  if (shared_.connections >= limits.connections || from_source >= limits.connections_per_source) {
    if (from_source == 0) per_source_.erase(peer.octets);
    return false;
  }
  ++from_source;
  ++shared_.connections;
  ++port.connections;
  return true;
}

void Worker::count_out(const IpAddress& peer, Port& port) {
  const auto source = per_source_.find(peer.octets);
  if (source != per_source_.end() && --source->second == 0) per_source_.erase(source);
  --shared_.connections;
  --port.connections;
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
  if (exchange->station() != station_) exchange->leave_station();
  spare_exchanges_.push_back(std::move(exchange));
}

void Worker::remove(Downstream& connection) {
  const auto found = connections_.find(&connection);
  if (found == connections_.end()) return;
  count_out(connection.peer(), *connection.port());
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

void Worker::report_limit(const Station& station, size_t api) {
  constexpr std::string_view kWhy =
      "the vendor answers 429 again and again: its key is used elsewhere, or its limit is lower than "
      "configured";
  const std::string& name = station.serving->config.apis[api].name;
  log_warning("limit exceeded", {{"api", name}, {"reason", kWhy}});
  station.tally->limit_exceeded(api);
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
  for (const auto& port : ports_) port->listener.reset();
  prepared_.clear();
  for (const auto& [key, connection] : connections_) connection->drain();
  drain_tunnels(nullptr);
  end_when_idle();
}

void Worker::on_deadline() {
  update_figures();
  if (spare_exchanges_.size() > kMostSpares) spare_exchanges_.resize(kMostSpares);
  retired_.clear();
  if (draining_ && loop_.now() >= drain_until_) {
    std::vector<Downstream*> left;
    for (const auto& [key, connection] : connections_) left.push_back(key);
    for (Downstream* connection : left) connection->shut_down();
    shut_down_tunnels();
    drain_until_ = loop_.now() + Millis(1'000);  // for the last answers to go out
  }
  if (!ended_) tick_.set(loop_.deadlines(), kTick);
}

void Worker::end_when_idle() {
  if (ended_ || !connections_.empty() || !tunnels_.empty()) return;
  ended_ = true;
  update_figures();
  tick_.clear();
  loop_.post([this] {  // a pacer may be on the stack
    key_probe_.stop();
    spare_exchanges_.clear();
    retired_.clear();
    station_.reset();
    loop_.stop();
    shared_.on_worker_ended();
  });
}

void Worker::update_figures() {
  WorkerFigures now;
  for (const auto& lane : station_->lanes)
    now.vendors.push_back({lane->pool.target()->api, static_cast<int64_t>(lane->pool.idle()),
                           static_cast<int64_t>(lane->pool.active())});
  for (const auto& port : ports_) now.connections.emplace_back(port->name, port->connections);
  const std::lock_guard lock(figures_mutex_);
  figures_ = std::move(now);
}

WorkerFigures Worker::figures() const {
  const std::lock_guard lock(figures_mutex_);
  return figures_;
}

}  // namespace sluice
