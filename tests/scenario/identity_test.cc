// Requests of which nobody knows yet who asks: they wait for an issuer's keys, or for their 401, and hold up
// nobody else.
#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>

#include "tests/fixtures/jwt_signer.h"
#include "tests/scenario/gate_fixture.h"

namespace sluice {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
namespace fs = std::filesystem;

constexpr const char* kIssuer =
    "identity: { jwt: [ { issuer: idp, audience: sluice, jwks: { file: /nowhere.json } } ] }\n";

const JwtSigner& signer() {
  static const JwtSigner made = JwtSigner::ec();
  return made;
}

// The keys have not come until the test lets them: a KeySets that has taken nothing up answers nobody.
class IdentityWait : public GateFixture {
 protected:
  IdentityWait() {
    std::string pattern = (fs::temp_directory_path() / "identity-XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no temporary directory");
    folder_ = pattern;
    std::ofstream(folder_ / "jwks.json") << R"({"keys":[)" + signer().jwk(R"(,"kid":"a")") + "]}";
    key_sets_ = &sets_;
    tool_settings_ = ", jwt: robot";
  }
  ~IdentityWait() override { fs::remove_all(folder_); }
  void TearDown() override {
    sets_.stop();
    GateFixture::TearDown();
  }

  void let_keys_come() {
    JwtConfig issuer;
    issuer.issuer = "idp";
    issuer.jwks.file = folder_ / "jwks.json";
    ASSERT_TRUE(sets_.take_up({issuer}));
  }

  static std::string with_jwt(std::string request, const std::string& kid = "a") {
    const std::string header = R"({"alg":"ES256","kid":")" + kid + "\"}";
    const std::string token =
        signer().token(header, R"({"iss":"idp","aud":"sluice","sub":"robot","exp":9000000000})");
    const std::string key = "x-api-key: token-of-the-scenario";
    return request.replace(request.find(key), key.size(), "Authorization: Bearer " + token);
  }
  static std::string with_wrong_token(std::string request) {
    const std::string key = "token-of-the-scenario";
    return request.replace(request.find(key), key.size(), "guess");
  }
  void answer(MemoryStream& vendor) { vendor.feed("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"); }

  KeySets sets_;
  fs::path folder_;
};

TEST_F(IdentityWait, GoesOnWithItsBodyOnceTheKeysHaveCome) {
  start("", kIssuer);
  const std::string body = "{\"group\":\"" + std::string(30'000, 'g') + "\"}";
  const std::string request = with_jwt(post(body));
  MemoryStream& tool = client();
  tool.feed(request.substr(0, request.size() - 10));
  turn();
  EXPECT_EQ(vendors(), 0U);
  EXPECT_EQ(tool.written, "");
  let_keys_come();
  turn_until([this] { return worker_->callers().waiting() == 0; });
  tool.feed(request.substr(request.size() - 10));
  answer(vendor());
  turn();
  EXPECT_THAT(vendor().written, HasSubstr(body));
  EXPECT_THAT(tool.written, HasSubstr("200 OK"));
  EXPECT_THAT(outcomes(), ElementsAre(AuditType::kRequestAttempted, AuditType::kRequestForwarded));
  EXPECT_EQ(audit_.records.back().client, "tool");
}

TEST_F(IdentityWait, KeepsWhatFollowsOnItsConnectionInOrder) {
  start("", kIssuer);
  MemoryStream& tool = client();
  tool.feed(with_jwt(get("/push/v1/findings?n=1")) + get("/push/v1/findings?n=2"));
  turn();
  EXPECT_EQ(vendors(), 0U);
  let_keys_come();
  EXPECT_THAT(vendor().written, HasSubstr("n=1"));
  answer(vendor());
  turn_until([this] { return vendor().written.find("n=2") != std::string::npos; });
  answer(vendor());
  turn();
  EXPECT_EQ(outcomes().size(), 2U);
}

TEST_F(IdentityWait, HoldsUpNobodyElse) {
  start("", kIssuer);
  client().feed(with_jwt(get()));
  turn();
  MemoryStream& other = client();
  other.feed(get());
  answer(vendor());
  turn();
  EXPECT_THAT(other.written, HasSubstr("200 OK"));
  let_keys_come();
  turn_until([this] { return worker_->callers().waiting() == 0; });
}

TEST_F(IdentityWait, RefusesAKeyThatIsNotThereAfterAll) {
  start("", kIssuer);
  MemoryStream& tool = client();
  tool.feed(with_jwt(get(), "b"));
  turn();
  EXPECT_EQ(tool.written, "");
  let_keys_come();
  turn_until([&tool] { return !tool.written.empty(); });
  EXPECT_THAT(tool.written, HasSubstr("401"));
  EXPECT_THAT(tool.written, HasSubstr("the key that signed the token is not known"));
  EXPECT_EQ(shared_->auth_failures.by_reason[static_cast<size_t>(AuthFailure::kJwtUnknownKey)], 1U);
}

TEST_F(IdentityWait, RefusesAtOnceWhenTooManyWait) {
  start("", kIssuer + std::string("limits: { failed_attempts: 0 }\n"));
  for (size_t i = 0; i < Callers::kMostKeyWaits; ++i) client().feed(with_jwt(get()));
  turn();
  EXPECT_EQ(worker_->callers().waiting(), Callers::kMostKeyWaits);
  MemoryStream& last = client();
  last.feed(with_jwt(get()));
  turn();
  EXPECT_THAT(last.written, HasSubstr("the keys of the token's issuer cannot be had"));
  EXPECT_EQ(clients_[0]->written, "");
}

TEST_F(IdentityWait, IsForgottenWhenItsClientLeaves) {
  start("", kIssuer);
  MemoryStream& tool = client();
  tool.feed(with_jwt(get()));
  turn();
  EXPECT_EQ(worker_->callers().waiting(), 1U);
  tool.fail();
  turn();
  EXPECT_EQ(worker_->callers().waiting(), 0U);
  EXPECT_THAT(outcomes(), ElementsAre(AuditType::kRequestFailed));
  let_keys_come();
  turn();
}

TEST_F(IdentityWait, HoldsBackOnlyTheFailuresOfASource) {
  start("", "limits: { failed_attempts: 2 }\n");
  for (int i = 0; i < 2; ++i) {
    MemoryStream& stranger = client();
    stranger.feed(with_wrong_token(get()));
    turn();
    EXPECT_THAT(stranger.written, HasSubstr("401"));
  }
  MemoryStream& held = client();
  held.feed(with_wrong_token(post(R"({"group":"x"})")) + get());
  turn();
  EXPECT_EQ(held.written, "");
  MemoryStream& good = client();
  good.feed(get());
  answer(vendor());
  turn();
  EXPECT_THAT(good.written, HasSubstr("200 OK"));
  EXPECT_EQ(held.written, "");
  // Then its body is passed over, and what follows is served.
  turn_until([&held] { return !held.written.empty(); });
  EXPECT_THAT(held.written, HasSubstr("401"));
  answer(vendor());
  turn_until([&held] { return held.written.find("200 OK") != std::string::npos; });
}

}  // namespace
}  // namespace sluice
