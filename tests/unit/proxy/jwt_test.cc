// JWTs: what is refused before a key is looked for, and what a verified one must say.
#include <gtest/gtest.h>

#include "proxy/identity/jwt_check.h"
#include "tests/fixtures/jwt_signer.h"

namespace sluice {
namespace {

using Why = AuthFailure;

constexpr int64_t kNow = 1'800'000'000;
constexpr const char* kClaims = R"({"iss":"idp","aud":"sluice","sub":"robot","exp":1800000600})";

// Made once: a key costs a tenth of a second.
const JwtSigner& rsa() {
  static const JwtSigner signer = JwtSigner::rsa();
  return signer;
}

const JwtSigner& ec() {
  static const JwtSigner signer = JwtSigner::ec();
  return signer;
}

class Jwt : public testing::Test {
 protected:
  Jwt() {
    issuer_.issuer = "idp";
    issuer_.audiences = {"sluice", "other"};
    use(R"({"keys":[)" + rsa().jwk(R"(,"kid":"r")") + "," + ec().jwk(R"(,"kid":"e")") + "]}");
  }

  void use(const std::string& jwks) {
    auto parsed = JwkSet::parse(jwks);
    ASSERT_TRUE(parsed) << parsed.error().message;
    keys_ = std::move(*parsed);
  }

  JwtVerdict judge(const std::string& token) {
    Jws jws;
    if (const Why why = read_jws(token, jws); why != Why::kNone) return {why};
    return check_jwt(jws, issuer_, &*keys_, at(kNow));
  }
  static std::chrono::system_clock::time_point at(int64_t seconds) {
    return std::chrono::system_clock::time_point(std::chrono::seconds(seconds));
  }
  Why header(const std::string& text) { return judge(ec().token(text, kClaims)).why; }
  Why claims(const std::string& text) { return judge(ec().token(R"({"alg":"ES256","kid":"e"})", text)).why; }
  std::vector<std::string> subjects(const std::string& text) {
    return judge(ec().token(R"({"alg":"ES256","kid":"e"})", text)).subjects;
  }
  // The usual claims, with others before them.
  Why with(const std::string& more) { return claims("{" + more + R"(,"iss":"idp","sub":"robot"})"); }

