// KeyRefusals: one worker's part in what happens when a vendor refuses a key: it is reported once, and the
// secrets are resolved anew, for which a read may wait. Owner: worker. Thread: the worker's; whoever resolves
// may answer on any, also when this is gone.
#pragma once

#include <memory>
#include <string>
#include <unordered_map>

#include "proxy/gate/credentials.h"

namespace sluice {

class EventLoop;
class Exchange;
class Worker;
struct Shared;
struct Station;

class KeyRefusals {
 public:
  KeyRefusals(EventLoop& loop, Shared& shared);
  ~KeyRefusals();
  KeyRefusals(const KeyRefusals&) = delete;
  KeyRefusals& operator=(const KeyRefusals&) = delete;

  // Has the secrets resolved anew, if they were not within the last 10 s because of this key. The exchange's
  // on_resolved() follows in a later turn, unless it calls forget(). 0: too soon, nothing follows. Without an
  // exchange nobody waits.
  uint64_t resolve_again(KeyState& key, Exchange* waits);
  void forget(uint64_t token) { waiting_.erase(token); }

 private:
  struct Mailbox;
  void on_resolved(uint64_t token);

  Shared& shared_;
  std::shared_ptr<Mailbox> mailbox_;
  std::unordered_map<uint64_t, Exchange*> waiting_;
  uint64_t next_token_ = 1;
};

// The vendor has refused a key for the first time: for the audit, the log and the metrics.
void report_refused_key(Worker& worker, const Station& station, size_t api, const Credential::Choice& key,
                        int status);

}  // namespace sluice
