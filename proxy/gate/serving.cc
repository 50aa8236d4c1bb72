#include "proxy/gate/serving.h"

#include <algorithm>

#include "config/secret_source.h"
#include "policy/compiler.h"
#include "proxy/crypto.h"
#include "proxy/tracing/trace_target.h"

namespace sluice {
namespace {

constexpr size_t kShortestSalt = 16;  // octets

// A key in force whose place gives nothing any more may be used for a while only, whatever becomes of this
// snapshot.
void limit_lost_keys(const Config& config, KeyStates& keys) {
  for (const ApiConfig& api : config.apis) {
    for (const auto* refs : {&api.credential.read, &api.credential.full})
      for (const SecretRef& ref : *refs)
        if (ref.usable_until != Nanos::max())
          keys.of(api.name, fingerprint(ref.fetched))->set_usable_until(ref.usable_until);
  }
}

std::shared_ptr<const UpstreamTarget> target_before(const Serving* before, const std::string& api) {
  if (before == nullptr) return nullptr;
  for (const ServedApi& served : before->apis)
    if (served.target->api == api) return served.target;
  return nullptr;
}

Result<std::shared_ptr<const UpstreamTarget>> make_target(const ApiConfig& api, const Serving* before) {
  const auto old = target_before(before, api.name);
  const bool same_tls = old != nullptr && old->files == api.upstream_tls &&
                        (old->tls != nullptr) == api.upstream.tls &&
                        (old->tls == nullptr || old->tls->is_current());
  if (same_tls && old->url == api.upstream && old->timeouts == api.timeouts) return old;
  auto target = std::make_shared<UpstreamTarget>();
  target->api = api.name;
  target->url = api.upstream;
  target->files = api.upstream_tls;
  target->timeouts = api.timeouts;
  const std::string& server_name = api.upstream_tls.server_name;
  target->server_name = server_name.empty() ? api.upstream.host : server_name;
  if (same_tls) {
    target->tls = old->tls;
  } else if (api.upstream.tls) {
    auto tls = TlsContext::for_client(api.upstream_tls);
    if (!tls) return tls.error();
    target->tls = std::move(*tls);
  }
  return std::shared_ptr<const UpstreamTarget>(std::move(target));
}

Result<ServedApi> make_api(const ApiConfig& api, const Catalogue& catalogue, const Serving* before,
                           KeyStates& keys) {
  ServedApi served;
  Result<Credential> credential = Credential::resolve(api.credential, catalogue, api.name, &keys);
  if (!credential) return credential.error();
  served.credential = std::move(*credential);
  served.limit = api.limit.value_or(catalogue.limit);
  auto target = make_target(api, before);
  if (!target) return target.error();
  served.target = std::move(*target);
  return served;
}

// Of the same address before, or null.
std::shared_ptr<const TlsContext> listener_tls_before(const Serving* before, const ListenConfig& listener,
                                                      bool& same_files) {
  if (before == nullptr) return nullptr;
  for (size_t i = 0; i < before->listener_tls.size(); ++i) {
    const ListenConfig& old = before->config.listen[i];
    if (!(old.address == listener.address) || !old.tls) continue;
    same_files = *old.tls == *listener.tls;
    return before->listener_tls[i];
  }
  return nullptr;
}

Result<std::shared_ptr<const TlsContext>> make_listener_tls(const ListenConfig& listener,
                                                            const Serving* before) {
  if (!listener.tls) return std::shared_ptr<const TlsContext>();
  bool same_files = false;
  auto old = listener_tls_before(before, listener, same_files);
  if (old != nullptr && same_files && old->is_current()) return old;
  auto made = TlsContext::for_listener(*listener.tls, old.get());
  if (!made) return made.error();
  return std::shared_ptr<const TlsContext>(std::move(*made));
}

Result<Secret> resolve_salt(const SecretRef& ref) {
  if (ref.kind == SecretRef::Kind::kNone) return Secret();
  Result<Secret> salt = resolve_secret(ref);
  if (!salt) return Error{"audit.capture_salt: " + salt.error().message};
  if (salt->reveal().size() < kShortestSalt)
    return Error{"audit.capture_salt: " + ref.name +
                 " holds less than 16 octets: a short salt can be guessed"};
  return salt;
}

}  // namespace

Result<std::shared_ptr<Serving>> make_serving(Config config, std::unique_ptr<const Engine> engine,
                                              ServingTexts texts, const Serving* before, Secrets* secrets) {
  Secrets none;
  Secrets& known = secrets != nullptr ? *secrets : none;
  const Result<void> fetched = known.sources.fetch(config);
  limit_lost_keys(config, known.keys);
  if (!fetched) return fetched.error();
  auto serving = std::make_shared<Serving>();
  for (size_t i = 0; i < config.apis.size(); ++i) {
    Result<ServedApi> served = make_api(config.apis[i], engine->catalogue(i), before, known.keys);
    if (!served) return Error{"api " + config.apis[i].name + ": " + served.error().message};
    serving->apis.push_back(std::move(*served));
  }
  for (const ListenConfig& listener : config.listen) {
    auto tls = make_listener_tls(listener, before);
    if (!tls) return tls.error();
    serving->listener_tls.push_back(std::move(*tls));
  }
  Result<Secret> salt = resolve_salt(config.audit.capture_salt);
  if (!salt) return salt.error();
  serving->capture_salt = std::move(*salt);
  if (config.rate_limit_store && config.rate_limit_store->password.kind != SecretRef::Kind::kNone) {
    Result<Secret> password = resolve_secret(config.rate_limit_store->password);
    if (!password) return Error{"rate_limit_store.password: " + password.error().message};
    serving->store_password = std::move(*password);
  }
  if (config.tracing) {
    auto headers = resolve_trace_headers(*config.tracing);
    if (!headers) return headers.error();
    serving->trace_headers = std::move(*headers);
  }
  std::vector<std::string> headers;
  for (const ServedApi& api : serving->apis) headers.emplace_back(api.credential.header());
  Result<Identity> identity = Identity::resolve(config.clients, config.identity, std::move(headers));
  if (!identity) return identity.error();
  serving->identity = std::move(*identity);
  // It has their digests: the tokens themselves are of no more use.
  for (ClientConfig& client : config.clients)
    for (SecretRef& ref : client.tokens) ref.fetched = {};
  if (config.connect) {
    Result<Connecting> connecting =
        make_connecting(config, before != nullptr && before->connect ? &*before->connect : nullptr);
    if (!connecting) return connecting.error();
    serving->connect = std::move(*connecting);
  }
  const Vocabulary& vocabulary = engine->compiled().vocabulary;
  TallyNames names{vocabulary.apis, vocabulary.clients, vocabulary.operation_ids()};
  const bool same_names = before != nullptr && *before->tally_names == names;
  serving->tally_names =
      same_names ? before->tally_names : std::make_shared<const TallyNames>(std::move(names));
  serving->config = std::move(config);
  serving->config_sha256 = std::move(texts.config_sha256);
  serving->engine = std::move(engine);
  serving->policy_text = std::move(texts.policy);
  serving->policy_sha256 = std::move(texts.policy_sha256);
  return serving;
}

}  // namespace sluice
