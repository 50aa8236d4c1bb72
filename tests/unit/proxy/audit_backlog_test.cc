// A webhook that takes nothing while many events come, beside one that takes them all, and its return. Few
// events unless SLUICE_BACKLOG_EVENTS asks for more; what it finds is printed.
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string_view>

#include "audit_fixture.h"
#include "proxy/log.h"

namespace sluice {
namespace {

constexpr std::string_view kEventStart = R"({"specversion":)";
constexpr uint64_t kStep = 1'000;      // events whose last one is waited for
constexpr uint64_t kMostLeft = 5'000;  // events that the webhook which works may be behind
constexpr size_t kMostGrowth = 64ULL << 20;
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kMemoryIsTheProducts = false;
#else
constexpr bool kMemoryIsTheProducts = true;
#endif

uint64_t events_asked_for() {
  const char* text = std::getenv("SLUICE_BACKLOG_EVENTS");
  return text == nullptr ? 20'000 : std::strtoull(text, nullptr, 10);
}

size_t resident() {
  size_t all = 0;
  size_t pages = 0;
  std::ifstream("/proc/self/statm") >> all >> pages;
  return pages * static_cast<size_t>(sysconf(_SC_PAGESIZE));
}

// A receiver of batches that keeps of them only where their chain ends.
class ChainReceiver {
 public:
  HttpResponse take(const HttpRequest& request) {
    const std::lock_guard lock(mutex_);
    if (refuses_) return {503, {}, ""};
    if (request.body == last_body_) {
      ++repeated_;
      return {204, {}, ""};
    }
    last_body_ = request.body;
    follow(std::string_view(request.body).substr(1, request.body.size() - 2));
    changed_.notify_all();
    return {204, {}, ""};
  }
  void refuse(bool refuses) {
    const std::lock_guard lock(mutex_);
    refuses_ = refuses;
  }
  // False when nothing more comes.
  bool wait_for(uint64_t events) {
    std::unique_lock lock(mutex_);
    while (taken_ < events) {
      const uint64_t before = taken_;
      if (changed_.wait_for(lock, kPatience, [this, before] { return taken_ != before; })) continue;
      ADD_FAILURE() << "took " << taken_ << " of " << events << " events";
      return false;
    }
    return true;
  }
  uint64_t taken() const { return read(taken_); }
  uint64_t broken() const { return read(broken_); }
  uint64_t repeated() const { return read(repeated_); }
  std::string end() const { return read(hash_); }

 private:
  template <class Value>
  Value read(const Value& value) const {
    const std::lock_guard lock(mutex_);
    return value;
  }
  // Each event has to name the hash of the one before, also over the border of two deliveries.
  void follow(std::string_view events) {
    while (!events.empty()) {
      const size_t next = events.find(kEventStart, 1);
      const std::string_view event = events.substr(0, next == std::string_view::npos ? next : next - 1);
      const std::string link = R"("previous":")" + hash_ + '"';
      if (taken_ > 0 && event.find(link) == std::string_view::npos) ++broken_;
      hash_ = event_hash(event);
      ++taken_;
      events.remove_prefix(next == std::string_view::npos ? events.size() : next);
    }
  }

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool refuses_ = false;
  std::string last_body_, hash_;
  uint64_t taken_ = 0, broken_ = 0, repeated_ = 0;
};

class AuditBacklog : public testing::Test {
 protected:
  AuditBacklog() {
    configure_log({.level = LogLevel::kError});
    config_.retain_size.count = 1ULL << 40;
    receiver_.keep_no_requests();
    other_receiver_.keep_no_requests();
    AuditOptions options;
    options.retry_delays = {Millis(100)};
    options.attempt_timeout = kPatience;
    log_ = open_or_fail(config_, {batch(receiver_, "down"), batch(other_receiver_, "other")}, options);
  }
  ~AuditBacklog() override { configure_log({}); }

