// What happens when the vendor refuses a key, and when there is none any more.
#include <gmock/gmock.h>

#include <cstdlib>

#include "config/config_reader.h"
#include "tests/scenario/gate_fixture.h"

namespace sluice {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr const char* kOk = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
constexpr const char* kRefused = "HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\n\r\nno";
constexpr const char* kForbidden = "HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno";
constexpr const char* kTwoKeys = "[ { env: SCENARIO_NEW_KEY }, { env: SCENARIO_KEY } ]";

class CredentialTest : public GateFixture {
 protected:
  void start_with(const std::string& keys, const std::string& api_settings = "") {
    setenv("SCENARIO_NEW_KEY", "new-key-of-the-scenario", 1);
    key_settings_ = keys;
    start(api_settings);
    shared_->resolve_again = [this](std::function<void()> done) {
      ++asked_;
      if (answers_at_once_) return done();
      asking_.push_back(std::move(done));
    };
  }
  // As a reload does: the same configuration, whose places give something else.
  void reload_with(const char* key) {
    setenv("SCENARIO_KEY", key, 1);
    const auto serving = make("", "");
    ASSERT_NE(serving, nullptr);
    rooms_->seat(*serving, monotonic_now());
    rooms_->open(*serving, monotonic_now());
    // Nobody listens here.
    worker_->take_up(serving);
  }
  // The connection to the vendor that is open, once there is one: a request's next turn may take a while.
  MemoryStream& newest() {
    const auto open = [this] {
      return std::find_if(vendors_.begin(), vendors_.end(),
                          [](const auto& stream) { return !stream->released; });
    };
    turn_until([&] { return open() != vendors_.end(); });
    turn();
    if (open() == vendors_.end()) throw std::runtime_error("the gate has no connection to the vendor");
    return **open();
  }
  size_t refusals() const {
    const auto types = outcomes();
    return static_cast<size_t>(std::count(types.begin(), types.end(), AuditType::kCredentialRefused));
  }

