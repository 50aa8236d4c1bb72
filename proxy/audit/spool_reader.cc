#include "proxy/audit/spool_reader.h"

#include "proxy/audit/spool_file.h"
#include "proxy/audit/spool_queries.h"

namespace sluice {

struct SpoolReader::Impl {
  Impl(std::string p, std::unique_ptr<sqlite::Database> d)
      : path(std::move(p)), database(std::move(d)), queries(*database) {}
  std::string path;
  std::unique_ptr<sqlite::Database> database;
  SpoolQueries queries;
};

SpoolReader::SpoolReader(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
SpoolReader::~SpoolReader() = default;

Result<std::unique_ptr<SpoolReader>> SpoolReader::open(const std::string& path) {
  auto database = sqlite::Database::open(path, sqlite::Access::kReadOnly);
  if (!database) return database.error();
  auto identity = identify_spool(**database, path);
  if (!identity) return identity.error();
  if (*identity == SpoolIdentity::kEmpty)
    return Error{"audit spool " + path + " is empty: no gate has written to it yet"};
  auto impl = std::make_unique<Impl>(path, std::move(*database));
  if (!impl->queries.prepared()) return impl->database->failed("find its tables");
  return std::unique_ptr<SpoolReader>(new SpoolReader(std::move(impl)));
}

Result<std::vector<StoredEvent>> SpoolReader::read(uint64_t after, uint64_t limit) {
  return impl_->queries.events(after, limit);
}
Result<TypeCounts> SpoolReader::count(uint64_t after, uint64_t through) {
  return impl_->queries.count(after, through);
}
Result<ChainHead> SpoolReader::head() { return impl_->queries.head(nullptr); }
Result<std::string> SpoolReader::id() {
  std::string id;
  auto head = impl_->queries.head(&id);
  if (!head) return head.error();
  return id;
}
Result<std::vector<WebhookRow>> SpoolReader::webhooks() { return impl_->queries.webhooks(); }
Result<std::vector<DeadLetter>> SpoolReader::dead_letters(std::string_view webhook, uint64_t after,
                                                          uint64_t limit) {
  return impl_->queries.dead_letters(webhook, after, limit);
}
Result<uint64_t> SpoolReader::count_dead_letters(std::string_view webhook) {
  return impl_->queries.count_dead_letters(webhook);
}
Result<void> SpoolReader::check_pages() { return check_spool_pages(*impl_->database, impl_->path, true); }

}  // namespace sluice