  static ResolvedWebhook batch(const Receiver& receiver, const std::string& name) {
    ResolvedWebhook webhook = receiver.webhook(name);
    webhook.config.format = WebhookFormat::kCloudEventsBatch;
    return webhook;
  }
  // Submits so many; the last one is durable afterwards.
  void submit(uint64_t count) {
    for (uint64_t i = 1; i <= count; ++i) {
      auto record = new_record(AuditType::kRequestForwarded, uuid_v7());
      record->access = "read";
      log_->submit(std::move(record), i == count ? &answers_ : nullptr, ++submitted_);
    }
    EXPECT_TRUE(answers_.wait(submitted_));
    look();
  }
  void look() {
    const auto states = log_->webhooks();
    greatest_lag_ = std::max(greatest_lag_, states.at(1).lag_seconds);
    most_resident_ = std::max(most_resident_, resident());
  }
  // One event for every few that the webhook which is back takes, for the other one to be served meanwhile.
  void drain() {
    while (down_.taken() < submitted_) {
      if (!down_.wait_for(std::min(down_.taken() + kStep, submitted_))) return;
      look();
      if (down_.taken() < submitted_) submit(1);
    }
  }
  void check_nothing_is_lost() {
    auto reader = SpoolReader::open(config_.spool);
    const ChainHead head = *(*reader)->head();
    const TypeCounts counts = *(*reader)->count(0, head.sequence);
    EXPECT_EQ(counts[static_cast<size_t>(AuditType::kAuditGap)], 0U);
    for (const ChainReceiver* receiver : {&down_, &other_}) {
      EXPECT_EQ(receiver->broken(), 0U);
      EXPECT_EQ(receiver->taken(), head.sequence);
      EXPECT_EQ(receiver->end(), head.hash);
    }
  }

  TempFolder folder_;
  AuditConfig config_ = audit_config(folder_);
  ChainReceiver down_, other_;
  Receiver receiver_{[this](const HttpRequest& request) { return down_.take(request); }};
  Receiver other_receiver_{[this](const HttpRequest& request) { return other_.take(request); }};
  Answers answers_;
  std::unique_ptr<AuditLog> log_;
  uint64_t submitted_ = 0;
  double greatest_lag_ = 0;
  size_t most_resident_ = 0;
};

TEST_F(AuditBacklog, OfAWebhookThatWasDownArrivesWholeAndInOrderWhileAnotherOneKeepsUp) {
  using Clock = std::chrono::steady_clock;
  down_.refuse(true);
  submit(kStep);
  const size_t resident_before = resident();
  const auto start = Clock::now();
  for (const uint64_t wanted = events_asked_for(); submitted_ < wanted;) {
    submit(std::min(kStep, wanted - submitted_));
    if (submitted_ > kMostLeft && !other_.wait_for(submitted_ - kMostLeft)) break;
  }
  const double filling = std::chrono::duration<double>(Clock::now() - start).count();
  const double lag_while_down = std::exchange(greatest_lag_, 0);
  EXPECT_EQ(down_.taken(), 0U);
  // What is recorded is told to the webhooks' thread, which may be behind.
  const auto until = Clock::now() + std::chrono::seconds(30);
  while (log_->webhooks().at(0).backlog < submitted_ && Clock::now() < until) std::this_thread::yield();
  EXPECT_GE(log_->webhooks().at(0).backlog, submitted_);

  const auto back = Clock::now();
  down_.refuse(false);
  drain();
  const double draining = std::chrono::duration<double>(Clock::now() - back).count();
  log_->stop(kPatience);
  check_nothing_is_lost();
  if (kMemoryIsTheProducts) {
    EXPECT_LT(most_resident_, resident_before + kMostGrowth);
  }
  std::printf(
      "%llu events, %.0f a second submitted; %.0f a second to the webhook that was down; repeated %llu + "
      "%llu\n"
      "the other webhook was behind by %.3f s at most meanwhile, %.3f s while the first one caught up\n"
      "spool %.1f MiB; resident %.1f MiB at first, %.1f MiB at most\n",
      static_cast<unsigned long long>(submitted_), static_cast<double>(submitted_) / filling,
      static_cast<double>(down_.taken()) / draining, static_cast<unsigned long long>(down_.repeated()),
      static_cast<unsigned long long>(other_.repeated()), lag_while_down, greatest_lag_,
      static_cast<double>(std::filesystem::file_size(config_.spool)) / (1 << 20),
      static_cast<double>(resident_before) / (1 << 20), static_cast<double>(most_resident_) / (1 << 20));
}

}  // namespace
}  // namespace sluice
