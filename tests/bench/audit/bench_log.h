// What the programs of the audit's benchmark share: an audit in a folder, records of typical size, who waits
// for them, and what the audit's threads have run. Whatever fails ends the program.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "proxy/audit/audit_log.h"

namespace sluice::bench {

using Clock = std::chrono::steady_clock;

inline double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

[[noreturn]] void fail(const std::string& why);

AuditConfig spool_in(const std::string& folder, const std::string& durability);
std::unique_ptr<AuditLog> open_log(const AuditConfig& config, std::vector<ResolvedWebhook> webhooks = {},
                                   const AuditOptions& options = {});

// A read that the vendor answered, of about the size that the gate records; in the memory of `spent`, if any.
std::unique_ptr<AuditRecord> typical_record(std::unique_ptr<AuditRecord> spent = nullptr);

// Microseconds that the threads of this process with this name have run.
double thread_us(const std::string& name);

// Holds back who submits: at most so many records are without an answer.
class Turnstile : public AuditWaiter {
 public:
  explicit Turnstile(uint64_t most = 1) : free_(most), most_(most) {}
  void on_recorded(uint64_t token, bool durable) override;
  void pass();
  // Until everything is answered.
  void wait_for_all();

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  uint64_t free_;
  const uint64_t most_;
};

// Submits so many in groups of `step`, whose last one passes the turnstile.
void submit(AuditLog& log, uint64_t count, uint64_t step, Turnstile& turnstile);

// The parts, each with a table of its own; arguments after the name of the part. Each prints one line of
// JSON.
int run_spool(const std::vector<std::string>& arguments);
int run_group(const std::vector<std::string>& arguments);
int run_piece(const std::vector<std::string>& arguments);
int run_delivery(const std::vector<std::string>& arguments);
int run_retention(const std::vector<std::string>& arguments);
int run_calls(const std::vector<std::string>& arguments);

}  // namespace sluice::bench
