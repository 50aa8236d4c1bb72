// KeySets: the public keys of every issuer, kept up to date by a thread of their own; workers read a snapshot
// and wait for nothing. Owner: the gate; stop() before what the callers of ask() need is gone. Thread:
// take_up() and stop() from one that is no worker's, one call at a time; the rest from any.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "proxy/identity/key_snapshot.h"
#include "proxy/identity/key_source.h"
#include "proxy/net/file_stamp.h"

namespace sluice {

struct KeySetState {
  std::string issuer;
  size_t keys = 0;      // 0: none has been had yet
  std::string trouble;  // of the last attempt; "": none
};

class KeySets final : private KeySourceOwner {
 public:
  explicit KeySets(const KeyTimes& times = {});
  ~KeySets();
  KeySets(const KeySets&) = delete;
  KeySets& operator=(const KeySets&) = delete;

  // What take_up() needs, ready. Of use until the next take_up().
  struct Prepared;
  // Reads files and certificates. An error, and nothing has changed: one of them cannot be used.
  Result<std::shared_ptr<Prepared>> prepare(const std::vector<JwtConfig>& issuers);
  // Begins to keep the keys of these issuers and of no others. An issuer whose source is the same as before
  // keeps what it has. The keys of files are there when it returns; URLs are fetched meanwhile, and one that
  // cannot be had is a warning.
  void take_up(const std::shared_ptr<Prepared>& prepared);
  // Both.
  Result<void> take_up(const std::vector<JwtConfig>& issuers);
  // Ends the thread; no `done` is called afterwards. Idempotent.
  void stop();

  std::shared_ptr<const KeySnapshot> snapshot() const;
  // A token names a key of this issuer that the snapshot has not. `done` is called on the keys' thread once a
  // newer snapshot may be there; never after stop(), nor for an issuer that is dropped meanwhile.
  void ask(const std::string& issuer, std::function<void()> done);
  std::vector<KeySetState> states() const;

 private:
  struct Kept {
    std::string issuer;
    JwksConfig jwks;
    FileStamp ca;  // of jwks.ca, as it was read
  };
  using Sources = std::map<std::string, std::unique_ptr<KeySource>, std::less<>>;

  void on_keys(const std::string& issuer, std::shared_ptr<const JwkSet> keys) override;
  void on_key_trouble(const std::string& issuer, const std::string& trouble) override;
  void apply(Prepared& prepared);
  void publish(const Prepared& prepared);

  const KeyTimes times_;
  EventLoop loop_;
  std::unique_ptr<Resolver> resolver_;
  Sources sources_;         // of the loop's thread
  std::vector<Kept> kept_;  // of who takes up
  std::thread thread_;

  mutable std::mutex mutex_;  // guards what follows
  std::shared_ptr<const KeySnapshot> snapshot_;
  std::map<std::string, std::string> troubles_;  // by issuer, of all that are kept
};

}  // namespace sluice
