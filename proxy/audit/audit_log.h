// AuditLog: the way into the audit. Takes records from any thread, makes them durable on a thread of its own
// (group commit into the spool, one hash chain), and delivers them to the webhooks on another. Owner: main.
// Thread: submit() and the getters from any; start() and stop() from main; take_up() from a reloader's.
// Fails: a spool that cannot be opened stops the start; one that fails later turns usable() false until it
// recovers.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "config/model.h"
#include "config/result.h"
#include "proxy/audit/options.h"
#include "proxy/audit/record.h"

namespace sluice {

// Told about one record, on the audit thread; must only post to its own loop.
class AuditWaiter {
 public:
  virtual ~AuditWaiter() = default;
  // `token` is what was given to submit(). `durable` false: the record was not kept.
  virtual void on_recorded(uint64_t token, bool durable) = 0;
};

// Sees each record once, as it passes: whether it can be kept is another matter. On the audit thread, or in
// submit() where there is no more room; must return soon.
class RecordObserver {
 public:
  virtual void on_record(const AuditRecord& record) = 0;

 protected:
  ~RecordObserver() = default;
};

struct WebhookState {
  std::string name;
  uint64_t backlog = 0;                // events kept for it and not acknowledged
  double lag_seconds = 0;              // age of the oldest of them
  uint64_t delivered = 0, failed = 0;  // attempts by outcome
  uint64_t dead_letters = 0;           // events set aside because it refuses them
  bool suspended = false;              // fails again and again
  bool disabled = false;               // by 410
  std::string last_error;              // "" when the last attempt succeeded
};

// How the signing of the chain stands.
struct CheckpointState {
  std::string key;        // the public one, as text
  uint64_t sequence = 0;  // the last event that this run has signed; 0: none
  int64_t time_ms = 0;    // Unix time of that
  std::string trouble;    // why the last checkpoint is not in the file, or ""
};

struct ResolvedWebhook {
  WebhookConfig config;
  std::vector<Secret> secrets;  // newest first
  std::vector<std::pair<std::string, Secret>> headers;
};

class AuditLog {
 public:
  virtual ~AuditLog() = default;
  // Queues a record. Returns an older one that is done with, or null: to be cleared and used again, so that
  // records go round without allocation. With a waiter, exactly one on_recorded follows;
  // the waiter must outlive the log's stop().
  virtual std::unique_ptr<AuditRecord> submit(std::unique_ptr<AuditRecord> record,
                                              AuditWaiter* waiter = nullptr, uint64_t token = 0) = 0;
  // Whether requests may go on: the spool takes records. A relaxed atomic read.
  virtual bool usable() const = 0;
  virtual uint64_t last_sequence() const = 0;
  virtual std::array<uint64_t, kAuditTypeCount> events_by_type()
      const = 0;  // indexed by AuditType, since start
  virtual std::vector<WebhookState> webhooks() const = 0;
  virtual CheckpointState checkpoints() const { return {}; }
  // What the spool's events take, as of the last look at audit.retain (each 10 s).
  virtual uint64_t spool_bytes() const { return 0; }
  virtual std::string trouble() const = 0;  // why it is not usable, or ""
  // The webhooks from now on, and `audit.retain`. A webhook that is as before goes on undisturbed; any other
  // goes on as after a restart. From one thread at a time that is not a worker's, after the start; blocks
  // for a few seconds at most. Fails, and changes nothing, for a webhook that cannot work and for what needs
  // a restart: `spool`, `durability` and `checkpoint_key`.
  virtual Result<void> take_up(const AuditConfig& config, std::vector<ResolvedWebhook> webhooks) = 0;
  // Records gate.stopped, commits what is queued, gives webhooks up to `patience`, ends the threads.
  // Idempotent.
  virtual void stop(Millis patience) = 0;
};

// What a spool knew before it was opened.
struct SpoolKnowledge {
  std::string spool_id;
  std::map<std::string, std::string> facts;  // by name; of those that were asked for, the ones that there are
};

// What is recorded of a start, in one transaction with its facts.
struct StartReport {
  std::vector<std::string> facts;  // names of those that `records` asks for
  // gate.started first. Called once, by the opener. Empty: gate.started alone.
  std::function<std::vector<AuditRecord>(const SpoolKnowledge&)> records;
};

// gate.started as of now, of this spool.
AuditRecord started_record(const SpoolKnowledge& known);

// Opens the spool (closes requests left open by a crash as failed, records the start) and starts the threads.
// `observer` may be null; it outlives the log.
Result<std::unique_ptr<AuditLog>> open_audit_log(const AuditConfig& config,
                                                 std::vector<ResolvedWebhook> webhooks,
                                                 const AuditOptions& options = {},
                                                 const StartReport& report = {},
                                                 RecordObserver* observer = nullptr);

}  // namespace sluice
