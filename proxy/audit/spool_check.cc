#include "proxy/audit/spool_check.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <limits>

#include "config/text_check.h"
#include "proxy/audit/checkpoint.h"

namespace sluice {
namespace {

constexpr uint64_t kBatch = 500;
constexpr uint64_t kMostAttempts = 5;
constexpr size_t kMostLineOctets = 16 << 20;
constexpr uint64_t kReportEvery = 1'000;

class SpoolCheckRun {
 public:
  SpoolCheckRun(SpoolReader& spool, AuditCheck& check, const CheckProgress& progress)
      : spool_(spool), check_(check), progress_(progress) {}

  void run() {
    if (auto sound = spool_.check_pages(); !sound)
      check_.add_finding(0, "pages", "the database is damaged: " + printable(sound.error().message));
    if (!begin()) return;
    for (ChainHead head; read_rows() && read_head(head);) {
      const bool more = head.sequence <= std::numeric_limits<int64_t>::max() &&
                        static_cast<int64_t>(head.sequence) > check_.last() && any_rows();
      if (more) continue;  // the gate wrote on
      check_.check_head(head);
      return;
    }
  }

 private:
  bool stop(const Error& error) {
    check_.add_finding(
        check_.last(), "pages",
        "nothing after event " + std::to_string(check_.last()) + " can be read: " + printable(error.message));
    return false;
  }

  // Retention may run meanwhile: what it signed and where the events begin have to be of one moment.
  bool begin() {
    for (uint64_t attempt = 0;; ++attempt) {
      const auto before = spool_.fact(kRemovalFact);
      const auto first = spool_.first_sequence();
      const auto after = spool_.fact(kRemovalFact);
      if (!before) return stop(before.error());
      if (!first) return stop(first.error());
      if (!after) return stop(after.error());
      if (*before != *after && attempt < kMostAttempts) continue;
      check_.check_beginning(*first, *before);
      estimate(*first);
      return true;
    }
  }

  // For who waits; what is damaged may say anything.
  void estimate(int64_t first) {
    const auto head = spool_.head();
    if (!head || first < 1 || head->sequence < static_cast<uint64_t>(first)) return;
    total_ = head->sequence - static_cast<uint64_t>(first) + 1;
  }

  bool read_head(ChainHead& head) {
    auto read = spool_.head();
    if (!read) {
      check_.add_finding(check_.last(), "head",
                         "the spool's head cannot be read: " + printable(read.error().message));
      return false;
    }
    head = std::move(*read);
    return true;
  }

  bool any_rows() {
    const auto rows = spool_.rows(from_, 1);
    return rows && !rows->empty();
  }

  // False when it cannot go on.
  bool read_rows() {
    for (;;) {
      const auto rows = spool_.rows(from_, kBatch);
      if (!rows) return stop(rows.error());
      if (rows->empty()) return true;
      if (started_ && rows->front().sequence > from_ && !follow_retention(rows->front().sequence))
        return false;
      for (const StoredRow& row : *rows) {
        check_.add(row);
        // A damaged tree may lead back.
        if (row.sequence < from_) return stop(Error{"its events are not in order"});
        if (row.sequence == std::numeric_limits<int64_t>::max()) return true;
        from_ = row.sequence + 1;
      }
      started_ = true;
      tell(rows->size());
    }
  }

  // Between two batches events may have gone at the front, those that were checked and some that were not.
  bool follow_retention(int64_t next) {
    const auto first = spool_.first_sequence();
    if (!first) return stop(first.error());
    if (*first != next) return true;
    const auto note = spool_.fact(kRemovalFact);
    if (!note) return stop(note.error());
    check_.skip_removed();
    check_.check_beginning(next, *note);
    return true;
  }

  void tell(uint64_t count) {
    events_ += count;
    if (progress_) progress_(events_, total_);
  }

  SpoolReader& spool_;
  AuditCheck& check_;
  const CheckProgress& progress_;
  int64_t from_ = std::numeric_limits<int64_t>::min();
  bool started_ = false;
  uint64_t events_ = 0, total_ = 0;
};

std::string wrong_beginning(int64_t first, uint64_t expected) {
  return "the export begins at event " + std::to_string(first) + " and not at " + std::to_string(expected) +
         ": if it was made so, say --begins-at " + std::to_string(first);
}

}  // namespace

AuditReport check_spool(SpoolReader& spool, AuditCheck::Known known, const CheckProgress& progress) {
  auto id = spool.id();
  known.spool_id = id ? *id : "";
  AuditCheck check(std::move(known));
  SpoolCheckRun(spool, check, progress).run();
  return check.finish();
}

Result<AuditReport> check_export(const std::string& path, uint64_t begins_at, AuditCheck::Known known,
                                 const CheckProgress& progress) {
  std::ifstream file(path, std::ios::binary);
  if (!file || file.peek() == std::ifstream::traits_type::eof()) {
    if (!file) return Error{path + ": cannot read it: " + std::strerror(errno)};
    return Error{path + " is empty: it is no export"};
  }
  AuditCheck check(std::move(known));
  std::error_code none;
  const double octets = static_cast<double>(std::filesystem::file_size(path, none));
  double read = 0;
  std::string buffer(kMostLineOctets, '\0');
  for (uint64_t number = 1; file.getline(buffer.data(), static_cast<std::streamsize>(buffer.size()));
       ++number) {
    const std::string place = "line " + std::to_string(number);
    if (file.eof()) check.add_finding(0, "cut", place + " is unfinished: the export was cut");
    const auto size = static_cast<size_t>(file.gcount()) - (file.eof() ? 0 : 1);
    check.add(std::string_view(buffer).substr(0, size), number);
    if (number == 1 && check.last() != static_cast<int64_t>(begins_at))
      check.add_finding(check.last(), "beginning", wrong_beginning(check.last(), begins_at));
    read += static_cast<double>(file.gcount());
    if (progress && number % kReportEvery == 0)
      progress(number, static_cast<uint64_t>(std::max(0.0, octets / read * static_cast<double>(number))));
  }
  if (file.bad()) return Error{path + ": cannot read it: " + std::strerror(errno)};
  if (!file.eof()) return Error{path + ": it is no export: a line is longer than any event"};
  return check.finish();
}

}  // namespace sluice
