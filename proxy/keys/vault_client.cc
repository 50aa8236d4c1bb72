#include "proxy/keys/vault_client.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "config/secret_source.h"
#include "proxy/crypto.h"
#include "proxy/log.h"
#include "proxy/net/tls_context.h"

namespace sluice {
namespace {

constexpr Millis kConnectTime{5'000};
constexpr Millis kAnswerTime{15'000};
constexpr Millis kAllTime{30'000};
constexpr Bytes kLongestAnswer = 1_MiB;
constexpr int kForbidden = 403;
constexpr Millis kShortestLease{1'000};  // a shorter one would have the gate ask without end

Millis part_of(Millis lease) { return std::max(kShortestLease, lease * 2 / 3); }

std::string origin_of(const VaultConfig& config) {
  return (config.address.tls ? "https://" : "http://") + config.address.authority;
}

// A login belongs to whom it was made for.
std::string owner_of(const VaultConfig& config, const Secret& given) {
  std::string owner = origin_of(config) + " " + config.name_space + " ";
  if (!config.kubernetes) return owner + fingerprint(given);
  return owner + config.kubernetes->mount + " " + config.kubernetes->role;
}

HttpClientOptions options_for(const VaultConfig& config, const TlsContext* tls) {
  HttpClientOptions options;
  options.origin = config.address;
  options.tls = tls;
  options.connect_timeout = kConnectTime;
  options.total_timeout = kAnswerTime;
  options.response_cap = kLongestAnswer;
  return options;
}

}  // namespace

// One read(): a connection, and the time it has.
struct VaultClient::Session {
  Session(const VaultConfig& from, const TlsContext* tls, VaultClient& of)
      : config(from), client(options_for(from, tls)), owner(of), now(of.now_), until(now() + kAllTime) {
    owner.set_asking(&client);
  }
  ~Session() { owner.set_asking(nullptr); }
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // The body comes wiped when it goes. An error is of the connection: nothing more will come of it.
  Result<std::pair<int, Secret>> ask(std::string method, const std::string& path, const Secret* token,
                                     std::string body = {}) {
    if (!broken.empty()) return Error{broken};
    HttpCall call{std::move(method), "/v1/" + path, {{"X-Vault-Request", "true"}}, std::move(body)};
    if (token != nullptr) call.headers.emplace_back("X-Vault-Token", token->reveal());
    if (!config.name_space.empty()) call.headers.emplace_back("X-Vault-Namespace", config.name_space);
    if (!call.body.empty()) call.headers.emplace_back("Content-Type", "application/json");
    HttpResult result;
    if (now() > until) {
      result.error = "no time left after other answers";
    } else {
      result = client.call(std::move(call));
    }
    Secret answer(std::move(result.body));
    if (!result.error.empty()) {
      broken = "vault " + origin_of(config) + ": " + result.error;
      return Error{broken};
    }
    return std::pair{result.status, std::move(answer)};
  }
  Error about(const std::string& path, const Error& error) const {
    return Error{"vault " + origin_of(config) + "/v1/" + path + " answered " + error.message};
  }

  const VaultConfig& config;
  BlockingClient client;
  VaultClient& owner;
  std::function<Nanos()> now;
  Nanos until;
  std::string broken;
};

void VaultClient::set_asking(BlockingClient* client) {
  const std::lock_guard lock(mutex_);
  asking_ = client;
  if (ended_ && asking_ != nullptr) asking_->cancel();
}

void VaultClient::end() {
  const std::lock_guard lock(mutex_);
  ended_ = true;
  if (asking_ != nullptr) asking_->cancel();
}

void VaultClient::take(VaultToken token, const std::string& owner) {
  const Nanos now = now_();
  see_to_it_at_ = token.lease.count() > 0 ? now + part_of(token.lease) : Nanos::max();
  ends_at_ = token.lease.count() > 0 ? now + token.lease : Nanos::max();
  token_ = std::move(token);
  owner_ = owner;
}

// With a token of its own, or as the pod's service account.
Result<void> VaultClient::log_in(Session& session) {
  const VaultConfig& config = session.config;
  token_.reset();
  if (!config.kubernetes) {
    Result<Secret> given = resolve_secret(config.token);
    if (!given) return Error{"vault.token: " + given.error().message};
    VaultToken token{*given, Millis(0), false};
    // How long it lasts is worth knowing, but not every policy lets it be asked.
    auto answer = session.ask("GET", "auth/token/lookup-self", &*given);
    if (!answer) return answer.error();
    if (auto looked_up = read_vault_lookup(answer->first, answer->second.reveal())) {
      token.lease = looked_up->lease;
      token.renewable = looked_up->renewable;
    }
    take(std::move(token), owner_of(config, *given));
    return {};
  }
  Result<Secret> jwt = resolve_secret({SecretRef::Kind::kFile, config.kubernetes->jwt_file, {}});
  if (!jwt) return Error{"vault.kubernetes.jwt: " + jwt.error().message};
  const nlohmann::json body{{"role", config.kubernetes->role}, {"jwt", std::string(jwt->reveal())}};
  const std::string path = "auth/" + config.kubernetes->mount + "/login";
  auto answer =
      session.ask("POST", path, nullptr, body.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
  if (!answer) return answer.error();
  auto token = read_vault_auth(answer->first, answer->second.reveal());
  if (token && token->token.empty()) token = Error{"200 without a token"};
  if (!token) return session.about(path, token.error());
  take(std::move(*token), owner_of(config, {}));
  return {};
}

void VaultClient::renew(Session& session) {
  constexpr const char* kPath = "auth/token/renew-self";
  auto answer = session.ask("POST", kPath, &token_->token, "{}");
  if (!answer) return;
  auto renewed = read_vault_auth(answer->first, answer->second.reveal());
  if (!renewed) {
    log_warning("vault token not renewed", {{"reason", session.about(kPath, renewed.error()).message}});
    token_->renewable = false;
    see_to_it_at_ = ends_at_;
    return;
  }
  renewed->token = token_->token;
  take(std::move(*renewed), owner_);
}

// A token that will do for this session. A service account's is renewed as long as Vault extends it.
Result<void> VaultClient::keep_token(Session& session) {
  const VaultConfig& config = session.config;
  Secret given;
  if (!config.kubernetes) {
    Result<Secret> token = resolve_secret(config.token);
    if (!token) return Error{"vault.token: " + token.error().message};
    given = std::move(*token);
  }
  if (!token_ || owner_ != owner_of(config, given)) return log_in(session);
  if (now_() < see_to_it_at_) return {};
  const Millis before = token_->lease;
  if (token_->renewable) renew(session);
  const bool is_short = token_->lease < before / 2;  // its longest life is near
  if (now_() < see_to_it_at_ && !is_short) return {};
  if (config.kubernetes || now_() >= ends_at_) return log_in(session);
  if (now_() >= see_to_it_at_) see_to_it_at_ = ends_at_;  // nothing makes it last longer
  return {};
}

VaultClient::Answers VaultClient::read(const VaultConfig& config, const std::set<std::string>& paths) {
  Answers answers;
  good_for_ = config.refresh;
  const auto fail_rest = [&](const Error& error) {
    for (const std::string& path : paths) answers.emplace(path, error);
    return answers;
  };
  std::unique_ptr<TlsContext> tls;
  if (config.address.tls) {
    auto made = TlsContext::for_client(config.ca);
    if (!made) return fail_rest(Error{"vault.tls: " + made.error().message});
    tls = std::move(*made);
  }
  Session session(config, tls.get(), *this);
  if (auto kept = keep_token(session); !kept) return fail_rest(kept.error());
  bool logged_in_anew = false;
  for (const std::string& path : paths) {
    auto answer = session.ask("GET", path, &token_->token);
    if (answer && answer->first == kForbidden && !std::exchange(logged_in_anew, true)) {
      if (auto again = log_in(session); !again) return fail_rest(again.error());
      answer = session.ask("GET", path, &token_->token);
    }
    if (!answer) {
      answers.emplace(path, answer.error());
      continue;
    }
    auto secret = read_vault_secret(answer->first, answer->second.reveal());
    if (secret && secret->lease.count() > 0) good_for_ = std::min(good_for_, part_of(secret->lease));
    if (!secret) secret = session.about(path, secret.error());
    answers.emplace(path, std::move(secret));
  }
  if (see_to_it_at_ != Nanos::max()) {
    const auto left = std::chrono::duration_cast<Millis>(see_to_it_at_ - now_());
    good_for_ = std::max(kShortestLease, std::min(good_for_, left));
  }
  return answers;
}

}  // namespace sluice
