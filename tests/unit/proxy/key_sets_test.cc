// Where issuers' keys come from: a file and a real server on loopback, which lies, hangs and changes its
// keys.
#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <fstream>

#include "proxy/http/http_server.h"
#include "proxy/identity/key_sets.h"
#include "tests/fixtures/jwt_signer.h"

namespace sluice {
namespace {

namespace fs = std::filesystem;

const JwtSigner& signer() {
  static const JwtSigner made = JwtSigner::ec();
  return made;
}

std::string jwks_of(const std::string& kid) {
  return R"({"keys":[)" + signer().jwk(R"(,"kid":")" + kid + '"') + "]}";
}

bool has(const std::shared_ptr<const JwkSet>& keys, const std::string& kid) {
  return keys != nullptr && keys->find(kid) != nullptr;
}

JwtConfig issuer_at(uint16_t port) {
  JwtConfig issuer;
  issuer.issuer = "idp";
  issuer.audiences = {"sluice"};
  issuer.jwks.url = UpstreamUrl{false, "127.0.0.1", port, "/keys?x=y", "127.0.0.1:" + std::to_string(port)};
  return issuer;
}

JwtConfig issuer_in(const fs::path& file, const std::string& name = "idp") {
  JwtConfig issuer;
  issuer.issuer = name;
  issuer.audiences = {"sluice"};
  issuer.jwks.file = file;
  return issuer;
}

// The source and the server on one loop.
class KeyUrlTest : public testing::Test, protected KeySourceOwner {
 protected:
  ~KeyUrlTest() override {
    source_.reset();
    server_.reset();
    resolver_.reset();
  }

  void start(KeyTimes times = {}) {
    auto server = serve_http(loop_, {"127.0.0.1", 0, "", {}}, nullptr,
                             [this](const HttpRequest& request, HttpAnswer answer) {
                               ++requests_;
                               target_ = request.path + "?" + request.query;
                               if (hangs_) return hung_.push_back(std::move(answer));
                               answer(response_);
                             });
    ASSERT_TRUE(server) << server.error().message;
    server_ = std::move(*server);
    auto source = make_key_source(issuer_at(server_->port()), loop_, *resolver_, *this, times);
    ASSERT_TRUE(source) << source.error().message;
    source_ = std::move(*source);
    source_->start();
  }

