// The part of the SpoolWriter that an error of the spool calls for: whom it is told, and how the spool is
// used again.
#include <sys/stat.h>

#include <cerrno>

#include "proxy/audit/spool_writer.h"
#include "proxy/log.h"

namespace sluice {

Error SpoolWriter::removed() const {
  return {"audit spool " + setup_.config.spool + " was removed while the gate runs: restart the gate"};
}

void SpoolWriter::fail(const Error& error) {
  usable_ = false;
  spool_.reset();
  next_reopen_ = Clock::now() + setup_.options.reopen_delay;
  {
    const std::lock_guard lock(mutex_);
    trouble_ = error.message;
    rows_changed_ = true;
  }
  log_error("the audit spool cannot be used", {{"why", error.message}});
}

void SpoolWriter::recover() {
  auto done = reopen();
  if (!done) {
    spool_.reset();
    next_reopen_ = Clock::now() + setup_.options.reopen_delay;
    const std::lock_guard lock(mutex_);
    if (trouble_ != done.error().message)
      log_error("the audit spool cannot be used", {{"why", done.error().message}});
    trouble_ = done.error().message;
    return;
  }
  {
    const std::lock_guard lock(mutex_);
    trouble_.clear();
  }
  usable_ = true;
  log_info("the audit spool can be used again");
  if (listener_ != nullptr) listener_->on_reopened();
}

// A file that is gone is not made anew: whoever puts it back beside its log must not find another in its
// place.
Result<void> SpoolWriter::reopen() {
  if (struct stat file{}; ::stat(setup_.config.spool.c_str(), &file) != 0 && errno == ENOENT)
    return removed();
  auto opened = Spool::open(setup_.config.spool, setup_.config.durability, SpoolCheck::kHead);
  if (!opened) return opened.error();
  spool_ = std::move(*opened);
  const bool kept = doubtful_ && spool_->head() == doubtful_->head;
  if (!kept && spool_->head() != chain_.head())
    return Error{"audit spool " + setup_.config.spool +
                 " was replaced while the gate runs (it ends at event " +
                 std::to_string(spool_->head().sequence) + ", the gate was at " +
                 std::to_string(chain_.head().sequence) + "): restart the gate"};
  // The commit that failed may be in the log's cached pages only: it counts once it is in the main file.
  if (kept && !spool_->flushed())
    return Error{"audit spool " + setup_.config.spool + ": its log cannot be moved into the main file yet"};
  SpoolChange probe;
  probe.head = spool_->head();
  if (auto done = spool_->apply(probe); !done) return done;
  if (kept) {
    chain_ = ChainWriter(setup_.source, spool_->head());
    settle_group(doubtful_->count, false);
  }
  doubtful_.reset();
  return {};
}

// While the spool is unusable nobody waits for it. The records themselves stay.
void SpoolWriter::refuse_waiters() {
  std::vector<std::pair<AuditWaiter*, uint64_t>> refused;
  {
    const std::lock_guard lock(mutex_);
    refused.swap(turned_away_);
  }
  if (!spool_)
    for (size_t i = 0; i < backlog_.size(); ++i)
      if (AuditWaiter* waiter = std::exchange(backlog_[i].waiter, nullptr))
        refused.emplace_back(waiter, backlog_[i].token);
  for (const auto& [waiter, token] : refused) waiter->on_recorded(token, false);
}

}  // namespace sluice
