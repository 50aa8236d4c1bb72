#include "proxy/identity/key_url.h"

#include "proxy/http/http_client.h"
#include "proxy/net/address_guard.h"

namespace sluice {

namespace {

Result<JwkSet> keys_of(const HttpResult& answer) {
  if (!answer.error.empty()) return Error{answer.error};
  if (answer.status != 200) return Error{"the answer's status is " + std::to_string(answer.status)};
  return JwkSet::parse(answer.body);
}

class KeyUrl final : public KeySource, private DeadlineObserver {
 public:
  KeyUrl(const JwtConfig& issuer, EventLoop& loop, Resolver& resolver, KeySourceOwner& owner,
         const KeyTimes& times)
      : issuer_(issuer.issuer),
        url_(*issuer.jwks.url),
        loop_(loop),
        resolver_(resolver),
        owner_(owner),
        times_(times),
        next_fetch_(*this) {}

  Result<void> open(const std::string& ca) {
    if (!url_.tls) return {};
    auto tls = TlsContext::for_client(ca);
    if (!tls) return tls.error();
    tls_ = std::move(*tls);
    return {};
  }

  std::shared_ptr<const JwkSet> first_keys() const override { return nullptr; }

  void start() override {
    HttpClientOptions options;
    options.origin = url_;
    options.tls = tls_.get();
    options.total_timeout = times_.patience;
    options.connect_timeout = std::min(options.connect_timeout, times_.patience);
    options.response_cap = {kMostJwksOctets};
    options.refuse_address = [](const IpAddress& address) { return refuse_address(address, false); };
    client_ = make_http_client(loop_, resolver_, std::move(options));
    fetch();
  }

  void ask(std::function<void()> done) override {
    if (!is_fetching_ && asked_ && loop_.now() - *asked_ < times_.between_asks) return done();
    waiting_.push_back(std::move(done));
    if (is_fetching_) return;
    asked_ = loop_.now();
    fetch();
  }

 private:
  void on_deadline() override { fetch(); }

  void fetch() {
    if (is_fetching_) return;
    is_fetching_ = true;
    // An authority that cannot be read again leaves the old one in force.
    if (tls_ != nullptr && !tls_->is_current()) (void)tls_->reload();
    client_->send({"GET",
                   url_.path,
                   {{"Accept", "application/jwk-set+json, application/json"}, {"User-Agent", "sluice"}},
                   ""},
                  [this](const HttpResult& answer) { on_answer(answer); });
  }

  void on_answer(const HttpResult& answer) {
    is_fetching_ = false;
    Result<JwkSet> keys = keys_of(answer);
    Millis again = times_.after_failure;
    if (keys) {
      again = refresh_after(answer.headers, times_);
      owner_.on_keys(issuer_, std::make_shared<const JwkSet>(std::move(*keys)));
    }
    owner_.on_key_trouble(issuer_, keys ? "" : url_.authority + ": " + keys.error().message);
    next_fetch_.set(loop_.deadlines(), again);
    for (const auto& done : std::exchange(waiting_, {})) done();
  }

  const std::string issuer_;
  const UpstreamUrl url_;
  EventLoop& loop_;
  Resolver& resolver_;
  KeySourceOwner& owner_;
  const KeyTimes times_;
  std::unique_ptr<TlsContext> tls_;  // null for http; outlives the client
  std::unique_ptr<HttpClient> client_;
  Deadline next_fetch_;
  std::vector<std::function<void()>> waiting_;
  std::optional<Millis> asked_;  // when a fetch was begun for an unknown kid
  bool is_fetching_ = false;
};

}  // namespace

Result<std::unique_ptr<KeySource>> make_key_url(const JwtConfig& issuer, EventLoop& loop, Resolver& resolver,
                                                KeySourceOwner& owner, const KeyTimes& times) {
  auto source = std::make_unique<KeyUrl>(issuer, loop, resolver, owner, times);
  if (Result<void> opened = source->open(issuer.jwks.ca); !opened)
    return Error{"the keys of issuer " + issuer.issuer + ": " + opened.error().message};
  return std::unique_ptr<KeySource>(std::move(source));
}

}  // namespace sluice
