// SecretSources against a server on loopback that answers as Vault does, and with a clock of the test's own.
#include "proxy/keys/secret_sources.h"

#include <gmock/gmock.h>

#include <condition_variable>
#include <thread>

#include "config/config_reader.h"
#include "config/secret_source.h"
#include "proxy/http/http_server.h"
#include "tests/unit/config/test_files.h"

namespace sluice {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

// On a thread of its own, as the client blocks.
class VaultDouble {
 public:
  VaultDouble() {
    auto server = serve_http(loop_, {"127.0.0.1", 0, "", {}}, nullptr,
                             [this](const HttpRequest& request, const HttpAnswer& respond) {
                               if (is_answered(request)) respond(answer(request));
                             });
    EXPECT_TRUE(server);
    server_ = std::move(*server);
    port_ = server_->port();
    thread_ = std::thread([this] { loop_.run(); });
  }
  ~VaultDouble() {
    loop_.post([this] {
      server_.reset();
      loop_.stop();
    });
    thread_.join();
  }

  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
  void set(int status, const std::string& data, int lease = 0) {
    const std::lock_guard lock(mutex_);
    status_ = status;
    body_ = R"({"lease_duration":)" + std::to_string(lease) + R"(,"data":{"data":)" + data +
            R"(,"metadata":{"version":1}}})";
  }
  void set_login(int lease, bool renewable) {
    const std::lock_guard lock(mutex_);
    auth_ = R"({"auth":{"client_token":"hvs.login","lease_duration":)" + std::to_string(lease) +
            R"(,"renewable":)" + (renewable ? "true" : "false") + "}}";
  }
  void set_lookup(int ttl, bool renewable) {
    const std::lock_guard lock(mutex_);
    auth_ = R"({"data":{"ttl":)" + std::to_string(ttl) + R"(,"renewable":)" + (renewable ? "true" : "false") +
            "}}";
  }
  // From now on nothing is answered.
  void fall_silent() {
    const std::lock_guard lock(mutex_);
    is_silent_ = true;
  }
  void wait_until_asked() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return !asked_.empty(); });
  }
  std::vector<std::string> asked() {
    const std::lock_guard lock(mutex_);
    return std::exchange(asked_, {});
  }

 private:
  bool is_answered(const HttpRequest& request) {
    const std::lock_guard lock(mutex_);
    asked_.push_back(request.method + " " + request.path);
    changed_.notify_all();
    return !is_silent_;
  }
  HttpResponse answer(const HttpRequest& request) {
    const std::lock_guard lock(mutex_);
    if (request.path.starts_with("/v1/auth/")) return {auth_.empty() ? 403 : 200, {}, auth_};
    return {status_, {}, body_};
  }

  EventLoop loop_;
  std::unique_ptr<HttpServer> server_;
  uint16_t port_ = 0;
  std::thread thread_;
  std::mutex mutex_;  // guards what follows
  int status_ = 200;
  std::string body_, auth_;
  std::vector<std::string> asked_;
  bool is_silent_ = false;
  std::condition_variable changed_;
};

class SecretSourcesTest : public testing::Test {
 protected:
  SecretSourcesTest() : token_("VAULT_TEST_TOKEN", "hvs.given") {}

