#include "proxy/pacing/redis_store.h"

#include <algorithm>

#include "config/secret_source.h"
#include "proxy/log.h"
#include "proxy/net/quiet_thread.h"
#include "proxy/pacing/budget.h"

namespace sluice {
namespace {

constexpr Millis kFirstBackoff{100};
constexpr Millis kLongestBackoff{1'000};

}  // namespace

Result<std::unique_ptr<RedisStore>> RedisStore::make(const RateLimitStoreConfig& config) {
  RedisTarget target;
  target.url = config.redis;
  if (config.password.kind != SecretRef::Kind::kNone) {
    Result<Secret> password = resolve_secret(config.password);
    if (!password) return Error{"rate_limit_store: password: " + password.error().message};
    target.password = std::move(*password);
  }
  std::unique_ptr<TlsContext> tls;
  if (config.redis.tls) {
    auto made = TlsContext::for_client(config.ca);
    if (!made) return Error{"rate_limit_store: " + made.error().message};
    tls = std::move(*made);
    target.tls = tls.get();
  }
  return std::unique_ptr<RedisStore>(new RedisStore(std::move(target), std::move(tls)));
}

RedisStore::RedisStore(RedisTarget target, std::unique_ptr<TlsContext> tls)
    : tls_(std::move(tls)),
      target_(std::move(target)),
      resolver_(std::make_unique<Resolver>(loop_)),
      deadline_(*this),
      backoff_(kFirstBackoff),
      trouble_("not reached yet") {
  RedisConnectionObserver& observer = *this;
  connection_ = std::make_unique<RedisConnection>(loop_, *resolver_, target_, kReservationScript.front().text,
                                                  observer);
}

RedisStore::~RedisStore() {
  stop(Millis(0));
  if (thread_.joinable()) thread_.join();
}

void RedisStore::set_password(Secret password) {
  loop_.post([this, password = std::move(password)] { target_.password = password; });
}

void RedisStore::add(StoreClient& client, const std::string& name) {
  members_.push_back({&client, "sluice:{" + name + "}:limit", Nanos::max()});
}

void RedisStore::start() {
  loop_.post([this] {
    connection_->open();
    for (Member& member : members_) tick(member);
    arm();
  });
  thread_ = start_quiet_thread("sluice-limits", [this] { loop_.run(); });
}

void RedisStore::stop(Millis patience) {
  if (!thread_.joinable() || std::exchange(stop_asked_, true)) return;
  loop_.post([this, patience] {
    stopping_ = true;
    end_at_ = monotonic_now() + patience;
    for (Member& member : members_) tick(member);
    arm();
    end_if_settled();
  });
}

void RedisStore::call(StoreClient& client, const ReservationCall& call) {
  Member& member = member_of(client);
  calling_.push_back(&member);
  connection_->run(member.key, to_arguments(call));
}

void RedisStore::wake(StoreClient& client) {
  const std::lock_guard lock(mutex_);
  member_of(client).woken = true;
  if (wake_posted_) return;
  wake_posted_ = true;
  loop_.post([this] { run_woken(); });
}

std::string RedisStore::trouble() const {
  const std::lock_guard lock(mutex_);
  return trouble_;
}

void RedisStore::run_woken() {
  std::vector<Member*> woken;
  {
    const std::lock_guard lock(mutex_);
    wake_posted_ = false;
    for (Member& member : members_) {
      if (std::exchange(member.woken, false)) woken.push_back(&member);
    }
  }
  for (Member* member : woken) tick(*member);
  arm();
}

void RedisStore::on_ready(bool is_same) {
  for (Member& member : members_) {
    member.client->on_up(monotonic_now(), is_same);
    tick(member);
  }
  arm();
}

void RedisStore::on_answer(std::span<const int64_t> numbers) {
  Member& member = *calling_.front();
  const auto reply = parse_reservation(numbers);
  if (!reply) {
    connection_->close();
    return on_lost("its answer makes no sense");
  }
  calling_.pop_front();
  if (calling_.empty() && !refused_) {
    set_trouble("");
    backoff_ = kFirstBackoff;
  }
  member.client->on_reply(monotonic_now(), *reply);
  tick(member);
  arm();
  end_if_settled();
}

// Nothing is called any more on this connection, but what is on its way is still answered; on_lost follows.
void RedisStore::on_refused() {
  refused_ = true;
  Member& member = *calling_.front();
  calling_.pop_front();
  member.client->on_refused(monotonic_now());
}

void RedisStore::on_lost(const std::string& reason) {
  set_trouble(reason);
  const Nanos now = monotonic_now();
  calling_.clear();
  refused_ = false;
  reconnect_at_ = now + backoff_;
  backoff_ = std::min(backoff_ * 2, kLongestBackoff);
  for (Member& member : members_) {
    member.client->on_down(now);
    tick(member);
  }
  arm();
  end_if_settled();
}

void RedisStore::on_deadline() {
  const Nanos now = monotonic_now();
  if (now >= end_at_) return end();
  if (now >= reconnect_at_) {
    reconnect_at_ = Nanos::max();
    connection_->open();
  }
  for (Member& member : members_) {
    if (now >= member.wake_at) tick(member);
  }
  arm();
}

RedisStore::Member& RedisStore::member_of(const StoreClient& client) {
  return *std::find_if(members_.begin(), members_.end(),
                       [&client](const Member& member) { return member.client == &client; });
}

// After a refusal nobody is asked what is due: on_lost asks everybody.
void RedisStore::tick(Member& member) {
  member.wake_at = refused_ ? Nanos::max() : member.client->on_time(monotonic_now());
}

void RedisStore::arm() {
  if (connection_ == nullptr) return;
  Nanos next = std::min(reconnect_at_, end_at_);
  for (const Member& member : members_) next = std::min(next, member.wake_at);
  if (next == Nanos::max()) return deadline_.clear();
  deadline_.set(loop_.deadlines(), std::max(std::chrono::ceil<Millis>(next - monotonic_now()), Millis(0)));
}

// Not from within a call of the connection, which ending destroys.
void RedisStore::end_if_settled() {
  if (!stopping_ || !calling_.empty()) return;
  loop_.post([this] { end(); });
}

void RedisStore::end() {
  if (connection_ == nullptr) return;
  connection_->close();
  connection_.reset();
  resolver_.reset();
  deadline_.clear();
  loop_.stop();
}

void RedisStore::set_trouble(const std::string& reason) {
  constexpr size_t kMostSaid = 16;
  {
    const std::lock_guard lock(mutex_);
    if (trouble_ == reason) return;
    trouble_ = reason;
    if (reason.empty()) said_.clear();
    if (said_.size() >= kMostSaid || std::find(said_.begin(), said_.end(), reason) != said_.end()) return;
    if (!reason.empty()) said_.push_back(reason);
  }
  const std::string where = target_.url.host + ":" + std::to_string(target_.url.port);
  if (reason.empty()) return log_info("the rate limit store is reached", {{"store", where}});
  log_warning("the rate limit store is out of use", {{"store", where}, {"why", reason}});
}

}  // namespace sluice
