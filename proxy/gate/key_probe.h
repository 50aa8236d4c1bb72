// KeyProbe: tries each new key of a vendor with one read, where the configuration names one
// (`credential.probe`), so that a key that is refused is known before a caller meets it. One at a time, paced
// as a request of the first client's. Owner: a worker; one of them probes. Thread: the worker's. Fails: with
// a line in the log.
#pragma once

#include <deque>
#include <memory>
#include <string>

#include "proxy/gate/credentials.h"
#include "proxy/gate/station.h"
#include "proxy/gate/upstream.h"
#include "proxy/pacing/paced_request.h"

namespace sluice {

class Worker;

class KeyProbe final : public PacedRequest, private UpstreamObserver, private DeadlineObserver {
 public:
  explicit KeyProbe(Worker& worker) : worker_(worker), deadline_(*this) {}

  // Of the worker's station: those that were not tried before.
  void try_new_keys();
  // Before the worker's pools and pacers go.
  void stop();

 private:
  // What is pending: nothing, a pause before the next attempt, a turn, a connection, an answer.
  enum class Phase : uint8_t { kIdle, kPausing, kQueued, kConnecting, kSending };
  struct Trial {
    size_t api;
    Credential::Choice key;
    std::shared_ptr<const Station> station;
    int attempts = 0;
  };

  void on_turn() override;
  void on_refused(int64_t retry_after) override;
  void on_upstream_connected() override;
  void on_response_head(const ResponseHead& head) override;
  void on_response_body(std::string_view) override {}
  void on_response_end() override {}
  void on_upstream_drained() override {}
  void on_upstream_failed(UpstreamFailure failure, std::string_view reason) override;
  void on_deadline() override;

  const ApiConfig& api() const { return trials_.front().station->serving->config.apis[trials_.front().api]; }
  Lane& lane() const { return *trials_.front().station->lanes[trials_.front().api]; }
  void ask_for_turn();
  void send();
  void judge(int status);
  void pause(Millis time, std::string_view reason);
  void let_go();
  void next();

  Worker& worker_;
  Deadline deadline_;
  Phase phase_ = Phase::kIdle;
  std::deque<Trial> trials_;  // the first one is under way
  Upstream* upstream_ = nullptr;
  Nanos turn_{0}, sent_{0};
};

}  // namespace sluice
