// Events into the spool: how many a second, and what one costs the audit thread.
#include <algorithm>
#include <cstdio>
#include <thread>

#include "bench_log.h"
#include "proxy/audit/chain.h"
#include "proxy/crypto.h"

namespace sluice::bench {
namespace {

constexpr uint64_t kStep =
    500;                        // records until one is waited for; with 8 of these and the threads' own under
constexpr uint64_t kSteps = 8;  // the 10,000 that the audit keeps in memory

}  // namespace

// DURABILITY THREADS flow|each EVENTS FOLDER: `flow`: nobody waits, but that the queue does not overflow;
// `each`: every thread waits for its event before the next, as a write does.
int run_spool(const std::vector<std::string>& arguments) {
  const uint64_t threads = std::stoull(arguments.at(1));
  const bool each = arguments.at(2) == "each";
  const uint64_t events = std::stoull(arguments.at(3)) / threads;
  const auto log = open_log(spool_in(arguments.at(4), arguments.at(0)));
  const double before = thread_us("sluice-audit");
  const auto start = Clock::now();
  Turnstile shared(kSteps);
  std::vector<std::thread> submitters;
  for (uint64_t i = 0; i < threads; ++i)
    submitters.emplace_back([&] {
      Turnstile own;
      Turnstile& turnstile = each ? own : shared;
      submit(*log, events, each ? 1 : kStep, turnstile);
      if (each) own.wait_for_all();
    });
  for (std::thread& submitter : submitters) submitter.join();
  shared.wait_for_all();
  const double seconds = seconds_since(start);
  const auto all = static_cast<double>(events * threads);
  std::printf(R"({"per_second": %.0f, "audit_us": %.3f})"
              "\n",
              all / seconds, (thread_us("sluice-audit") - before) / all);
  return 0;
}

// SIZE GROUPS FOLDER: so many groups of exactly this size, for counting instructions.
int run_group(const std::vector<std::string>& arguments) {
  const uint64_t size = std::stoull(arguments.at(0));
  AuditOptions options;
  options.group_wait = options.stuck_after = options.retention_interval = std::chrono::hours(1);
  const auto log = open_log(spool_in(arguments.at(2), "process"), {}, options);
  Turnstile turnstile;
  for (uint64_t left = std::stoull(arguments.at(1)); left > 0; --left) {
    submit(*log, size, size, turnstile);
    turnstile.wait_for_all();
  }
  return 0;
}

// event|sha256 TIMES: a record made an event (its JSON, its SHA-256), or the SHA-256 of one alone.
int run_piece(const std::vector<std::string>& arguments) {
  ChainWriter chain("/sluice/bench", ChainHead{});
  const auto record = typical_record();
  const std::string id = uuid_v7();
  JsonText scratch;
  StoredEvent event;
  chain.append(*record, id, scratch, event);
  const uint64_t times = std::stoull(arguments.at(1));
  unsigned sum = 0;
  const auto start = Clock::now();
  for (uint64_t i = 0; i < times; ++i) {
    if (arguments.at(0) == "event") {
      chain.append(*record, id, scratch, event);
    } else {
      sum += sha256(event.body)[0];
    }
  }
  const double nanoseconds = seconds_since(start) * 1e9 / static_cast<double>(times);
  std::printf(R"({"nanoseconds": %.0f, "octets": %zu, "sum": %u})"
              "\n",
              nanoseconds, event.body.size(), sum);
  return 0;
}

}  // namespace sluice::bench