  void run_until(const std::function<bool()>& done) {
    const Millis give_up = loop_.now() + Millis(20'000);
    while (!done() && loop_.now() < give_up) uv_run(loop_.uv(), UV_RUN_ONCE);
    EXPECT_TRUE(done()) << "gave up waiting";
  }

  bool ask() {
    bool told = false;
    source_->ask([&told] { told = true; });
    run_until([&told] { return told; });
    return told;
  }

  void on_keys(const std::string&, std::shared_ptr<const JwkSet> keys) override { keys_ = std::move(keys); }
  void on_key_trouble(const std::string&, const std::string& trouble) override {
    trouble_ = trouble;
    ++answers_;
  }

  EventLoop loop_;
  std::unique_ptr<Resolver> resolver_ = std::make_unique<Resolver>(loop_);
  std::unique_ptr<HttpServer> server_;
  std::unique_ptr<KeySource> source_;
  HttpResponse response_{200, {}, jwks_of("a")};
  bool hangs_ = false;
  std::vector<HttpAnswer> hung_;
  int requests_ = 0, answers_ = 0;
  std::string target_, trouble_;
  std::shared_ptr<const JwkSet> keys_;
};

TEST_F(KeyUrlTest, FetchesAtStart) {
  start();
  run_until([this] { return answers_ == 1; });
  EXPECT_TRUE(has(keys_, "a"));
  EXPECT_EQ(trouble_, "");
  EXPECT_EQ(target_, "/keys?x=y");
}

TEST_F(KeyUrlTest, FetchesAtOnceForAnUnknownKeyAndThenNotForAMinute) {
  start();
  run_until([this] { return answers_ == 1; });
  response_.body = jwks_of("b");
  ask();
  EXPECT_TRUE(has(keys_, "b"));
  EXPECT_FALSE(has(keys_, "a"));
  EXPECT_EQ(requests_, 2);
  for (int i = 0; i < 5; ++i) ask();
  EXPECT_EQ(requests_, 2);
}

TEST_F(KeyUrlTest, TellsAllWhoWaitForOneFetch) {
  hangs_ = true;
  start();
  run_until([this] { return requests_ == 1; });
  int told = 0;
  for (int i = 0; i < 10; ++i) source_->ask([&told] { ++told; });
  EXPECT_EQ(told, 0);
  hung_.front()(response_);
  run_until([&told] { return told == 10; });
  EXPECT_EQ(requests_, 1);
  EXPECT_TRUE(has(keys_, "a"));
}

TEST_F(KeyUrlTest, AsksAgainWhenTheAnswerIsNoLongerFresh) {
  KeyTimes times;
  times.shortest = times.longest = Millis(20);
  start(times);
  run_until([this] { return answers_ == 3; });
  response_.body = jwks_of("c");
  run_until([this] { return has(keys_, "c"); });
}

TEST_F(KeyUrlTest, KeepsItsKeysWhateverTheServerSays) {
  KeyTimes times;
  times.between_asks = Millis(0);
  start(times);
  run_until([this] { return answers_ == 1; });
  const std::string none = R"({"keys":[]})";
  const std::vector<HttpResponse> lies = {
      {200, {{"Content-Type", "text/html"}}, "<html>log in</html>"},
      {200, {}, ""},
      {200, {}, none},
      {200, {}, R"({"keys":[{"kty":"oct","k":"AAAA","kid":"a"}]})"},
      {302, {{"Location", "http://127.0.0.1:1/keys"}}, jwks_of("z")},
      {404, {}, jwks_of("z")},
      {500, {}, jwks_of("z")},
      {200, {}, jwks_of("z") + std::string(kMostJwksOctets, ' ')},
  };
  for (const HttpResponse& lie : lies) {
    response_ = lie;
    ask();
    EXPECT_TRUE(has(keys_, "a")) << lie.status << lie.body.substr(0, 40);
    EXPECT_NE(trouble_, "") << lie.status << lie.body.substr(0, 40);
  }
  EXPECT_EQ(requests_, static_cast<int>(lies.size()) + 1);
  response_ = {200, {}, jwks_of("z")};
  ask();
  EXPECT_TRUE(has(keys_, "z"));
  EXPECT_EQ(trouble_, "");
}

TEST_F(KeyUrlTest, GivesUpOnAServerThatHangs) {
  KeyTimes times;
  times.patience = Millis(50);
  hangs_ = true;
  start(times);
  int told = 0;
  source_->ask([&told] { ++told; });
  run_until([&told] { return told == 1; });
  EXPECT_NE(trouble_.find("no answer in time"), std::string::npos) << trouble_;
  EXPECT_EQ(keys_, nullptr);
}

TEST(RefreshAfter, IsWhatCacheControlSaysWithinBounds) {
  const KeyTimes times;
  const auto after = [&times](const std::string& value) {
    return refresh_after({{"cache-control", value}}, times);
  };
  EXPECT_EQ(refresh_after({}, times), kHour);
  EXPECT_EQ(after("public, max-age=7200, must-revalidate"), 2 * kHour);
  EXPECT_EQ(after("Max-Age=\"7200\""), 2 * kHour);
  EXPECT_EQ(after("max-age=0"), Millis(300'000));
  EXPECT_EQ(after("max-age=31536000"), kDay);
  EXPECT_EQ(after("max-age=99999999999999999999"), kDay);
  EXPECT_EQ(after("max-age=-1"), kHour);
  EXPECT_EQ(after("max-age=7200, no-cache"), Millis(300'000));
  EXPECT_EQ(after("no-store"), Millis(300'000));
  EXPECT_EQ(after(",,max-age,s-maxage=5,"), kHour);
}

class KeySetsTest : public testing::Test {
 protected:
  KeySetsTest() {
    std::string pattern = (fs::temp_directory_path() / "keys-XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no temporary directory");
    folder_ = pattern;
  }
  ~KeySetsTest() override { fs::remove_all(folder_); }

  fs::path write(const std::string& name, const std::string& text) const {
    std::ofstream(folder_ / "new") << text;
    fs::rename(folder_ / "new", folder_ / name);
    return folder_ / name;
  }
  // Once what was asked has been answered.
  static void ask(KeySets& sets, const std::string& issuer) {
    std::atomic<bool> told{false};
    sets.ask(issuer, [&told] { told = true; });
    while (!told) std::this_thread::yield();
  }
  static bool knows(const KeySets& sets, const std::string& issuer, const std::string& kid) {
    const auto snapshot = sets.snapshot();
    const JwkSet* keys = snapshot->of(issuer);
    return keys != nullptr && keys->find(kid) != nullptr;
  }

  fs::path folder_;
};

TEST_F(KeySetsTest, HasTheKeysOfAFileAtOnceAndTakesUpItsChanges) {
  KeySets sets;
  ASSERT_TRUE(sets.take_up({issuer_in(write("k", jwks_of("a")))}));
  EXPECT_TRUE(knows(sets, "idp", "a"));
  write("k", jwks_of("b"));
  ask(sets, "idp");
  EXPECT_TRUE(knows(sets, "idp", "b"));
  EXPECT_FALSE(knows(sets, "idp", "a"));
  write("k", "{ half");
  ask(sets, "idp");
  EXPECT_TRUE(knows(sets, "idp", "b"));
  ASSERT_EQ(sets.states().size(), 1U);
  EXPECT_NE(sets.states()[0].trouble, "");
  fs::remove(folder_ / "k");
  ask(sets, "idp");
  EXPECT_TRUE(knows(sets, "idp", "b"));
}

TEST_F(KeySetsTest, ChangesNothingWhenOneFileCannotBeUsed) {
  KeySets sets;
  ASSERT_TRUE(sets.take_up({issuer_in(write("k", jwks_of("a")))}));
  const auto refused =
      sets.take_up({issuer_in(write("l", jwks_of("l")), "other"), issuer_in(folder_ / "none")});
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("issuer idp"), std::string::npos) << refused.error().message;
  EXPECT_TRUE(knows(sets, "idp", "a"));
  EXPECT_FALSE(knows(sets, "other", "l"));
  EXPECT_FALSE(sets.take_up({issuer_in(write("m", "{}"))}));
}

TEST_F(KeySetsTest, KeepsWhatStaysAndDropsTheRest) {
  KeySets sets;
  const fs::path one = write("one", jwks_of("a"));
  const fs::path two = write("two", jwks_of("b"));
  ASSERT_TRUE(sets.take_up({issuer_in(one, "one"), issuer_in(two, "two")}));
  const JwkSet* before = sets.snapshot()->of("one");
  JwtConfig changed = issuer_in(one, "one");
  changed.audiences = {"another"};
  ASSERT_TRUE(sets.take_up({changed, issuer_in(two, "three")}));
  EXPECT_EQ(sets.snapshot()->of("one"), before);
  EXPECT_FALSE(knows(sets, "two", "b"));
  EXPECT_TRUE(knows(sets, "three", "b"));
  ASSERT_TRUE(sets.take_up({issuer_in(write("other", jwks_of("c")), "one")}));
  ask(sets, "one");
  EXPECT_TRUE(knows(sets, "one", "c"));
  EXPECT_FALSE(knows(sets, "one", "a"));
  EXPECT_EQ(sets.states().size(), 1U);
  ask(sets, "two");  // answered, though nobody knows it
}

TEST_F(KeySetsTest, StartsWithoutAServer) {
  KeySets sets;
  ASSERT_TRUE(sets.take_up({issuer_at(1)}));
  ask(sets, "idp");
  EXPECT_EQ(sets.snapshot()->of("idp"), nullptr);
  EXPECT_NE(sets.states().at(0).trouble, "");
}

TEST_F(KeySetsTest, EndsWhileSomebodyWaits) {
  EventLoop loop;
  auto server = serve_http(loop, {"127.0.0.1", 0, "", {}}, nullptr, [](const HttpRequest&, HttpAnswer) {});
  ASSERT_TRUE(server);
  {
    KeySets sets;
    ASSERT_TRUE(sets.take_up({issuer_at((*server)->port())}));
    sets.ask("idp", [] { ADD_FAILURE() << "told after the end"; });
  }
  server->reset();
}

}  // namespace
}  // namespace sluice