  JwtConfig issuer_;
  std::optional<JwkSet> keys_;
};

TEST_F(Jwt, HoldsWithAKeyOfEitherKind) {
  EXPECT_EQ(judge(rsa().token(R"({"alg":"RS256","kid":"r","typ":"JWT"})", kClaims)).subjects,
            std::vector<std::string>{"robot"});
  EXPECT_EQ(judge(ec().token(R"({"alg":"ES256","kid":"e"})", kClaims)).subjects,
            std::vector<std::string>{"robot"});
}

TEST_F(Jwt, IsLookedForWhereTwoDotsFollowAHeader) {
  EXPECT_TRUE(looks_like_jwt(base64url_encode("{}") + ".."));
  EXPECT_TRUE(looks_like_jwt(base64url_encode("{not json") + ".a.b"));
  EXPECT_FALSE(looks_like_jwt(base64url_encode("{}") + "."));
  EXPECT_FALSE(looks_like_jwt(base64url_encode("{}") + "...."));
  EXPECT_FALSE(looks_like_jwt("my.own.token"));
  EXPECT_FALSE(looks_like_jwt(""));
  EXPECT_TRUE(looks_like_jwt("eyJ" + std::string(kMostJwtOctets, 'a') + ".a.b"));
}

TEST_F(Jwt, IsMalformedWithAnythingThatIsNotStrict) {
  const std::string good = ec().token(R"({"alg":"ES256","kid":"e"})", kClaims);
  EXPECT_EQ(judge(good).why, Why::kNone);
  const size_t last = good.rfind('.');
  for (const std::string& bad :
       {good + "=", good + "\n", " " + good, good.substr(0, last), good.substr(0, last + 1), good + ".",
        good.substr(0, last) + "+" + good.substr(last + 1), good.substr(0, last) + "=" + good.substr(last),
        good.substr(0, last + 1) + good.substr(last + 2), std::string("..")}) {
    EXPECT_EQ(judge(bad).why, Why::kJwtMalformed) << bad;
  }
  EXPECT_EQ(judge(std::string(kMostJwtOctets + 1, 'a')).why, Why::kJwtTooLong);
}

TEST_F(Jwt, IsMalformedWithAHeaderThatIsNotOneObject) {
  for (const char* text :
       {"", "{}", "[]", "null", R"({"alg":"ES256","alg":"ES256"})", R"({"alg":"ES256"}{})", R"({"alg":1})",
        R"({"alg":null})", R"({"alg":["ES256"]})", R"({"alg":"ES256","kid":1})",
        R"({"alg":"ES256","kid":"e","crit":["exp"],"exp":1})", R"({"alg":"ES256","kid":"e","crit":[]})",
        R"({"alg":"ES256","kid":"e","b64":false})", R"({"alg":"ES256","kid":"e","typ":"logout+jwt"})",
        R"({"alg":"ES256","kid":"e","typ":"dpop+jwt"})", R"({"alg":"ES256","kid":"e","typ":1})"}) {
    EXPECT_EQ(header(text), Why::kJwtMalformed) << text;
  }
  for (const char* text :
       {R"({"alg":"ES256","kid":"e","typ":"application/at+JWT"})",
        R"({"alg":"ES256","kid":"e","typ":"JOSE"})", R"({ "kid" : "e", "alg" : "ES256" })"})
    EXPECT_EQ(header(text), Why::kNone) << text;
}

TEST_F(Jwt, IsRefusedWithAnAlgorithmThatTheIssuerDoesNotUse) {
  for (const char* name : {"none", "None", "NONE", "", "HS256", "HS512", "RS384", "PS256", "ES384", "EdDSA",
                           "es256", "ES256 ", "ES256\\u0000"})
    EXPECT_EQ(header(std::string(R"({"kid":"e","alg":")") + name + "\"}"), Why::kJwtAlgorithm) << name;
  issuer_.algorithms = {JwtAlgorithm::kRs256};
  EXPECT_EQ(header(R"({"alg":"ES256","kid":"e"})"), Why::kJwtAlgorithm);
}

TEST_F(Jwt, IsRefusedWhereItsAlgorithmIsNotThatOfItsKey) {
  EXPECT_EQ(header(R"({"alg":"RS256","kid":"e"})"), Why::kJwtSignature);
  EXPECT_EQ(header(R"({"alg":"ES256","kid":"r"})"), Why::kJwtSignature);
}

TEST_F(Jwt, NamesItsKeyExactly) {
  for (const char* kid : {"E", "e ", "", "e\\u0000", "r/../e"})
    EXPECT_EQ(header(std::string(R"({"alg":"ES256","kid":")") + kid + "\"}"), Why::kJwtUnknownKey) << kid;
  const JwtVerdict unknown = judge(ec().token(R"({"alg":"ES256","kid":"new"})", kClaims));
  EXPECT_TRUE(unknown.keys_may_have_changed);
}

TEST_F(Jwt, NeedsNoKeyIdWhereThereIsOneKey) {
  EXPECT_EQ(header(R"({"alg":"ES256"})"), Why::kJwtUnknownKey);
  EXPECT_FALSE(judge(ec().token(R"({"alg":"ES256"})", kClaims)).keys_may_have_changed);
  use(R"({"keys":[)" + ec().jwk() + "]}");
  EXPECT_EQ(header(R"({"alg":"ES256"})"), Why::kNone);
  EXPECT_EQ(header(R"({"alg":"ES256","kid":"e"})"), Why::kJwtUnknownKey);
}

TEST_F(Jwt, DoesNotBringItsOwnKey) {
  const JwtSigner other = JwtSigner::ec();
  const std::string header = R"({"alg":"ES256","kid":"e","jku":"https://x.example/","x5c":["MA=="],"jwk":)";
  EXPECT_EQ(judge(other.token(header + other.jwk() + "}", kClaims)).why, Why::kJwtSignature);
}

TEST_F(Jwt, IsRefusedWhenAnythingSignedHasChanged) {
  const std::string good = ec().token(R"({"alg":"ES256","kid":"e"})", kClaims);
  const std::string other = ec().token(R"({"alg":"ES256","kid":"e"})",
                                       R"({"iss":"idp","aud":"sluice","sub":"admin","exp":1800000600})");
  const std::string mixed = other.substr(0, other.rfind('.')) + good.substr(good.rfind('.'));
  EXPECT_EQ(judge(mixed).why, Why::kJwtSignature);
}

TEST_F(Jwt, IsForAnAudienceOfOurs) {
  const std::string exp = R"("exp":1800000600,)";
  EXPECT_EQ(with(exp + R"("aud":"sluice")"), Why::kNone);
  EXPECT_EQ(with(exp + R"("aud":["x","other"])"), Why::kNone);
  for (const char* aud : {R"("aud":"Sluice")", R"("aud":"sluice ")", R"("aud":[])", R"("aud":["x"])",
                          R"("aud":"sluic")", R"("audience":"sluice")", R"("aud":"")"})
    EXPECT_EQ(with(exp + aud), Why::kJwtWrongAudience) << aud;
  for (const char* aud : {R"("aud":1)", R"("aud":{"sluice":1})", R"("aud":["sluice",1])", R"("aud":null)",
                          R"("aud":[["sluice"]])"})
    EXPECT_EQ(with(exp + aud), Why::kJwtMalformed) << aud;
}

TEST_F(Jwt, EndsAtItsExpiryAndTheLeeway) {
  const auto ends = [this](const std::string& exp) { return with(R"("aud":"sluice","exp":)" + exp); };
  EXPECT_EQ(ends("1799999941"), Why::kNone);
  EXPECT_EQ(ends("1799999940.5"), Why::kNone);
  EXPECT_EQ(ends("1799999940"), Why::kJwtExpired);
  EXPECT_EQ(ends("0"), Why::kJwtExpired);
  EXPECT_EQ(ends("-1"), Why::kJwtExpired);
  EXPECT_EQ(ends("1e300"), Why::kNone);
  EXPECT_EQ(ends("\"1800000600\""), Why::kJwtMalformed);
  EXPECT_EQ(ends("null"), Why::kJwtMalformed);
  EXPECT_EQ(with(R"("aud":"sluice")"), Why::kJwtMalformed);
  issuer_.leeway = Millis(0);
  EXPECT_EQ(ends("1800000000"), Why::kJwtExpired);
  EXPECT_EQ(ends("1800000001"), Why::kNone);
}

TEST_F(Jwt, BeginsWithinTheLeeway) {
  const std::string rest = R"("aud":"sluice","exp":1900000000,)";
  for (const char* name : {"nbf", "iat"}) {
    const std::string claim = rest + "\"" + name + "\":";
    EXPECT_EQ(with(claim + "1800000060"), Why::kNone) << name;
    EXPECT_EQ(with(claim + "1800000061"), Why::kJwtNotYetValid) << name;
    EXPECT_EQ(with(claim + "\"now\""), Why::kJwtMalformed) << name;
  }
}

TEST_F(Jwt, NamesItsClientByAText) {
  const std::string rest = R"({"iss":"idp","aud":"sluice","exp":1900000000)";
  EXPECT_EQ(claims(rest + "}"), Why::kJwtNoClient);
  EXPECT_EQ(claims(rest + R"(,"sub":7})"), Why::kJwtNoClient);
  EXPECT_EQ(claims(rest + R"(,"sub":["robot"]})"), Why::kJwtNoClient);
  issuer_.client_claim = "azp";
  EXPECT_EQ(subjects(rest + R"(,"sub":"robot","azp":"app"})"), std::vector<std::string>{"app"});
}

TEST_F(Jwt, NamesItsClientByAListWhereTheClaimIsOne) {
  const std::string rest = R"({"iss":"idp","aud":"sluice","exp":1900000000,"sub":"robot","groups":)";
  issuer_.client_claim = "groups";
  EXPECT_EQ(subjects(rest + R"(["a","b"]})"), (std::vector<std::string>{"a", "b"}));
  for (const char* wrong : {"[]", R"(["a",7])", R"([["a"]])", "{}", "7", "null"})
    EXPECT_EQ(claims(rest + wrong + "}"), Why::kJwtNoClient) << wrong;
}

TEST_F(Jwt, IsNotBelievedBeforeItsSignatureIs) {
  const JwtSigner other = JwtSigner::ec();
  const std::string expired = R"({"iss":"idp","aud":"x","sub":"robot","exp":1})";
  EXPECT_EQ(judge(other.token(R"({"alg":"ES256","kid":"e"})", expired)).why, Why::kJwtSignature);
  EXPECT_EQ(claims(R"({"iss":"idp","iss":"idp","aud":"sluice","sub":"robot","exp":1900000000})"),
            Why::kJwtMalformed);
}

TEST_F(Jwt, HasNoKeysUntilTheyAreHad) {
  Jws jws;
  ASSERT_EQ(read_jws(ec().token(R"({"alg":"ES256"})", kClaims), jws), Why::kNone);
  const JwtVerdict verdict = check_jwt(jws, issuer_, nullptr, at(kNow));
  EXPECT_EQ(verdict.why, Why::kJwtNoKeys);
  EXPECT_TRUE(verdict.keys_may_have_changed);
}

class Jwks : public testing::Test {
 protected:
  static size_t usable(const std::string& keys) {
    const auto set = JwkSet::parse(R"({"keys":[)" + keys + "]}");
    return set ? set->size() : 0;
  }
};

TEST_F(Jwks, PassesOverWhatCannotVerify) {
  for (const std::string& more :
       {std::string(R"(,"use":"enc")"), std::string(R"(,"use":1)"), std::string(R"(,"key_ops":["sign"])"),
        std::string(R"(,"key_ops":"verify")"), std::string(R"(,"key_ops":[])"),
        std::string(R"(,"alg":"RS512")"), std::string(R"(,"alg":"HS256")"), std::string(R"(,"alg":null)")}) {
    EXPECT_EQ(usable(rsa().jwk(more)), 0U) << more;
    EXPECT_EQ(usable(ec().jwk(more)), 0U) << more;
  }
  EXPECT_EQ(usable(rsa().jwk(R"(,"use":"sig","key_ops":["verify"],"alg":"RS256","x5t":"AA")")), 1U);
  EXPECT_EQ(usable(ec().jwk(R"(,"alg":"RS256")")), 0U);
  EXPECT_EQ(usable(R"({"kty":"oct","k":"AAAA"},{"kty":"OKP","crv":"Ed25519","x":"AA"},{"kty":1},{})"), 0U);
  EXPECT_EQ(usable(R"({"kty":"EC","crv":"P-384","x":"AA","y":"AA"},{"kty":"EC"},{"kty":"RSA","n":"AQAB"})"),
            0U);
  EXPECT_EQ(usable(R"({"kty":"oct","k":"AAAA"},)" + ec().jwk()), 1U);
  EXPECT_EQ(usable(JwtSigner::rsa(1024).jwk()), 0U);
}

TEST_F(Jwks, RefusesWhatIsNoSet) {
  for (const char* text : {"", "{}", "[]", "<html></html>", R"({"keys":{}})", R"({"keys":[]})",
                           R"({"keys":[1]})", R"({"keys":[],"keys":[]})", R"({"keys":"a"})"})
    EXPECT_FALSE(JwkSet::parse(text)) << text;
  EXPECT_FALSE(JwkSet::parse(std::string(kMostJwksOctets + 1, ' ')));
}

TEST_F(Jwks, RefusesTwoKeysOfOneName) {
  EXPECT_EQ(usable(rsa().jwk(R"(,"kid":"a")") + "," + ec().jwk(R"(,"kid":"a")")), 0U);
  EXPECT_EQ(usable(rsa().jwk(R"(,"kid":"a")") + "," + ec().jwk(R"(,"kid":"b")")), 2U);
  EXPECT_EQ(usable(rsa().jwk() + "," + ec().jwk()), 2U);
}

TEST_F(Jwks, RefusesAPrivateKey) {
  EXPECT_EQ(usable(ec().jwk(R"(,"kid":"a","d":"AAAA")")), 0U);
  EXPECT_EQ(usable(rsa().jwk(R"(,"kid":"a")") + "," + ec().jwk(R"(,"kid":"b","d":"AAAA")")), 0U);
  EXPECT_EQ(usable(rsa().jwk() + R"(,{"kty":"OKP","crv":"Ed25519","x":"AA","d":"AA"})"), 0U);
}

TEST_F(Jwks, RefusesMoreThanAHundredKeys) {
  std::string keys;
  for (int i = 0; i < 100; ++i)
    keys += (i > 0 ? "," : "") + ec().jwk(R"(,"kid":")" + std::to_string(i) + '"');
  EXPECT_EQ(usable(keys), 100U);
  EXPECT_EQ(usable(keys + "," + ec().jwk()), 0U);
}

}  // namespace
}  // namespace sluice
