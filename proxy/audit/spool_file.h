// spool_file: a spool's file as SQLite keeps it: its marks, its tables, how it is made, and whether it is
// sound. Owner and thread: the caller's. Fails: with the file, the cause and the remedy.
#pragma once

#include <string>

#include "config/model.h"
#include "proxy/audit/sqlite.h"

namespace sluice {

enum class SpoolIdentity { kEmpty, kSpool };

// Makes an empty file (0600) if there is none. An existing one is not opened: closing it would drop the locks
// of this process's other connections.
Result<void> make_spool_file(const std::string& path);

// Whether the file is empty and its log is not: SQLite would throw the log away.
bool has_only_a_log(const std::string& path);

// Moves a spool's files to PATH.damaged-TIME, where nothing is yet; returns that path. Nobody has them open.
Result<std::string> set_spool_aside(const std::string& path);

// What the file is: anything but an empty database or a spool of this version is refused.
Result<SpoolIdentity> identify_spool(sqlite::Database& database, const std::string& path);

// Write-ahead logging and the durability, in the file and in this connection.
Result<void> configure_spool(sqlite::Database& database, Durability durability, SpoolIdentity identity);

Result<void> create_spool_tables(sqlite::Database& database);

// Whether there is nothing in it but tables, and its pages are whole: all of them when there are at most
// 256 MiB, or when `all`.
Result<void> check_spool_pages(sqlite::Database& database, const std::string& path, bool all);

}  // namespace sluice
