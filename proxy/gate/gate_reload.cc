// A reload (interface 2.7): the files are read anew, what they say is made ready whole, and only then taken
// up, by one worker after the other. What fails before that changes nothing.
#include <algorithm>
#include <future>

#include "proxy/audit/resolve_webhook.h"
#include "proxy/gate/certificate_ends.h"
#include "proxy/gate/gate.h"
#include "proxy/gate/reload_limits.h"
#include "proxy/log.h"

namespace sluice {

namespace {

constexpr auto kLookWhetherEnded = std::chrono::milliseconds(10);

std::string text_of(const Findings& findings) {
  std::string all;
  for (const Finding& finding : findings.all()) all += to_text(finding) + "\n";
  return all;
}

std::string first_error(const Findings& findings) {
  for (const Finding& finding : findings.all())
    if (finding.severity == Severity::kError) return to_text(finding);
  return {};
}

}  // namespace

std::vector<FileStamp> Gate::stamp_webhooks(const AuditConfig& config) {
  std::vector<std::string> files;
  for (const WebhookConfig& webhook : config.webhooks) files.push_back(webhook.ca);
  return stamp_files(files);
}

ReloadOutcome Gate::reload_as_told(const std::string& cause) {
  service_.reloading("Reloading: " + cause);
  ReloadOutcome outcome = reload(cause);
  const Findings& findings = outcome.findings;
  service_.reloaded(outcome.taken_up ? sentence()
                                     : sentence() + "; a reload was rejected: " + first_error(findings));
  return outcome;
}

ReloadOutcome Gate::reload(const std::string& cause) {
  const std::shared_ptr<const Serving> before = serving();
  std::vector<FileStamp> stamps = stamp_files(files_);
  ServingRead read = read_(before.get());
  ReloadOutcome outcome;
  if (read.serving != nullptr) add_unchangeable(before->config, read.serving->config, read.findings);
  if (read.serving != nullptr && !read.findings.has_errors()) {
    if (const Result<void> taken = take_up(read.serving); !taken)
      read.findings.error({before->config.file, 0, 0}, "cannot-take-up", taken.error().message);
  }
  read.findings.sort();
  outcome.findings = std::move(read.findings);
  outcome.taken_up = read.serving != nullptr && !outcome.findings.has_errors();
  outcome.policy_sha256 = serving()->policy_sha256;
  if (outcome.taken_up) {
    rejected_before_.clear();
    log_info("reloaded", {{"cause", cause}, {"policy", outcome.policy_sha256}});
  } else if (draining_) {
    log_info("reload given up: the gate is ending", {{"cause", cause}});  // no fault of the files
  } else {
    for (const Finding& finding : outcome.findings.all())
      if (finding.severity == Severity::kError)
        log_each(LogLevel::kError, "reload rejected: what was in force stays",
                 {{"cause", cause}, {"reason", to_text(finding)}});
    report_rejection(outcome);
  }
  // Of a configuration that cannot be read the files before are looked at, too.
  if (read.files.empty()) {
    read.files = files_;
    read.stamps = std::move(stamps);
  }
  files_ = read.files;
  loop_.post([this, files = std::move(read.files), now = std::move(read.stamps)]() mutable {
    if (!draining_) watcher_.watch(std::move(files), std::move(now));
  });
  return outcome;
}

Result<void> Gate::take_up(const std::shared_ptr<Serving>& now) {
  auto webhooks = resolve_webhooks(now->config.audit);
  if (!webhooks) return webhooks.error();
  GateFacts facts = facts_of(*now, *webhooks);
  auto keys = key_sets_.prepare(now->config.identity.jwt);
  if (!keys) return keys.error();
  auto traces = trace_target_of(*now);
  if (!traces) return traces.error();
  if (const std::string refused = rooms_->refuse(*now); !refused.empty()) return Error{refused};
  if (limits_ != nullptr && limits_->tls() != nullptr && !limits_->tls()->is_current())
    if (Result<void> reloaded = limits_->tls()->reload(); !reloaded) return reloaded.error();
  rooms_->seat(*now, monotonic_now());
  if (Result<void> prepared = prepare_workers(now); !prepared) return prepared.error();
  if (Result<void> taken = take_up_webhooks(*now, facts, std::move(*webhooks)); !taken) {
    for (size_t i = 0; i < workers_.size(); ++i)
      run_on(i, [this, i] { workers_[i]->worker->let_go_of_prepared(); });
    return taken.error();
  }
  key_sets_.take_up(*keys);
  traces_.take_up(std::move(*traces));
  sources_.confirm();
  commit(now);
  report_changes(now, std::move(facts));
  return {};
}

Result<void> Gate::prepare_workers(const std::shared_ptr<const Serving>& now) {
  std::vector<uint16_t> ports;
  for (size_t i = 0; i < workers_.size(); ++i) {
    Result<std::vector<uint16_t>> prepared = Error{"the gate is ending"};
    run_on(i, [&] { prepared = workers_[i]->worker->prepare(*now, ports); });
    if (!prepared) {
      for (size_t done = 0; done < i; ++done)
        run_on(done, [&] { workers_[done]->worker->let_go_of_prepared(); });
      return prepared.error();
    }
    ports = std::move(*prepared);
  }
  return {};
}

// Deliveries go on untouched unless something of theirs is another.
Result<void> Gate::take_up_webhooks(const Serving& now, const GateFacts& facts,
                                    std::vector<ResolvedWebhook> webhooks) {
  const auto only_webhooks = [](const GateFacts& all) {
    std::vector<CredentialFact> some;
    for (const CredentialFact& fact : all.credentials)
      if (fact.kind.starts_with("webhook")) some.push_back(fact);
    return some;
  };
  const std::vector<FileStamp> stamps = stamp_webhooks(now.config.audit);
  const bool same = facts.config_sha256 == facts_.config_sha256 && stamps == webhook_stamps_ &&
                    only_webhooks(facts) == only_webhooks(facts_);
  if (same) return {};
  if (Result<void> taken = audit_->take_up(now.config.audit, std::move(webhooks)); !taken)
    return taken.error();
  webhook_stamps_ = stamps;
  return {};
}

void Gate::commit(const std::shared_ptr<Serving>& now) {
  configure_log(now->config.log);
  rooms_->open(*now, monotonic_now());
  if (limits_ != nullptr) limits_->set_password(now->store_password);
  std::vector<std::string> names;
  for (size_t i = 0; i < workers_.size(); ++i) {
    run_on(i, [&] {
      workers_[i]->worker->take_up(now);
      names = workers_[i]->worker->listener_names();
    });
  }
  workers_[0]->worker->probe_keys();
  const auto old_places = certificate_places(*serving(), listener_names());
  const std::lock_guard lock(serving_mutex_);
  if (serving_->policy_sha256 != now->policy_sha256) policy_since_ = std::chrono::system_clock::now();
  serving_ = now;
  for (size_t i = 0; i < names.size(); ++i)
    if (std::find(listener_names_.begin(), listener_names_.end(), names[i]) == listener_names_.end())
      log_info("listening", {{"role", role_of(now->config.listen[i])}, {"address", names[i]}});
  listener_names_ = names;
  log_new_certificates(old_places, certificate_places(*now, names));
}

void Gate::report_changes(const std::shared_ptr<const Serving>& now, GateFacts facts) {
  std::vector<AuditRecord> changes = changes_since(facts_, facts, *now);
  if (!changes.empty()) changes.back().facts = to_facts(facts);
  for (AuditRecord& change : changes) audit_->submit(std::make_unique<AuditRecord>(std::move(change)));
  facts_ = std::move(facts);
}

// Once, however often the same is tried again.
void Gate::report_rejection(const ReloadOutcome& outcome) {
  std::string rejected = text_of(outcome.findings);
  if (rejected == rejected_before_) return;
  rejected_before_ = std::move(rejected);
  audit_->submit(std::make_unique<AuditRecord>(reload_rejected(outcome.findings, outcome.policy_sha256)));
}

// Runs `task` on the worker's thread and waits for it. False: the worker has ended, and will not run it.
bool Gate::run_on(size_t worker, const std::function<void()>& task) {
  RunningWorker& running = *workers_[worker];
  const auto done = std::make_shared<std::promise<void>>();
  std::future<void> ran = done->get_future();
  running.worker->loop().post([&task, done] {
    task();
    done->set_value();
  });
  while (ran.wait_for(kLookWhetherEnded) != std::future_status::ready)
    if (running.ended) return ran.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
  return true;
}

}  // namespace sluice
