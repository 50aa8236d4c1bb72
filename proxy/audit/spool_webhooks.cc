// The part of the SpoolWriter that knows the webhooks: how far each is, and what is kept for it.
#include <algorithm>

#include "proxy/audit/spool_writer.h"

namespace sluice {

void SpoolWriter::save(const WebhookRow& row, bool now) {
  const std::lock_guard lock(mutex_);
  for (SpoolWebhook& webhook : webhooks_)
    if (webhook.row.name == row.name) webhook.row = row;
  urgent_ = urgent_ || now;
  if (rows_changed_ && !now) return;
  if (!std::exchange(rows_changed_, true)) rows_since_ = Clock::now();
  wake_.notify_one();
}

void SpoolWriter::set_aside(const WebhookRow& row, DeadLetter letter) {
  {
    const std::lock_guard lock(mutex_);
    new_letters_.push_back(std::move(letter));
  }
  save(row, false);
}

void SpoolWriter::take_up(std::vector<SpoolWebhook> webhooks) {
  {
    const std::lock_guard lock(mutex_);
    webhooks_.swap(webhooks);
    for (const SpoolWebhook& before : webhooks)
      if (!has_webhook(before.row.name)) newly_forgotten_.push_back(before.row.name);
    rows_changed_ = true;
    urgent_ = true;
  }
  wake_.notify_one();
}

void SpoolWriter::retain(Bytes size, Millis age) {
  const std::lock_guard lock(mutex_);
  retention_ = {size, age};
}

// Requires the lock.
bool SpoolWriter::has_webhook(std::string_view name) const {
  return std::any_of(webhooks_.begin(), webhooks_.end(),
                     [name](const SpoolWebhook& webhook) { return webhook.row.name == name; });
}

std::vector<SpoolWebhook> SpoolWriter::webhooks() const {
  const std::lock_guard lock(mutex_);
  return webhooks_;
}

// Requires the lock, or that the thread has not begun.
std::vector<WebhookRow> SpoolWriter::rows() const {
  std::vector<WebhookRow> rows;
  for (const SpoolWebhook& webhook : webhooks_) rows.push_back(webhook.row);
  return rows;
}

void SpoolWriter::take_rows(SpoolChange& change) {
  const std::lock_guard lock(mutex_);
  if (!std::exchange(rows_changed_, false)) return;
  std::move(new_letters_.begin(), new_letters_.end(), std::back_inserter(letters_));
  new_letters_.clear();
  std::move(newly_forgotten_.begin(), newly_forgotten_.end(), std::back_inserter(forgotten_));
  newly_forgotten_.clear();
  std::erase_if(letters_, [this](const DeadLetter& letter) { return !has_webhook(letter.webhook); });
  change.webhooks = rows();
  change.dead_letters = letters_;
  change.forgotten_webhooks = forgotten_;
}

void SpoolWriter::on_rows_saved(const SpoolChange& change) {
  if (change.webhooks.empty() && change.forgotten_webhooks.empty()) return;
  letters_.clear();
  forgotten_.clear();
  if (listener_ != nullptr) listener_->on_saved(change.webhooks);
}

void SpoolWriter::save_rows() {
  SpoolChange change;
  change.head = chain_.head();
  take_rows(change);
  if (change.webhooks.empty() && change.forgotten_webhooks.empty()) return;
  if (auto done = spool_->apply(change); !done) return fail(done.error());
  on_rows_saved(change);
}

}  // namespace sluice
