#include "proxy/keys/vault_answers.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "config/ascii.h"
#include "config/secret_source.h"

namespace sluice {
namespace {

using Json = nlohmann::json;

constexpr int64_t kLongestLease = 10LL * 365 * 24 * 3600;  // seconds

Json parse(std::string_view body) { return Json::parse(body, nullptr, false); }

const Json& member(const Json& json, const char* name) {
  static const Json kNothing;
  if (!json.is_object()) return kNothing;
  const auto found = json.find(name);
  return found == json.end() ? kNothing : *found;
}

Millis seconds_of(const Json& json) {
  if (!json.is_number_integer() || json < 0) return Millis(0);
  return Millis(1000 * std::min<int64_t>(json.get<int64_t>(), kLongestLease));
}

// Vault answers 404 for a version that was deleted too, and says so in its metadata.
std::string why_missing(const Json& answer) {
  const Json& metadata = member(member(answer, "data"), "metadata");
  if (!metadata.is_object()) return "404: there is nothing at this path, or the token may not read it";
  if (member(metadata, "destroyed") == Json(true)) return "404: its newest version was destroyed";
  return "404: its newest version was deleted: undelete it, or write a new one";
}

std::string why(int status, const Json& answer) {
  std::string text = std::to_string(status);
  switch (status) {
    case 400: return "400: it does not take the request";
    case 403: return "403: the token is not valid any more, or its policy does not allow this";
    case 404: return why_missing(answer);
    case 429: return "429: too many requests, or a standby that serves none";
    case 472:
    case 473: return text + ": it is a standby that serves no requests";
    case 503: return "503: it is sealed, or under maintenance";
    default: break;
  }
  if (status >= 300 && status < 400) return text + ": it names another address, which is not followed";
  return text;
}

Error unexpected(int status) { return Error{std::to_string(status) + ", but not with the JSON of Vault"}; }

}  // namespace

Result<VaultSecret> read_vault_secret(int status, std::string_view body) {
  Json answer = parse(body);
  if (status != 200) return Error{why(status, answer)};
  if (!member(answer, "data").is_object()) return unexpected(status);
  if (!answer["data"].contains("metadata"))
    return Error{"200, but not as KV version 2 does: is the engine of version 1"};
  Json& data = answer["data"]["data"];
  if (data.is_null()) return Error{why_missing(answer).substr(5)};
  if (!data.is_object()) return unexpected(status);
  VaultSecret secret;
  secret.lease = seconds_of(member(answer, "lease_duration"));
  for (auto& [key, value] : data.items()) {
    auto* text = value.get_ptr<std::string*>();
    if (text == nullptr) continue;
    Secret taken(std::move(*text));
    if (!taken.empty() && taken.reveal().size() <= kMaximumSecretSize) secret.values[key] = std::move(taken);
  }
  return secret;
}

Result<VaultToken> read_vault_auth(int status, std::string_view body) {
  Json answer = parse(body);
  if (status != 200) return Error{why(status, answer)};
  if (!member(answer, "auth").is_object()) return unexpected(status);
  Json& auth = answer["auth"];
  VaultToken token;
  token.lease = seconds_of(member(auth, "lease_duration"));
  token.renewable = member(auth, "renewable") == Json(true);
  auto* text = auth["client_token"].get_ptr<std::string*>();
  if (text == nullptr) return token;
  // It will stand in a header.
  if (!std::all_of(text->begin(), text->end(), is_visible)) return unexpected(status);
  token.token = Secret(std::move(*text));
  return token;
}

Result<VaultToken> read_vault_lookup(int status, std::string_view body) {
  const Json answer = parse(body);
  if (status != 200) return Error{why(status, answer)};
  const Json& data = member(answer, "data");
  if (!data.is_object()) return unexpected(status);
  return VaultToken{{}, seconds_of(member(data, "ttl")), member(data, "renewable") == Json(true)};
}

}  // namespace sluice