  std::string yaml(const std::string& full, const std::string& token, const std::string& way_in) const {
    return R"yaml(
version: 1
listen: [ { address: "127.0.0.1:0" } ]
apis:
  push: { catalogue: push, upstream: "https://push.example", credential: { full: )yaml" +
           full + " } }\nclients:\n  soar: { token: " + token + " }\nvault: { address: \"" + vault_.url() +
           "\", refresh: 1m, " + way_in + " }\nsecrets: { keep: 10m }\npolicy: policy.yaml\n";
  }
  Config config(const std::string& full = R"({ vault: "secret/data/push#full" })",
                const std::string& token = "{ env: VAULT_TEST_TOKEN }",
                const std::string& way_in = "token: { env: VAULT_TEST_TOKEN }") const {
    Findings findings;
    auto read = read_config(yaml(full, token, way_in), folder_.path("sluice.yaml"), findings);
    for (const Finding& finding : findings.all()) ADD_FAILURE() << to_text(finding);
    return std::move(*read);
  }
  Result<void> fetch(Config& config) { return fetch(config, sources_); }
  static Result<void> fetch(Config& config, SecretSources& sources) {
    auto fetched = sources.fetch(config);
    if (fetched) sources.confirm();
    return fetched;
  }
  static const SecretRef& full_of(const Config& config) { return config.apis[0].credential.full[0]; }
  static std::string value_of(const SecretRef& ref) {
    const auto value = resolve_secret(ref);
    return value ? std::string(value->reveal()) : "error: " + value.error().message;
  }

  const TestFolder folder_;
  const TestVariable token_;
  VaultDouble vault_;
  Nanos now_{std::chrono::hours(100)};
  SecretSources sources_{[this] { return now_; }};
};

TEST_F(SecretSourcesTest, TakesEveryKeyOfAPathWithOneRead) {
  vault_.set(200, R"({"full":"first","read":"second"})");
  Config one = config(R"([ { vault: "secret/data/push#full" }, { vault: "secret/data/push#read" } ])");
  ASSERT_TRUE(fetch(one));
  EXPECT_EQ(value_of(one.apis[0].credential.full[0]), "first");
  EXPECT_EQ(value_of(one.apis[0].credential.full[1]), "second");
  EXPECT_THAT(vault_.asked(), ElementsAre("GET /v1/auth/token/lookup-self", "GET /v1/secret/data/push"));
  EXPECT_EQ(sources_.poll_after(), Millis(60'000));
}

TEST_F(SecretSourcesTest, TellsWhoWaitsForAVaultThatIsSilentThatTheProcessEnds) {
  vault_.fall_silent();
  std::thread ends([this] {
    vault_.wait_until_asked();
    sources_.end();
  });
  Config one = config();
  const auto waited = sources_.fetch(one);
  ends.join();
  ASSERT_FALSE(waited);
  EXPECT_THAT(waited.error().message, HasSubstr("cancelled"));
  const auto later = sources_.fetch(one);
  ASSERT_FALSE(later);
  EXPECT_THAT(later.error().message, HasSubstr("cancelled"));
}

TEST_F(SecretSourcesTest, AsksNobodyWhereNothingIsInVault) {
  Config one = config("{ env: VAULT_TEST_TOKEN }");
  ASSERT_TRUE(fetch(one));
  EXPECT_FALSE(sources_.changed());
  EXPECT_EQ(sources_.poll_after(), std::nullopt);
  EXPECT_THAT(vault_.asked(), SizeIs(0));
}

TEST_F(SecretSourcesTest, KnowsWhenAValueIsAnotherOneIsLostAndIsFoundAgain) {
  vault_.set(200, R"({"full":"first"})");
  Config one = config();
  ASSERT_TRUE(fetch(one));
  EXPECT_FALSE(sources_.changed());
  vault_.set(200, R"({"full":"second"})");
  EXPECT_TRUE(sources_.changed());
  one = config();
  ASSERT_TRUE(fetch(one));
  EXPECT_FALSE(sources_.changed());
  vault_.set(503, "null");
  EXPECT_TRUE(sources_.changed());
  one = config();
  ASSERT_TRUE(fetch(one));
  EXPECT_EQ(value_of(full_of(one)), "second");
  EXPECT_FALSE(sources_.changed()) << "it is still lost";
  vault_.set(200, R"({"full":"second"})");
  EXPECT_TRUE(sources_.changed());
  one = config();
  ASSERT_TRUE(fetch(one));
  EXPECT_EQ(full_of(one).usable_until, Nanos::max());
  EXPECT_FALSE(sources_.changed());
}

TEST_F(SecretSourcesTest, KeepsAVendorsKeyAndSaysUntilWhen) {
  vault_.set(200, R"({"full":"first"})");
  Config one = config();
  ASSERT_TRUE(fetch(one));
  EXPECT_EQ(full_of(one).usable_until, Nanos::max());
  vault_.set(503, "null");
  const Nanos lost = now_;
  for (const auto later : {std::chrono::minutes(0), std::chrono::minutes(5), std::chrono::minutes(11)}) {
    now_ = lost + later;
    one = config();
    ASSERT_TRUE(fetch(one)) << "the other parts of the configuration are not to suffer";
    EXPECT_EQ(value_of(full_of(one)), "first");
    EXPECT_EQ(full_of(one).usable_until, lost + std::chrono::minutes(10));
  }
}

TEST_F(SecretSourcesTest, KeepsAnotherSecretAndRefusesItAfterItsTime) {
  const std::string full = "{ env: VAULT_TEST_TOKEN }", token = R"({ vault: "secret/data/soar#token" })";
  vault_.set(200, R"({"token":"first"})");
  Config one = config(full, token);
  ASSERT_TRUE(fetch(one));
  vault_.set(404, "null");
  now_ += std::chrono::minutes(1);
  one = config(full, token);
  ASSERT_TRUE(fetch(one));
  EXPECT_EQ(value_of(one.clients[0].tokens[0]), "first");
  now_ += std::chrono::minutes(10);
  one = config(full, token);
  const auto refused = fetch(one);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message, folder_.path("sluice.yaml") + ":7:18: token: vault " + vault_.url() +
                                         "/v1/secret/data/soar answered 404: its newest version was deleted: "
                                         "undelete it, or write a new one");
}

TEST_F(SecretSourcesTest, RefusesWhatWasNeverHad) {
  vault_.set(503, "null");
  Config one = config();
  const auto refused = fetch(one);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message,
              HasSubstr("full: vault " + vault_.url() + "/v1/secret/data/push answered 503"));
  EXPECT_THAT(refused.error().message, testing::Not(HasSubstr("hvs.")));
}

TEST_F(SecretSourcesTest, RefusesAFileThatIsGoneAndSaysHowLongItsKeyMayStillBeUsed) {
  const std::string file = folder_.write("push.key", "first\n");
  const std::string full = "{ file: push.key }";
  Config one = config(full);
  ASSERT_TRUE(fetch(one));
  EXPECT_EQ(value_of(full_of(one)), "first");
  const Nanos lost = now_;
  for (const char* content : {"", "a\nb"}) {
    folder_.write("push.key", content);
    one = config(full);
    EXPECT_THAT(fetch(one).error().message, HasSubstr(":5:82: full: secret file " + file));
    EXPECT_EQ(value_of(full_of(one)), "first");
    EXPECT_EQ(full_of(one).usable_until, lost + std::chrono::minutes(10));
    now_ += std::chrono::minutes(1);
  }
  folder_.write("push.key", "second\n");
  one = config(full);
  ASSERT_TRUE(fetch(one));
  EXPECT_EQ(value_of(full_of(one)), "second");
  EXPECT_EQ(full_of(one).usable_until, Nanos::max());
}

TEST_F(SecretSourcesTest, LeavesAFileThatNeverWasToWhoeverResolvesIt) {
  Config one = config("{ file: none.key }");
  ASSERT_TRUE(fetch(one));
  EXPECT_THAT(value_of(full_of(one)), HasSubstr("none.key: no such file or directory"));
}

TEST_F(SecretSourcesTest, ForgetsWhatTheConfigurationNoLongerNames) {
  folder_.write("push.key", "first\n");
  Config one = config("{ file: push.key }");
  ASSERT_TRUE(fetch(one));
  Config other = config("{ env: VAULT_TEST_TOKEN }");
  ASSERT_TRUE(fetch(other));
  std::remove(folder_.path("push.key").c_str());
  one = config("{ file: push.key }");
  ASSERT_TRUE(fetch(one));
  EXPECT_THAT(value_of(full_of(one)), HasSubstr("no such file"));
}

TEST_F(SecretSourcesTest, GoesOnWatchingWhatIsInForceWhenAConfigurationIsNotTaken) {
  vault_.set(200, R"({"full":"first"})");
  Config one = config();
  ASSERT_TRUE(fetch(one));
  Config rejected = config("{ env: VAULT_TEST_TOKEN }");
  ASSERT_TRUE(sources_.fetch(rejected));
  EXPECT_EQ(sources_.poll_after(), Millis(60'000));
  EXPECT_FALSE(sources_.changed());
  vault_.set(200, R"({"full":"second"})");
  EXPECT_TRUE(sources_.changed());
}

TEST_F(SecretSourcesTest, LogsInOnceForSeveralReadsAndSeesToItsLeaseInTime) {
  const std::string pod = "kubernetes: { role: sluice, jwt: jwt }";
  folder_.write("jwt", "eyJ.x");
  vault_.set_login(30, true);
  vault_.set(200, R"({"full":"first"})");
  Config one = config(R"({ vault: "secret/data/push#full" })", "{ env: VAULT_TEST_TOKEN }", pod);
  ASSERT_TRUE(fetch(one));
  EXPECT_FALSE(sources_.changed());
  EXPECT_THAT(vault_.asked(), ElementsAre("POST /v1/auth/kubernetes/login", "GET /v1/secret/data/push",
                                          "GET /v1/secret/data/push"));
  EXPECT_EQ(sources_.poll_after(), Millis(20'000)) << "two thirds of the login's 30 s";
}

TEST_F(SecretSourcesTest, RenewsALoginThatMayBeAndLogsInAnewOtherwise) {
  const std::string pod = "kubernetes: { role: sluice, jwt: jwt }";
  folder_.write("jwt", "eyJ.x");
  vault_.set(200, R"({"full":"first"})");
  for (const bool renewable : {true, false}) {
    SecretSources sources{[this] { return now_; }};
    vault_.set_login(30, renewable);
    Config one = config(R"({ vault: "secret/data/push#full" })", "{ env: VAULT_TEST_TOKEN }", pod);
    ASSERT_TRUE(fetch(one, sources));
    vault_.asked();
    now_ += std::chrono::seconds(21);
    EXPECT_FALSE(sources.changed());
    EXPECT_EQ(vault_.asked()[0],
              renewable ? "POST /v1/auth/token/renew-self" : "POST /v1/auth/kubernetes/login");
  }
}

TEST_F(SecretSourcesTest, AsksNoMoreOftenAsATokenThatCannotBeRenewedComesToItsEnd) {
  vault_.set(200, R"({"full":"first"})");
  vault_.set_lookup(3'600, false);
  Config one = config();
  ASSERT_TRUE(fetch(one));
  EXPECT_EQ(sources_.poll_after(), Millis(60'000));
  now_ += std::chrono::seconds(2'500);
  EXPECT_FALSE(sources_.changed());
  EXPECT_EQ(sources_.poll_after(), Millis(60'000));
}

TEST_F(SecretSourcesTest, AsksEarlierForASecretWithALease) {
  vault_.set(200, R"({"full":"first"})", 30);
  Config one = config();
  ASSERT_TRUE(fetch(one));
  EXPECT_EQ(sources_.poll_after(), Millis(20'000));
}

}  // namespace
}  // namespace sluice
