#include "proxy/gate/serving.h"

#include "config/secret_source.h"
#include "policy/compiler.h"

namespace sluice {
namespace {

constexpr size_t kShortestSalt = 16;  // octets

}  // namespace

Result<std::shared_ptr<const Serving>> make_serving(Config config, std::unique_ptr<const Engine> engine,
                                                    std::string policy_sha256, std::string policy_text,
                                                    Secrets* secrets) {
  Secrets none;
  Secrets& known = secrets != nullptr ? *secrets : none;
  if (auto fetched = known.sources.fetch(config); !fetched) return fetched.error();
  auto serving = std::make_shared<Serving>();
  for (size_t i = 0; i < config.apis.size(); ++i) {
    const ApiConfig& api = config.apis[i];
    const Catalogue& catalogue = engine->catalogue(i);
    ServedApi served;
    Result<Credential> credential = Credential::resolve(api.credential, catalogue, api.name, &known.keys);
    if (!credential) return Error{"api " + api.name + ": " + credential.error().message};
    served.credential = std::move(*credential);
    served.limit = api.limit.value_or(catalogue.limit);
    served.server_name =
        api.upstream_tls.server_name.empty() ? api.upstream.host : api.upstream_tls.server_name;
    if (api.upstream.tls) {
      auto tls = TlsContext::for_client(api.upstream_tls);
      if (!tls) return Error{"api " + api.name + ": " + tls.error().message};
      served.tls = std::move(*tls);
    }
    serving->apis.push_back(std::move(served));
  }
  if (config.audit.capture_salt.kind != SecretRef::Kind::kNone) {
    Result<Secret> salt = resolve_secret(config.audit.capture_salt);
    if (!salt) return Error{"audit.capture_salt: " + salt.error().message};
    if (salt->reveal().size() < kShortestSalt)
      return Error{"audit.capture_salt: " + config.audit.capture_salt.name +
                   " holds less than 16 octets: a short salt can be guessed"};
    serving->capture_salt = std::move(*salt);
  }
  Result<Identity> identity = Identity::resolve(config.clients);
  if (!identity) return identity.error();
  serving->identity = std::move(*identity);
  const Vocabulary& vocabulary = engine->compiled().vocabulary;
  TallyNames names{vocabulary.apis, vocabulary.clients, vocabulary.operation_ids()};
  serving->tally_names = std::make_shared<const TallyNames>(std::move(names));
  serving->config = std::move(config);
  serving->engine = std::move(engine);
  serving->policy_text = std::move(policy_text);
  serving->policy_sha256 = std::move(policy_sha256);
  known.sources.confirm();
  return std::shared_ptr<const Serving>(std::move(serving));
}

}  // namespace sluice
