#include "bench_log.h"

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "proxy/crypto.h"

namespace sluice::bench {

void fail(const std::string& why) {
  std::fprintf(stderr, "audit_bench: %s\n", why.c_str());
  std::exit(1);
}

AuditConfig spool_in(const std::string& folder, const std::string& durability) {
  if (durability != "power" && durability != "process") fail("durability is power or process");
  AuditConfig config;
  config.spool = folder + "/audit.db";
  config.durability = durability == "power" ? Durability::kPower : Durability::kProcess;
  return config;
}

std::unique_ptr<AuditLog> open_log(const AuditConfig& config, std::vector<ResolvedWebhook> webhooks,
                                   const AuditOptions& options) {
  auto log = open_audit_log(config, std::move(webhooks), options);
  if (!log) fail(log.error().message);
  return std::move(*log);
}

std::unique_ptr<AuditRecord> typical_record(std::unique_ptr<AuditRecord> spent) {
  auto record = spent ? std::move(spent) : std::make_unique<AuditRecord>();
  record->clear();
  record->type = AuditType::kRequestForwarded;
  assign_uuid_v7(record->request_id);
  record->client = "siem";
  record->source_ip = "10.20.30.40";
  record->api = "push";
  record->operation = "push.employees.list";
  record->access = "read";
  record->method = "GET";
  record->path = "/v1/employees";
  record->decision = "allow";
  record->rules = {"siem-reads", "small-pages"};
  record->policy_sha256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
  record->key = "read";
  record->queued_ms = 0;
  record->status = record->upstream_status = 200;
  record->upstream_ms = 12;
  record->attempts = 1;
  record->bytes_out = 2'345;
  return record;
}

double thread_us(const std::string& name) {
  double total = 0;
  for (const auto& thread : std::filesystem::directory_iterator("/proc/self/task")) {
    std::string comm;
    std::getline(std::ifstream(thread.path() / "comm"), comm);
    double nanoseconds = 0;
    if (comm == name) std::ifstream(thread.path() / "schedstat") >> nanoseconds;
    total += nanoseconds / 1000;
  }
  return total;
}

void Turnstile::on_recorded(uint64_t /*token*/, bool durable) {
  if (!durable) fail("a record was not kept");
  const std::lock_guard lock(mutex_);
  ++free_;
  changed_.notify_all();
}

void Turnstile::pass() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return free_ > 0; });
  --free_;
}

void Turnstile::wait_for_all() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return free_ == most_; });
}

void submit(AuditLog& log, uint64_t count, uint64_t step, Turnstile& turnstile) {
  std::unique_ptr<AuditRecord> spent;
  for (uint64_t i = 1; i <= count; ++i) {
    const bool last = i % step == 0 || i == count;
    if (last) turnstile.pass();
    spent = log.submit(typical_record(std::move(spent)), last ? &turnstile : nullptr, i);
  }
}

}  // namespace sluice::bench
