// How long a write waits for its record while aged events are removed.
#include <algorithm>
#include <cstdio>
#include <thread>

#include "bench_log.h"
#include "proxy/audit/spool_reader.h"

namespace sluice::bench {
namespace {

constexpr std::chrono::milliseconds kPause{2};  // between two writes

// Milliseconds until the record of one write is durable.
double wait_for_one(AuditLog& log) {
  std::this_thread::sleep_for(kPause);
  Turnstile turnstile;
  const auto start = Clock::now();
  submit(log, 1, 1, turnstile);
  turnstile.wait_for_all();
  return seconds_since(start) * 1e3;
}

std::string summary(std::vector<double> waits) {
  std::sort(waits.begin(), waits.end());
  std::array<char, 160> text{};
  std::snprintf(text.data(), text.size(),
                R"({"writes": %zu, "p50_ms": %.3f, "p99_ms": %.3f, "longest_ms": %.3f})", waits.size(),
                waits[waits.size() / 2], waits[waits.size() * 99 / 100], waits.back());
  return text.data();
}

uint64_t oldest(SpoolReader& reader) {
  auto events = reader.read(0, 1);
  if (!events || events->empty()) fail("the spool cannot be read");
  return events->front().sequence;
}

std::vector<double> wait_while_removing(AuditLog& log, const std::string& spool, uint64_t through) {
  auto reader = SpoolReader::open(spool);
  if (!reader) fail(reader.error().message);
  std::vector<double> waits;
  while (oldest(**reader) <= through) waits.push_back(wait_for_one(log));
  return waits;
}

}  // namespace

// DURABILITY EVENTS FOLDER
int run_retention(const std::vector<std::string>& arguments) {
  const uint64_t events = std::stoull(arguments.at(1));
  AuditConfig config = spool_in(arguments.at(2), "process");
  {
    const auto log = open_log(config);
    Turnstile turnstile(8);
    submit(*log, events, 500, turnstile);
    turnstile.wait_for_all();
    log->stop(Millis(0));
  }
  config = spool_in(arguments.at(2), arguments.at(0));
  std::vector<double> alone;
  {
    const auto log = open_log(config);
    for (size_t i = 0; i < 2'000; ++i) alone.push_back(wait_for_one(*log));
    log->stop(Millis(0));
  }
  config.retain_age = Millis(0);
  const auto log = open_log(config);
  const auto start = Clock::now();
  const auto waits = wait_while_removing(*log, config.spool, events);
  std::printf(R"({"removed": %llu, "seconds": %.1f, "alone": %s, "during": %s})"
              "\n",
              static_cast<unsigned long long>(events), seconds_since(start), summary(alone).c_str(),
              summary(waits).c_str());
  log->stop(Millis(0));
  return 0;
}

}  // namespace sluice::bench
