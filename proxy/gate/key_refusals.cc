#include "proxy/gate/key_refusals.h"

#include "proxy/gate/exchange.h"
#include "proxy/gate/worker.h"
#include "proxy/log.h"

namespace sluice {

// What whoever resolves holds on to.
struct KeyRefusals::Mailbox {
  std::mutex mutex;  // guards loop, which is null once the owner is gone
  EventLoop* loop = nullptr;
  KeyRefusals* owner = nullptr;  // the loop's thread only
};

KeyRefusals::KeyRefusals(EventLoop& loop, Shared& shared)
    : shared_(shared), mailbox_(std::make_shared<Mailbox>()) {
  mailbox_->loop = &loop;
  mailbox_->owner = this;
}

KeyRefusals::~KeyRefusals() {
  const std::lock_guard lock(mailbox_->mutex);
  mailbox_->loop = nullptr;
  mailbox_->owner = nullptr;
}

uint64_t KeyRefusals::resolve_again(KeyState& key, Exchange* waits) {
  const uint64_t token = next_token_++;
  std::function<void()> done;
  if (waits != nullptr)
    done = [mailbox = mailbox_, token] {
      const std::lock_guard lock(mailbox->mutex);
      if (mailbox->loop == nullptr) return;
      mailbox->loop->post([mailbox, token] {
        if (mailbox->owner != nullptr) mailbox->owner->on_resolved(token);
      });
    };
  const KeyState::Ask ask = key.ask(monotonic_now(), done);
  if (ask == KeyState::Ask::kLate) return 0;
  if (waits != nullptr) waiting_[token] = waits;
  if (ask == KeyState::Ask::kBegin)
    shared_.resolve_again([state = key.shared_from_this()] { state->resolved(); });
  return token;
}

void KeyRefusals::on_resolved(uint64_t token) {
  const auto found = waiting_.find(token);
  if (found == waiting_.end()) return;
  Exchange* exchange = found->second;
  waiting_.erase(found);
  exchange->on_resolved();
}

void report_refused_key(Worker& worker, const Station& station, size_t api, const Credential::Choice& key,
                        int status) {
  const std::string& api_name = station.serving->config.apis[api].name;
  const std::string status_text = std::to_string(status);
  const std::string& print = key.state->fingerprint();
  log_error("credential refused",
            {{"api", api_name}, {"key", key.name}, {"fingerprint", print}, {"status", status_text}});
  station.tally->credential_refused(api);
  auto record = worker.take_record();
  record->type = AuditType::kCredentialRefused;
  record->time = std::chrono::system_clock::now();
  record->api = api_name;
  record->key = key.name;
  record->upstream_status = status;
  record->reason = "the vendor refuses the key with " + status_text;
  record->details = {{"credential", "vendor-key"}, {"fingerprint", print}};
  worker.submit(std::move(record));
}

}  // namespace sluice
