#include "proxy/identity/key_sets.h"

#include <algorithm>

#include "proxy/log.h"
#include "proxy/net/quiet_thread.h"

namespace sluice {

namespace {

bool same_source(const JwksConfig& a, const JwksConfig& b) {
  const auto text_of = [](const JwksConfig& jwks) {
    if (!jwks.url) return std::string();
    return (jwks.url->tls ? "https://" : "http://") + jwks.url->authority + jwks.url->path;
  };
  return text_of(a) == text_of(b) && a.file == b.file;
}

}  // namespace

struct KeySets::Prepared {
  std::vector<Kept> kept;            // all of them
  Sources added;                     // those that are new, or come from somewhere else now
  std::vector<std::string> dropped;  // issuers; may be among the added ones
  std::vector<std::string>
      renewed;  // of these, those at the same place: their keys stay until there are newer ones
};

KeySets::KeySets(const KeyTimes& times)
    : times_(times),
      resolver_(std::make_unique<Resolver>(loop_)),
      snapshot_(std::make_shared<const KeySnapshot>()) {}

KeySets::~KeySets() { stop(); }

Result<std::shared_ptr<KeySets::Prepared>> KeySets::prepare(const std::vector<JwtConfig>& issuers) {
  const auto has_place = [](const std::vector<Kept>& all, const Kept& one) {
    return std::any_of(all.begin(), all.end(), [&one](const Kept& other) {
      return other.issuer == one.issuer && same_source(other.jwks, one.jwks);
    });
  };
  const auto is_among = [](const std::vector<Kept>& all, const Kept& one) {
    return std::any_of(all.begin(), all.end(), [&one](const Kept& other) {
      return other.issuer == one.issuer && same_source(other.jwks, one.jwks) &&
             other.jwks.ca == one.jwks.ca && other.ca == one.ca;
    });
  };
  auto prepared = std::make_shared<Prepared>();
  for (const JwtConfig& issuer : issuers) {
    prepared->kept.push_back({issuer.issuer, issuer.jwks, stamp_file(issuer.jwks.ca)});
    if (is_among(kept_, prepared->kept.back())) continue;
    auto source = make_key_source(issuer, loop_, *resolver_, *this, times_);
    if (!source) return source.error();
    prepared->added.emplace(issuer.issuer, std::move(*source));
  }
  for (const Kept& known : kept_) {
    if (is_among(prepared->kept, known)) continue;
    prepared->dropped.push_back(known.issuer);
    if (has_place(prepared->kept, known)) prepared->renewed.push_back(known.issuer);
  }
  return prepared;
}

void KeySets::take_up(const std::shared_ptr<Prepared>& prepared) {
  kept_ = prepared->kept;
  if (prepared->dropped.empty() && prepared->added.empty()) return;
  publish(*prepared);
  loop_.post([this, prepared] { apply(*prepared); });
  if (!thread_.joinable()) thread_ = start_quiet_thread("sluice-keys", [this] { loop_.run(); });
}

Result<void> KeySets::take_up(const std::vector<JwtConfig>& issuers) {
  auto prepared = prepare(issuers);
  if (!prepared) return prepared.error();
  take_up(*prepared);
  return {};
}

void KeySets::stop() {
  if (!thread_.joinable()) return;
  loop_.post([this] {
    sources_.clear();
    resolver_.reset();
    loop_.stop();
  });
  thread_.join();
}

void KeySets::publish(const Prepared& prepared) {
  const std::lock_guard lock(mutex_);
  auto next = std::make_shared<KeySnapshot>(*snapshot_);
  for (const std::string& issuer : prepared.dropped) {
    const auto& renewed = prepared.renewed;
    if (std::find(renewed.begin(), renewed.end(), issuer) == renewed.end()) next->by_issuer.erase(issuer);
    troubles_.erase(issuer);
  }
  for (const auto& [issuer, source] : prepared.added) {
    if (auto keys = source->first_keys()) next->by_issuer[issuer] = std::move(keys);
    troubles_.try_emplace(issuer);
  }
  snapshot_ = std::move(next);
}

void KeySets::apply(Prepared& prepared) {
  for (const std::string& issuer : prepared.dropped) sources_.erase(issuer);
  publish(prepared);  // once more: until now a dropped one may have told keys under the same name
  for (auto& [issuer, source] : prepared.added) {
    KeySource& started = *source;
    sources_[issuer] = std::move(source);
    started.start();
  }
}

std::shared_ptr<const KeySnapshot> KeySets::snapshot() const {
  const std::lock_guard lock(mutex_);
  return snapshot_;
}

void KeySets::ask(const std::string& issuer, std::function<void()> done) {
  loop_.post([this, issuer, done = std::move(done)]() mutable {
    const auto source = sources_.find(issuer);
    if (source == sources_.end()) return done();
    source->second->ask(std::move(done));
  });
}

std::vector<KeySetState> KeySets::states() const {
  const std::lock_guard lock(mutex_);
  std::vector<KeySetState> states;
  for (const auto& [issuer, trouble] : troubles_) {
    const JwkSet* keys = snapshot_->of(issuer);
    states.push_back({issuer, keys != nullptr ? keys->size() : 0, trouble});
  }
  return states;
}

void KeySets::on_keys(const std::string& issuer, std::shared_ptr<const JwkSet> keys) {
  const size_t count = keys->size();
  {
    const std::lock_guard lock(mutex_);
    if (!troubles_.contains(issuer)) return;  // dropped meanwhile
    auto next = std::make_shared<KeySnapshot>(*snapshot_);
    next->by_issuer[issuer] = std::move(keys);
    snapshot_ = std::move(next);
  }
  log_debug("an issuer's keys are taken up", {{"issuer", issuer}, {"keys", std::to_string(count)}});
}

void KeySets::on_key_trouble(const std::string& issuer, const std::string& trouble) {
  {
    const std::lock_guard lock(mutex_);
    const auto known = troubles_.find(issuer);
    if (known == troubles_.end() || known->second == trouble) return;  // said already
    known->second = trouble;
  }
  if (trouble.empty()) return log_info("an issuer's keys can be had again", {{"issuer", issuer}});
  log_warning("an issuer's keys cannot be had: those from before stay in force",
              {{"issuer", issuer}, {"reason", trouble}});
}

}  // namespace sluice
