// RedisConnection: one connection to a Redis that runs one script: connects, says who it is, chooses the
// database, loads the script, then runs it; calls are answered in their order. hiredis writes and reads the
// protocol; it is used in this one's source only. Owner: RedisStore. Thread: the loop's.
// Fails: on_lost with a reason for people; nothing that the server says of a password is repeated.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "config/model.h"
#include "config/secret.h"
#include "proxy/net/dialer.h"

struct redisReader;

namespace sluice {

class RedisConnectionObserver {
 public:
  // `is_same`: for certain the server of the connection before, which has forgotten nothing.
  virtual void on_ready(bool is_same) = 0;
  // Of the oldest run without an answer. An array of integers; what else the script may return is on_lost.
  virtual void on_answer(std::span<const int64_t> numbers) = 0;
  // The server has refused the oldest run without an effect. on_lost follows when the others are answered.
  virtual void on_refused() = 0;
  // Last call until open().
  virtual void on_lost(const std::string& reason) = 0;

 protected:
  ~RedisConnectionObserver() = default;
};

struct RedisTarget {
  RedisUrl url;
  Secret password;                  // empty: none
  const TlsContext* tls = nullptr;  // of rediss; outlives the connection
};

class RedisConnection final : private DialObserver, private StreamObserver, private DeadlineObserver {
 public:
  RedisConnection(EventLoop& loop, Resolver& resolver, const RedisTarget& target, std::string_view script,
                  RedisConnectionObserver& observer);
  ~RedisConnection();
  RedisConnection(const RedisConnection&) = delete;
  RedisConnection& operator=(const RedisConnection&) = delete;

  // Requires: closed. on_ready or on_lost follows, after this has returned.
  void open();
  void close();  // without a call back
  // Runs the script on one key. Requires: on_ready was the last that was told of the connection.
  void run(const std::string& key, const std::vector<std::string>& arguments);
  bool is_idle() const { return sent_.empty(); }

 private:
  // What is awaited: nothing, the connection, the answers to the greeting, or those to runs.
  enum class Phase : uint8_t { kClosed, kDialing, kGreeting, kReady };
  enum class Sent : uint8_t { kAuth, kSelect, kServer, kReplication, kLoad, kRun };
  struct Answer;
  struct ReaderCloser {
    void operator()(redisReader* reader) const;
  };

  void on_dialed(StreamPtr stream) override;
  void on_dial_failed(const std::string& reason) override;
  void on_data(std::string_view data) override;
  void on_end() override;
  void on_drained() override {}
  void on_closed(std::string_view reason) override;
  void on_deadline() override;

  void greet();
  void send(Sent what, std::span<const std::string_view> words);
  void await_answer();
  bool take(const Answer& answer);
  bool take_greeting(Sent what, const Answer& answer);
  bool take_run(const Answer& answer);
  bool go_on();
  void lose(const std::string& reason);

  EventLoop& loop_;
  const RedisTarget& target_;
  const std::string script_;
  RedisConnectionObserver& observer_;
  Dialer dialer_;
  Deadline deadline_;  // of the oldest answer, or of the greeting
  Phase phase_ = Phase::kClosed;
  StreamPtr stream_;
  std::unique_ptr<redisReader, ReaderCloser> reader_;
  std::unique_ptr<Answer> answer_;                    // that is being read
  std::deque<Sent> sent_;                             // not answered
  std::string refusal_;                               // not empty: a run was refused, and why
  std::string run_id_, replication_id_;               // of this connection's server; empty: it does not say
  std::pair<std::string, std::string> known_server_;  // of the one before
  std::string digest_;                                // of the script, as the server calls it
  size_t unread_ = 0;                                 // octets of an answer that is not whole
  bool overdue_ = false;  // the deadline has passed, but answers may lie in the socket
};

}  // namespace sluice
