#include "proxy/identity/key_sets.h"

#include <algorithm>

#include "proxy/audit/quiet_thread.h"
#include "proxy/log.h"

namespace sluice {

namespace {

bool same_source(const JwksConfig& a, const JwksConfig& b) {
  const auto text_of = [](const JwksConfig& jwks) {
    if (!jwks.url) return std::string();
    return (jwks.url->tls ? "https://" : "http://") + jwks.url->authority + jwks.url->path;
  };
  return text_of(a) == text_of(b) && a.file == b.file && a.ca == b.ca;
}

}  // namespace

KeySets::KeySets(const KeyTimes& times)
    : times_(times),
      resolver_(std::make_unique<Resolver>(loop_)),
      snapshot_(std::make_shared<const KeySnapshot>()) {}

KeySets::~KeySets() { stop(); }

Result<void> KeySets::take_up(const std::vector<JwtConfig>& issuers) {
  std::vector<Kept> kept;
  Sources added;
  for (const JwtConfig& issuer : issuers) {
    const auto before = std::find_if(kept_.begin(), kept_.end(), [&issuer](const Kept& known) {
      return known.issuer == issuer.issuer && same_source(known.jwks, issuer.jwks);
    });
    kept.push_back({issuer.issuer, issuer.jwks});
    if (before != kept_.end()) continue;
    auto source = make_key_source(issuer, loop_, *resolver_, *this, times_);
    if (!source) return source.error();
    added.emplace(issuer.issuer, std::move(*source));
  }
  std::vector<std::string> dropped;
  for (const Kept& known : kept_) {
    const bool stays = std::any_of(kept.begin(), kept.end(), [&known](const Kept& now) {
      return known.issuer == now.issuer && same_source(known.jwks, now.jwks);
    });
    if (!stays) dropped.push_back(known.issuer);
  }
  kept_ = std::move(kept);
  publish(dropped, added);
  if (dropped.empty() && added.empty()) return {};
  // A task can be copied, a source not.
  auto moved = std::make_shared<Sources>(std::move(added));
  loop_.post([this, dropped, moved] { apply(dropped, std::move(*moved)); });
  if (!thread_.joinable()) thread_ = start_quiet_thread("sluice-keys", [this] { loop_.run(); });
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

void KeySets::publish(const std::vector<std::string>& dropped, const Sources& added) {
  const std::lock_guard lock(mutex_);
  auto next = std::make_shared<KeySnapshot>(*snapshot_);
  for (const std::string& issuer : dropped) {
    next->by_issuer.erase(issuer);
    troubles_.erase(issuer);
  }
  for (const auto& [issuer, source] : added) {
    if (auto keys = source->first_keys()) next->by_issuer[issuer] = std::move(keys);
    troubles_.try_emplace(issuer);
  }
  snapshot_ = std::move(next);
}

void KeySets::apply(const std::vector<std::string>& dropped, Sources added) {
  for (const std::string& issuer : dropped) sources_.erase(issuer);
  publish(dropped, added);  // once more: until now a dropped one may have told keys under the same name
  for (auto& [issuer, source] : added) {
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
