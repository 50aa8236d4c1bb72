// GateFixture: one worker on memory streams: the test is the clients, the vendor and the audit.
// Teardown asserts that nothing is left: no stream held, one outcome for every request.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "proxy/gate/downstream.h"
#include "proxy/gate/worker.h"
#include "tests/fixtures/memory_stream.h"

namespace sluice {

// Keeps what is submitted; says "durable" when the test lets it.
class FakeAudit final : public AuditLog {
 public:
  std::unique_ptr<AuditRecord> submit(std::unique_ptr<AuditRecord> record, AuditWaiter* waiter,
                                      uint64_t token) override {
    records.push_back(std::move(*record));
    if (waiter != nullptr && answers_at_once) waiter->on_recorded(token, durable);
    if (waiter != nullptr && !answers_at_once) waiting.emplace_back(waiter, token);
    return record;
  }
  bool usable() const override { return is_usable; }
  uint64_t last_sequence() const override { return records.size(); }
  std::array<uint64_t, kAuditTypeCount> events_by_type() const override { return {}; }
  std::vector<WebhookState> webhooks() const override { return {}; }
  std::string trouble() const override { return {}; }
  Result<void> take_up(const AuditConfig&, std::vector<ResolvedWebhook>) override { return {}; }
  void stop(Millis) override {}

  std::vector<AuditRecord> records;
  std::vector<std::pair<AuditWaiter*, uint64_t>> waiting;
  bool answers_at_once = true;
  bool durable = true;
  bool is_usable = true;
};

class GateFixture : public testing::Test {
 protected:
  // `more` is appended to the configuration of the API "push"; see gate_fixture.cc for the whole.
  void start(const std::string& api_settings = "", const std::string& settings = "");
  void TearDown() override;
  // What start() serves by.
  std::shared_ptr<Serving> make(const std::string& api_settings, const std::string& settings);

  MemoryStream& client();
  // The nth connection to the vendor, made when the gate asked for it.
  MemoryStream& vendor(size_t index = 0);
  PaceRoom& room() { return *worker_->station()->lanes[0]->room; }
  size_t vendors() const { return vendors_.size(); }
  // Runs what is posted and due.
  void turn();
  void turn_until(const std::function<bool()>& done);
  // A request with the client's token.
  static std::string get(const std::string& path = "/push/v1/findings");
  static std::string post(const std::string& body, const std::string& path = "/push/v1/employees/e1/groups");
  std::vector<AuditType> outcomes() const;

  FakeAudit audit_;
  std::unique_ptr<Metrics> metrics_;
  std::unique_ptr<PaceRooms> rooms_;
  std::unique_ptr<Shared> shared_;
  std::unique_ptr<Worker> worker_;
  std::shared_ptr<Port> port_ = std::make_shared<Port>();  // nobody listens there
  std::vector<std::unique_ptr<MemoryStream>> clients_, vendors_;
  std::string tool_settings_;    // of the client, as in ", weight: 2"
  KeySets* key_sets_ = nullptr;  // outlives the worker
  bool connects_at_once_ = true;
  Faults faults_;
  std::string key_settings_ = "{ env: SCENARIO_KEY }";  // credential.full, and what may follow it
  std::unique_ptr<Secrets> secrets_;
};

}  // namespace sluice
