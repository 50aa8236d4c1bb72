// A JWT, and a JWK Set: what is read is what stands there, in one spelling only; and no text passes for one
// that the keys of RFC 7515 have signed but those that they have.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "proxy/crypto.h"
#include "proxy/identity/jwt_check.h"
#include "tests/fuzz/fuzz.h"

namespace sluice {
namespace {

// RFC 7515 A.2.1 and A.3.1, the public parts.
constexpr const char* kKeys =
    R"({"keys":[{"kty":"RSA","kid":"a2","n":"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-)"
    R"(Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kp)"
    R"(aSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXF)"
    R"(vUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ","e":"AQAB"}]})";
constexpr const char* kEcKey =
    R"({"keys":[{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",)"
    R"("y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}]})";
constexpr const char* kPayload =
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";

std::string base64url(std::string_view data) {
  std::string text = base64_encode(data);
  std::replace(text.begin(), text.end(), '+', '-');
  std::replace(text.begin(), text.end(), '/', '_');
  text.erase(std::find(text.begin(), text.end(), '='), text.end());
  return text;
}

bool is_before_the_signature(AuthFailure why) {
  return why == AuthFailure::kJwtAlgorithm || why == AuthFailure::kJwtUnknownKey ||
         why == AuthFailure::kJwtNoKeys || why == AuthFailure::kJwtSignature;
}

void judge(const Jws& jws, const char* keys, const std::string& signed_header) {
  const Result<JwkSet> set = JwkSet::parse(keys);
  require(set.ok() && set->size() == 1, "the keys of the RFC are usable");
  JwtConfig issuer;
  issuer.issuer = "joe";
  issuer.audiences = {"sluice"};
  const JwtVerdict verdict = check_jwt(jws, issuer, &*set, std::chrono::system_clock::time_point());
  require(verdict.why != AuthFailure::kNone, "no token of the RFC is for us");
  require(is_before_the_signature(verdict.why) || jws.signed_text == signed_header + "." + kPayload,
          "a signature is of what was signed");
}

void read_token(std::string_view token) {
  const bool looks = looks_like_jwt(token);
  require(!looks || std::count(token.begin(), token.end(), '.') == 2, "a JWT has two dots");
  Jws jws;
  const AuthFailure why = read_jws(token, jws);
  require(why == AuthFailure::kNone || why == AuthFailure::kJwtMalformed || why == AuthFailure::kJwtTooLong,
          "a text is read, malformed or too long");
  if (why != AuthFailure::kNone) return;
  require(looks && token.size() <= kMostJwtOctets, "what is read looks like a JWT");
  require(std::string(jws.signed_text) + "." + base64url(jws.signature) == token,
          "a signature has one spelling");
  require(jws.claims.type == JsonValue::Type::kObject, "claims are an object");
  const size_t dot = token.find('.');
  const auto payload = base64url_decode(jws.signed_text.substr(dot + 1));
  require(payload && base64url(*payload) == jws.signed_text.substr(dot + 1), "claims have one spelling");
  judge(jws, kKeys, "eyJhbGciOiJSUzI1NiJ9");
  judge(jws, kEcKey, "eyJhbGciOiJFUzI1NiJ9");
}

void read_keys(std::string_view text) {
  const Result<JwkSet> set = JwkSet::parse(text);
  if (!set) return require(!set.error().message.empty(), "a refusal says why");
  const auto json = nlohmann::json::parse(text.begin(), text.end(), nullptr, false);
  require(json.is_object() && json["keys"].is_array(), "a set is an object with keys");
  require(set->size() > 0 && set->size() <= json["keys"].size(), "a set has some of its keys");
  require(set->find(std::nullopt) == nullptr || set->size() == 1, "the only key has no name");
}

}  // namespace
}  // namespace sluice

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text = sluice::text_of(data, size);
  sluice::read_token(text);
  sluice::read_keys(text);
  return 0;
}
