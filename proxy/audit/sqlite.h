// sqlite: a connection and its statements, with errors that name the file, what was being done, and SQLite's
// and the system's reasons. The only code that speaks SQLite's C interface. Owner: the opener. Thread: one at
// a time. Fails: calls return errors; a Statement that could not be prepared says so.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "config/result.h"

struct sqlite3;
struct sqlite3_stmt;

namespace sluice::sqlite {

enum class Access { kReadOnly, kReadWrite };

class Database {
 public:
  // Of a file that exists.
  static Result<std::unique_ptr<Database>> open(const std::string& path, Access access);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  // The error of the last call.
  Error failed(std::string_view doing) const;
  Result<void> run(const std::string& sql, std::string_view doing);
  // The first column of the first row; 0 without a row.
  Result<int64_t> number(const std::string& sql, std::string_view doing);
  Result<std::string> text(const std::string& sql, std::string_view doing);
  bool in_transaction() const;
  // Whether the last call failed for the system's sake, not for what the file holds.
  bool is_out_of_reach() const;
  // Closing leaves the files as they are: it moves no log into the main file.
  void keep_files();

  // From now on counts the pages of the write-ahead log, as of the last commit.
  void watch_log();
  uint64_t log_pages() const { return log_pages_; }
  // Moves the log into the main file as far as readers allow, never waiting for them. Whether all of it was.
  Result<bool> checkpoint();

 private:
  friend class Statement;
  Database(std::string path, sqlite3* handle) : path_(std::move(path)), handle_(handle) {}

  std::string path_;
  sqlite3* handle_;
  uint64_t log_pages_ = 0;
};

// A prepared statement, used again and again: start() and its binds, then next() until it says kDone or
// kFailed. Must not outlive its database.
class Statement {
 public:
  enum class Step { kRow, kDone, kFailed };

  Statement(Database& database, const std::string& sql);
  ~Statement();
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  bool prepared() const { return handle_ != nullptr; }
  Statement& start();
  Statement& bind(uint64_t value) { return bind_signed(static_cast<int64_t>(value)); }
  Statement& bind_signed(int64_t value);
  // The octets are not copied: they have to live until the statement has run.
  Statement& bind_text(std::string_view text);
  Statement& bind_blob(std::string_view octets);
  // A statement that is done or failed is reset at once: it must hold no transaction open.
  Step next();
  bool run() { return next() == Step::kDone; }
  int64_t number(int column);
  uint64_t count(int column) { return static_cast<uint64_t>(number(column)); }
  std::string text(int column);

 private:
  sqlite3_stmt* handle_ = nullptr;
  int bound_ = 0;
};

}  // namespace sluice::sqlite
