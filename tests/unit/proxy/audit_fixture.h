// What the tests of the audit share: a folder of their own, waiters with a deadline, and a webhook receiver
// that answers by a script.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <functional>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <thread>

#include "proxy/audit/audit_log.h"
#include "proxy/audit/spool.h"
#include "proxy/audit/spool_reader.h"
#include "proxy/crypto.h"
#include "proxy/http/http_server.h"
#include "proxy/net/event_loop.h"

namespace sluice {

// Reached only by a failure: a loaded machine may take seconds for a turn.
constexpr std::chrono::seconds kPatience{120};

class TempFolder {
 public:
  TempFolder() : path_(std::filesystem::temp_directory_path() / ("sluice-audit-" + uuid_v7())) {
    std::filesystem::create_directory(path_);
  }
  ~TempFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  std::string file(const std::string& name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

class Answers : public AuditWaiter {
 public:
  void on_recorded(uint64_t token, bool durable) override {
    const std::lock_guard lock(mutex_);
    EXPECT_TRUE(answers_.emplace(token, durable).second) << "answered twice: " << token;
    changed_.notify_all();
  }
  // Whether the record of this token is durable.
  bool wait(uint64_t token) {
    std::unique_lock lock(mutex_);
    if (!changed_.wait_for(lock, kPatience, [this, token] { return answers_.contains(token); })) {
      ADD_FAILURE() << "no answer for record " << token;
      return false;
    }
    return answers_[token];
  }
  size_t count() {
    const std::lock_guard lock(mutex_);
    return answers_.size();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<uint64_t, bool> answers_;
};

inline AuditRecord request_record(AuditType type, std::string request_id) {
  AuditRecord record;
  record.type = type;
  record.request_id = std::move(request_id);
  record.client = "soar";
  record.api = "push";
  record.operation = "push.employees.merge";
  record.access = "write";
  record.decision = "allow";
  return record;
}

inline std::unique_ptr<AuditRecord> new_record(AuditType type, std::string request_id) {
  return std::make_unique<AuditRecord>(request_record(type, std::move(request_id)));
}

inline AuditConfig audit_config(const TempFolder& folder) {
  AuditConfig config;
  config.spool = folder.file("audit.db");
  config.durability = Durability::kProcess;
  return config;
}

inline std::unique_ptr<AuditLog> open_or_fail(const AuditConfig& config,
                                              std::vector<ResolvedWebhook> webhooks = {},
                                              const AuditOptions& options = {}) {
  auto log = open_audit_log(config, std::move(webhooks), options);
  if (!log) {
    ADD_FAILURE() << log.error().message;
    return nullptr;
  }
  return std::move(*log);
}

// Every event of a spool, after its chain was checked.
inline std::vector<StoredEvent> read_spool(const std::string& path) {
  auto reader = SpoolReader::open(path);
  if (!reader) {
    ADD_FAILURE() << reader.error().message;
    return {};
  }
  auto events = (*reader)->read(0, 1'000'000'000);
  auto head = (*reader)->head();
  if (!events || !head) {
    ADD_FAILURE() << "the spool cannot be read";
    return {};
  }
  ChainChecker checker;
  for (const StoredEvent& event : *events) {
    const auto link = checker.check(event.sequence, event.body);
    EXPECT_TRUE(link.ok()) << link.error().message;
  }
  EXPECT_TRUE(checker.check_end(*head).ok());
  return std::move(*events);
}

inline nlohmann::json parse(const std::string& body) { return nlohmann::json::parse(body); }

// Waits for the only webhook to be in a state.
inline WebhookState wait_for_state(const AuditLog& log,
                                   const std::function<bool(const WebhookState&)>& wanted) {
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  WebhookState state = log.webhooks().at(0);
  while (!wanted(state) && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::yield();
    state = log.webhooks().at(0);
  }
  EXPECT_TRUE(wanted(state)) << "backlog " << state.backlog << ", delivered " << state.delivered
                             << ", failed " << state.failed << ", " << state.last_error;
  return state;
}

inline HttpResponse with_status(int status) { return {status, {}, ""}; }

// A webhook receiver on a thread of its own. Answers by `script`, which is told the request, or its number,
// from 0. A status of 0 answers never.
class Receiver {
 public:
  using Script = std::function<HttpResponse(const HttpRequest&)>;
  using NumberedScript = std::function<HttpResponse(size_t)>;
  explicit Receiver(
      Script script =
          [](const HttpRequest&) {
            return HttpResponse{204, {}, ""};
          },
      uint16_t port = 0)
      : script_(std::move(script)) {
    auto server = serve_http(
        loop_, Address{"127.0.0.1", port, "", {}}, nullptr,
        [this](const HttpRequest& request, HttpAnswer answer) { take(request, std::move(answer)); });
    if (!server) {
      ADD_FAILURE() << server.error().message;
      return;
    }
    server_ = std::move(*server);
    port_ = server_->port();
    thread_ = std::thread([this] { loop_.run(); });
  }
  explicit Receiver(NumberedScript script)
      : Receiver(Script([script = std::move(script), number = size_t{0}](const HttpRequest&) mutable {
          return script(number++);
        })) {}
  ~Receiver() {
    if (!thread_.joinable()) return;
    loop_.post([this] {
      held_.clear();
      server_.reset();
      loop_.stop();
    });
    thread_.join();
  }

  uint16_t port() const { return port_; }
  // For many of them: the script alone sees them.
  void keep_no_requests() { keeps_ = false; }
  // At least `count` requests; empty ones stand in for those that did not come.
  std::vector<HttpRequest> wait_for(size_t count) {
    std::unique_lock lock(mutex_);
    EXPECT_TRUE(changed_.wait_for(lock, kPatience, [this, count] { return requests_.size() >= count; }))
        << "got " << requests_.size() << " of " << count << " deliveries";
    std::vector<HttpRequest> requests = requests_;
    requests.resize(std::max(requests.size(), count));
    return requests;
  }
  // Waits for the delivery of the first event of a type; returns all so far.
  std::vector<HttpRequest> wait_for_type(const std::string& type) {
    std::unique_lock lock(mutex_);
    EXPECT_TRUE(changed_.wait_for(lock, kPatience,
                                  [this, &type] {
                                    for (const HttpRequest& request : requests_)
                                      if (request.body.find("\"io.sluice." + type + "\"") !=
                                          std::string::npos)
                                        return true;
                                    return false;
                                  }))
        << "no delivery of " << type;
    return requests_;
  }
  ResolvedWebhook webhook(const std::string& name = "siem") const {
    ResolvedWebhook webhook;
    webhook.config.name = name;
    webhook.config.url =
        UpstreamUrl{false, "127.0.0.1", port_, "/hook?key=1", "127.0.0.1:" + std::to_string(port_)};
    webhook.config.signature = WebhookSignature::kNone;
    return webhook;
  }

 private:
  void take(const HttpRequest& request, HttpAnswer answer) {
    HttpResponse response = script_(request);
    if (response.status == 0)
      held_.push_back(std::move(answer));
    else
      answer(std::move(response));
    if (!keeps_) return;
    const std::lock_guard lock(mutex_);
    requests_.push_back(request);
    changed_.notify_all();
  }

  Script script_;
  std::atomic<bool> keeps_{true};
  EventLoop loop_;
  std::unique_ptr<HttpServer> server_;
  uint16_t port_ = 0;
  std::vector<HttpAnswer> held_;
  std::thread thread_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<HttpRequest> requests_;
};

}  // namespace sluice
