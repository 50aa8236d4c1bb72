#include "proxy/identity/jws.h"

#include <algorithm>
#include <array>

#include "config/ascii.h"
#include "proxy/crypto.h"

namespace sluice {

namespace {

using Type = JsonValue::Type;

constexpr size_t kMostSignatureOctets = 1024;  // of an RSA key of 8192 bits

std::optional<JsonValue> read_object(std::string_view text) {
  auto json = parse_json_strictly(text, false);
  if (!json || json->type != Type::kObject) return std::nullopt;
  return std::move(*json);
}

// RFC 7515 4.1.9: "application/" may be left out, and case does not count.
bool is_type_of_jwt(std::string_view type) {
  constexpr std::string_view kPrefix = "application/";
  constexpr std::array<std::string_view, 3> kTypes = {"jwt", "at+jwt", "jose"};
  const std::string lower = to_lower(type);
  std::string_view bare = lower;
  if (bare.starts_with(kPrefix)) bare.remove_prefix(kPrefix.size());
  return std::find(kTypes.begin(), kTypes.end(), bare) != kTypes.end();
}

// A member that must be a text where it stands. False: it is something else.
bool read_member(const JsonValue& object, std::string_view name, std::optional<std::string>& out) {
  const JsonValue* member = object.find(name);
  if (member == nullptr) return true;
  if (member->type != Type::kString) return false;
  out = member->text;
  return true;
}

bool read_header(std::string_view text, Jws& out) {
  const auto header = read_object(text);
  if (!header || header->find("crit") != nullptr || header->find("b64") != nullptr) return false;
  std::optional<std::string> algorithm, type;
  if (!read_member(*header, "alg", algorithm) || !read_member(*header, "kid", out.kid) ||
      !read_member(*header, "typ", type)) {
    return false;
  }
  if (!algorithm || (type && !is_type_of_jwt(*type))) return false;
  out.algorithm = std::move(*algorithm);
  return true;
}

}  // namespace

bool looks_like_jwt(std::string_view token) {
  if (std::count(token.begin(), token.end(), '.') != 2) return false;
  if (token.size() > kMostJwtOctets) return token.starts_with("ey");  // {" in base64url
  const auto header = base64url_decode(token.substr(0, token.find('.')));
  return header && header->starts_with('{');
}

AuthFailure read_jws(std::string_view token, Jws& out) {
  if (token.size() > kMostJwtOctets) return AuthFailure::kJwtTooLong;
  const size_t first = token.find('.');
  const size_t last = token.rfind('.');
  if (first == last) return AuthFailure::kJwtMalformed;
  const auto header = base64url_decode(token.substr(0, first));
  const auto payload = base64url_decode(token.substr(first + 1, last - first - 1));
  auto signature = base64url_decode(token.substr(last + 1));
  if (!header || !payload || !signature || signature->empty() || signature->size() > kMostSignatureOctets)
    return AuthFailure::kJwtMalformed;
  out = {};
  if (!read_header(*header, out)) return AuthFailure::kJwtMalformed;
  auto claims = read_object(*payload);
  if (!claims) return AuthFailure::kJwtMalformed;
  out.claims = std::move(*claims);
  out.signed_text = token.substr(0, last);
  out.signature = std::move(*signature);
  return AuthFailure::kNone;
}

}  // namespace sluice