  int asked_ = 0;
  bool answers_at_once_ = true;
  std::vector<std::function<void()>> asking_;
};

TEST_F(CredentialTest, TakesTheNewestOfTwoKeysAndTheOtherAtOnceWhenItIsRefused) {
  start_with(kTwoKeys);
  MemoryStream& tool = client();
  tool.feed(get());
  EXPECT_THAT(vendor().written, HasSubstr("x-api-key: new-key-of-the-scenario\r\n"));
  vendor().feed(kRefused);
  turn();
  EXPECT_THAT(newest().written, HasSubstr("x-api-key: vendor-key-of-the-scenario\r\n"));
  newest().feed(kOk);
  turn();
  EXPECT_THAT(tool.written, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_EQ(asked_, 0);
  ASSERT_EQ(refusals(), 1u);
  ASSERT_EQ(audit_.records[0].type, AuditType::kCredentialRefused);
  const AuditRecord& event = audit_.records[0];
  EXPECT_EQ(event.api, "push");
  EXPECT_EQ(event.key, "full");
  EXPECT_EQ(event.upstream_status, 401);
  EXPECT_EQ(event.details[0], (std::pair<std::string, std::string>("credential", "vendor-key")));
  EXPECT_EQ(event.details[1].first, "fingerprint");
  EXPECT_THAT(event.details[1].second, testing::SizeIs(12));
  EXPECT_EQ(audit_.records.back().attempts, 2);
  tool.feed(get());
  turn();
  EXPECT_THAT(newest().written, Not(HasSubstr("new-key")));
  newest().feed(kOk);
  turn();
  EXPECT_EQ(refusals(), 1u);
}

TEST_F(CredentialTest, AsksForTheSecretsAnewAndSendsAReadAgainWithTheNewKey) {
  answers_at_once_ = false;
  start_with("{ env: SCENARIO_KEY }");
  MemoryStream& tool = client();
  tool.feed(get());
  vendor().feed(kRefused);
  turn();
  EXPECT_EQ(asked_, 1);
  EXPECT_EQ(tool.written, "");
  EXPECT_EQ(vendors(), 1u) << "it waits";
  reload_with("rotated-key-of-the-scenario");
  asking_[0]();
  turn();
  EXPECT_THAT(newest().written, HasSubstr("x-api-key: rotated-key-of-the-scenario\r\n"));
  newest().feed(kOk);
  turn();
  EXPECT_THAT(tool.written, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_EQ(refusals(), 1u);
}

TEST_F(CredentialTest, SendsAReadOnceMoreWithTheSameKeyAndThenPassesTheRefusalOn) {
  start_with("{ env: SCENARIO_KEY }");
  MemoryStream& tool = client();
  tool.feed(get());
  vendor().feed(kRefused);
  newest().feed(kRefused);
  turn();
  EXPECT_THAT(tool.written, StartsWith("HTTP/1.1 401 Unauthorized\r\n"));
  tool.written.clear();
  tool.feed(get());
  turn();
  newest().feed(kRefused);
  turn();
  EXPECT_THAT(tool.written, StartsWith("HTTP/1.1 401 Unauthorized\r\n")) << "a key that is known as refused";
  EXPECT_EQ(vendors(), 2u);
  EXPECT_EQ(asked_, 1);
  EXPECT_EQ(refusals(), 1u);
}

TEST_F(CredentialTest, NeverSendsAWriteAgain) {
  start_with(kTwoKeys);
  MemoryStream& tool = client();
  tool.feed(post(R"({"group":"x"})"));
  vendor().feed(kRefused);
  turn();
  EXPECT_THAT(tool.written, StartsWith("HTTP/1.1 401 Unauthorized\r\n"));
  EXPECT_EQ(vendors(), 1u);
  EXPECT_EQ(asked_, 1);
  EXPECT_EQ(refusals(), 1u);
  tool.feed(post(R"({"group":"x"})"));
  turn();
  EXPECT_THAT(newest().written, HasSubstr("x-api-key: vendor-key-of-the-scenario\r\n"));
  newest().feed(kOk);
  turn();
}

TEST_F(CredentialTest, TakesA403ForTheKeysOnlyWhereTheOperationIsKnown) {
  start_with(kTwoKeys);
  MemoryStream& tool = client();
  tool.feed(get("/push/open/x"));
  vendor().feed(kForbidden);
  turn();
  EXPECT_THAT(tool.written, StartsWith("HTTP/1.1 403 Forbidden\r\n"));
  EXPECT_EQ(refusals(), 0u);
  tool.feed(get());
  turn();
  newest().feed(kForbidden);
  turn();
  EXPECT_EQ(refusals(), 1u);
  newest().feed(kOk);
  turn();
  EXPECT_THAT(tool.written, HasSubstr("HTTP/1.1 200 OK\r\n"));
}

TEST_F(CredentialTest, SearchesTheAnswerForBothKeysThatWereSent) {
  for (const char* key : {"new-key-of-the-scenario", "vendor-key-of-the-scenario"}) {
    start_with(kTwoKeys);
    MemoryStream& tool = client();
    tool.feed(get());
    vendor().feed(kRefused);
    newest().feed("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nyour key is " + std::string(key));
    turn();
    EXPECT_THAT(tool.written, StartsWith("HTTP/1.1 502 Bad Gateway\r\n")) << key;
    EXPECT_THAT(tool.written, HasSubstr("credential-reflected"));
    TearDown();
    clients_.clear();
    vendors_.clear();
    audit_ = FakeAudit();
  }
  start();
}

TEST_F(CredentialTest, WithholdsARefusalThatShowsTheKey) {
  start_with(kTwoKeys);
  MemoryStream& tool = client();
  tool.feed(post(R"({"group":"x"})"));
  vendor().feed("HTTP/1.1 401 new-key-of-the-scenario\r\nContent-Length: 0\r\n\r\n");
  turn();
  EXPECT_THAT(tool.written, HasSubstr("credential-reflected"));
}

TEST_F(CredentialTest, AnswersWithoutAskingTheVendorWhenNoKeyIsLeft) {
  start_with("{ env: SCENARIO_KEY }");
  worker_->station()->serving->apis[0].credential.choose(Access::kRead).state->set_usable_until(Nanos(1));
  MemoryStream& tool = client();
  tool.feed(get() + post(R"({"group":"x"})"));
  turn();
  EXPECT_THAT(tool.written, StartsWith("HTTP/1.1 503 Service Unavailable\r\n"));
  EXPECT_THAT(tool.written, HasSubstr("credential-unavailable"));
  EXPECT_EQ(vendors(), 0u);
  EXPECT_THAT(outcomes(), testing::Each(AuditType::kRequestFailed));
}

TEST_F(CredentialTest, TakesARefusalBackWhenTheVendorAcceptsTheKeyAgain) {
  start_with("{ env: SCENARIO_KEY }");
  KeyState& key = *worker_->station()->serving->apis[0].credential.choose(Access::kRead).state;
  EXPECT_TRUE(key.refuse(401));
  MemoryStream& tool = client();
  tool.feed(get());
  vendor().feed(kOk);
  turn();
  EXPECT_EQ(key.refused(), 0);
  EXPECT_FALSE(key.refuse(401)) << "it was reported";
}

TEST_F(CredentialTest, GoesOnWhenNobodyResolvesInTime) {
  answers_at_once_ = false;
  start_with("{ env: SCENARIO_KEY }");
  MemoryStream& tool = client();
  tool.feed(get());
  vendor().feed(kRefused);
  turn_until([this] { return vendors() == 2; });
  newest().feed(kOk);
  turn();
  EXPECT_THAT(tool.written, StartsWith("HTTP/1.1 200 OK\r\n"));
  asking_[0]();  // too late: nobody waits any more
  turn();
}

TEST_F(CredentialTest, PassesOnTheRefusalOfAKeyThatIsKnownToBeRefused) {
  start_with("{ env: SCENARIO_KEY }");
  const auto serving = worker_->station()->serving;
  serving->apis[0].credential.choose(Access::kRead).state->refuse(401);
  MemoryStream& tool = client();
  tool.feed(get());
  vendor().feed(kRefused);
  turn();
  ASSERT_THAT(tool.written, StartsWith("HTTP/1.1 401 Unauthorized\r\n"));
  EXPECT_EQ(asked_, 0);
  EXPECT_EQ(audit_.records.back().attempts, 1);
}

TEST_F(CredentialTest, WhoWaitsForTheSameAnswerGetsTheOneWithTheOtherKey) {
  start_with(kTwoKeys, "    coalesce: true\n");
  room().budget->reject(monotonic_now(), monotonic_now() + std::chrono::milliseconds(200));
  std::vector<MemoryStream*> tools{&client(), &client()};
  for (MemoryStream* tool : tools) tool->feed(get());
  turn_until([this] { return !vendor().written.empty(); });
  EXPECT_THAT(vendor().written, HasSubstr("x-api-key: new-key-of-the-scenario\r\n"));
  vendor().feed(kRefused);
  turn_until([this] { return !newest().written.empty(); });
  EXPECT_THAT(newest().written, HasSubstr("x-api-key: vendor-key-of-the-scenario\r\n"));
  newest().feed(kOk);
  turn();
  for (MemoryStream* tool : tools) EXPECT_THAT(tool->written, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_EQ(vendors(), 2u);
  EXPECT_EQ(refusals(), 1u);
}

TEST_F(CredentialTest, MaySayThatItHasResolvedWhenTheWorkerIsGone) {
  answers_at_once_ = false;
  start_with("{ env: SCENARIO_KEY }");
  MemoryStream& tool = client();
  tool.feed(get());
  vendor().feed(kRefused);
  turn();
  tool.fail();
  turn();
  worker_.reset();
  asking_[0]();
}

TEST_F(CredentialTest, SendsSeveralReadsAgainAndAsksOnce) {
  answers_at_once_ = false;
  start_with("{ env: SCENARIO_KEY }");
  std::vector<MemoryStream*> tools;
  for (size_t i = 0; i < 3; ++i) {
    tools.push_back(&client());
    tools.back()->feed(get());
    vendor(i);
  }
  for (size_t i = 0; i < 3; ++i) vendors_[i]->feed(kRefused);
  turn();
  EXPECT_EQ(asked_, 1);
  reload_with("rotated-key-of-the-scenario");
  asking_[0]();
  turn_until([this] { return vendors() == 6; });
  turn();
  for (size_t i = 3; i < 6; ++i) {
    EXPECT_THAT(vendors_[i]->written, HasSubstr("rotated-key"));
    vendors_[i]->feed(kOk);
  }
  turn();
  for (MemoryStream* tool : tools) EXPECT_THAT(tool->written, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_EQ(refusals(), 1u);
}

TEST_F(CredentialTest, TriesEachNewKeyOnceWithTheProbe) {
  start_with(std::string(kTwoKeys) + ", probe: \"GET /v1/employees?limit=1\"");
  worker_->probe_keys();
  EXPECT_THAT(vendor().written, StartsWith("GET /v1/employees?limit=1 HTTP/1.1\r\nHost: 127.0.0.1:1\r\n"));
  EXPECT_THAT(vendor().written, HasSubstr("x-api-key: new-key-of-the-scenario\r\n\r\n"));
  vendor().feed(kForbidden);
  turn();
  EXPECT_EQ(refusals(), 1u);
  EXPECT_THAT(newest().written, HasSubstr("x-api-key: vendor-key-of-the-scenario\r\n\r\n"));
  newest().feed(kOk);
  turn();
  worker_->probe_keys();
  turn();
  EXPECT_EQ(vendors(), 2u) << "none of them is new";
  MemoryStream& tool = client();
  tool.feed(get());
  turn();
  EXPECT_THAT(newest().written, HasSubstr("x-api-key: vendor-key-of-the-scenario\r\n"))
      << "the other one is refused";
  newest().feed(kOk);
  turn();
  EXPECT_EQ(refusals(), 1u);
}

TEST_F(CredentialTest, LetsGoOfAProbeThatIsUnderWayWhenTheWorkerEnds) {
  start_with("{ env: SCENARIO_KEY }, probe: \"GET /v1/employees\"");
  worker_->probe_keys();
  vendor();
  worker_->drain(Millis(0));
  turn();
}

}  // namespace
}  // namespace sluice
