// RedisStore: the store that the replicas share, on a thread and a loop of its own, so that neither a busy
// worker delays a call nor a slow Redis a request. Keeps one connection for all APIs, comes back after
// 100 ms .. 1 s when it is lost, and says once what is wrong, and again when that changes.
// Owner: the gate. Thread: start(), stop() and add() the owner's; wake() and trouble() any; the rest its own.
#pragma once

#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "proxy/pacing/redis_connection.h"
#include "proxy/pacing/reservation_store.h"

namespace sluice {

class RedisStore final : public ReservationStore, private RedisConnectionObserver, private DeadlineObserver {
 public:
  // The error names the file that cannot be read.
  static Result<std::unique_ptr<RedisStore>> make(const RateLimitStoreConfig& config);
  ~RedisStore();
  RedisStore(const RedisStore&) = delete;
  RedisStore& operator=(const RedisStore&) = delete;

  // `client` shares the limit that `name` names; it has to outlive this. Before start().
  void add(StoreClient& client, const std::string& name);
  void start();
  // The thread ends when no call is without an answer, at the latest after `patience`; nobody waits for it
  // but the destructor, which a lookup of the store's name may hold up. Idempotent.
  void stop(Millis patience);

  void call(StoreClient& client, const ReservationCall& call) override;
  void wake(StoreClient& client) override;

  // Of the connections to come. Any thread.
  void set_password(Secret password);

  // Why the store cannot be used; empty: it can.
  std::string trouble() const;
  // Null without TLS.
  TlsContext* tls() { return tls_.get(); }

 private:
  struct Member {
    StoreClient* client;
    std::string key;
    Nanos wake_at;
    bool woken = false;  // guarded by mutex_
  };

  RedisStore(RedisTarget target, std::unique_ptr<TlsContext> tls);

  void on_ready(bool is_same) override;
  void on_answer(std::span<const int64_t> numbers) override;
  void on_refused() override;
  void on_lost(const std::string& reason) override;
  void on_deadline() override;

  Member& member_of(const StoreClient& client);
  void tick(Member& member);
  void run_woken();
  void arm();
  void end_if_settled();
  void end();
  void set_trouble(const std::string& reason);

  std::unique_ptr<TlsContext> tls_;
  RedisTarget target_;
  EventLoop loop_;
  std::unique_ptr<Resolver> resolver_;
  std::unique_ptr<RedisConnection> connection_;
  std::vector<Member> members_;
  std::deque<Member*> calling_;  // in the order of their calls
  Deadline deadline_;
  Nanos reconnect_at_ = Nanos::max();
  Nanos end_at_ = Nanos::max();
  Millis backoff_;
  bool refused_ = false;  // a call, on the connection that is to be lost for it
  bool stopping_ = false;
  std::thread thread_;
  bool stop_asked_ = false;  // the owner's

  mutable std::mutex mutex_;  // guards what follows
  std::string trouble_;
  std::vector<std::string> said_;  // in the log, since the store was last reached: reasons may take turns
  bool wake_posted_ = false;
};

}  // namespace sluice
