#include "tests/scenario/gate_fixture.h"

#include <cstdlib>

#include "config/config_reader.h"

namespace sluice {

namespace {

constexpr const char* kPolicy = R"yaml(
version: 1
rules:
  - { id: reads, effect: allow, when: { client: tool, access: read } }
  - { id: unknown-reads, effect: allow, when: { client: tool, operation: push.unknown, path: "/open/**" } }
  - { id: groups, effect: allow, when: { client: tool, operation: "push.employees.groups.*" } }
)yaml";

}  // namespace

std::shared_ptr<Serving> GateFixture::make(const std::string& api_settings, const std::string& settings) {
  setenv("SCENARIO_TOKEN", "token-of-the-scenario", 1);
  const std::string text = R"yaml(
version: 1
listen: [ { address: "127.0.0.1:0" } ]
apis:
  push:
    catalogue: push
    upstream: "http://127.0.0.1:1"
    credential: { full: )yaml" +
                           key_settings_ + R"yaml( }
    limit: { rate: 100000, burst: 100000 }
)yaml" + api_settings + R"yaml(
clients:
  tool: { token: { env: SCENARIO_TOKEN })yaml" +
                           tool_settings_ + R"yaml( }
policy: policy.yaml
)yaml" + settings;
  Findings findings;
  auto config = read_config(text, "scenario.yaml", findings);
  for (const Finding& finding : findings.all()) ADD_FAILURE() << to_text(finding);
  if (!config) return nullptr;
  auto catalogue = load_catalogue("push", "push", {}, findings);
  if (!catalogue) return nullptr;
  std::vector<Catalogue> catalogues;
  catalogues.push_back(std::move(*catalogue));
  auto engine = Engine::compile(kPolicy, "policy.yaml", *config, std::move(catalogues), findings);
  for (const Finding& finding : findings.all()) ADD_FAILURE() << to_text(finding);
  if (engine == nullptr) return nullptr;
  const Serving* before = worker_ != nullptr ? worker_->station()->serving.get() : nullptr;
  auto serving = make_serving(std::move(*config), std::move(engine), {kPolicy, "hash", "config-hash"}, before,
                              secrets_.get());
  EXPECT_TRUE(serving) << serving.error().message;
  return serving ? *serving : nullptr;
}

void GateFixture::start(const std::string& api_settings, const std::string& settings) {
  setenv("SCENARIO_KEY", "vendor-key-of-the-scenario", 1);
  secrets_ = std::make_unique<Secrets>();
  const std::shared_ptr<Serving> serving = make(api_settings, settings);
  ASSERT_NE(serving, nullptr);
  metrics_ = std::make_unique<Metrics>();
  shared_ = std::make_unique<Shared>();
  shared_->audit = &audit_;
  shared_->metrics = metrics_.get();
  rooms_ = std::make_unique<PaceRooms>(nullptr);
  shared_->key_sets = key_sets_;
  // The bucket counts as spent when the gate starts: long ago here.
  rooms_->seat(*serving, monotonic_now() - std::chrono::hours(1));
  rooms_->open(*serving, monotonic_now());
  shared_->connector = [this](EventLoop& loop, const IpAddress&, uint16_t) {
    vendors_.push_back(std::make_unique<MemoryStream>(&faults_));
    MemoryStream* made = vendors_.back().get();
    if (connects_at_once_) loop.post([made] { made->connected(); });
    return made->lend();
  };
  worker_ = std::make_unique<Worker>(*shared_);
  worker_->take_up(serving);
}

void GateFixture::TearDown() {
  worker_.reset();
  for (const auto& stream : clients_) EXPECT_TRUE(stream->released);
  for (const auto& stream : vendors_) EXPECT_TRUE(stream->released);
  // Every request ends in exactly one outcome.
  std::map<std::string, int> outcomes;
  for (const AuditRecord& record : audit_.records) {
    if (!is_request_event(record.type)) continue;
    outcomes[record.request_id] += record.type == AuditType::kRequestAttempted ? 0 : 1;
  }
  for (const auto& [id, count] : outcomes) EXPECT_EQ(count, 1) << id;
}

MemoryStream& GateFixture::client() {
  clients_.push_back(std::make_unique<MemoryStream>(&faults_));
  worker_->adopt(clients_.back()->lend(), *parse_ip("192.0.2.7"), port_);
  return *clients_.back();
}

MemoryStream& GateFixture::vendor(size_t index) {
  turn_until([this, index] { return vendors_.size() > index; });
  if (vendors_.size() <= index) throw std::runtime_error("the gate did not connect");
  turn();
  return *vendors_[index];
}

void GateFixture::turn() {
  for (auto* streams : {&clients_, &vendors_}) {
    for (size_t i = 0; i < streams->size(); ++i) {
      if ((*streams)[i]->broken()) (*streams)[i]->fail();
    }
  }
  for (int i = 0; i < 3; ++i) worker_->loop().turn();
}

void GateFixture::turn_until(const std::function<bool()>& done) {
  const Nanos give_up = monotonic_now() + std::chrono::seconds(10);
  while (!done() && monotonic_now() < give_up) worker_->loop().turn();
  EXPECT_TRUE(done()) << "gave up waiting";
}

std::string GateFixture::get(const std::string& path) {
  return "GET " + path + " HTTP/1.1\r\nHost: gate\r\nx-api-key: token-of-the-scenario\r\n\r\n";
}

std::string GateFixture::post(const std::string& body, const std::string& path) {
  return "POST " + path +
         " HTTP/1.1\r\nHost: gate\r\nx-api-key: token-of-the-scenario\r\nContent-Type: "
         "application/json\r\nContent-Length: " +
         std::to_string(body.size()) + "\r\n\r\n" + body;
}

std::vector<AuditType> GateFixture::outcomes() const {
  std::vector<AuditType> types;
  for (const AuditRecord& record : audit_.records) types.push_back(record.type);
  return types;
}

}  // namespace sluice
