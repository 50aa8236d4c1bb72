// SpoolLock: one process at a time writes a spool. An flock on PATH.lock, a file of its own because closing
// any descriptor of the database would drop SQLite's locks. The system lets go of it when the process ends,
// however it ends. Owner: who opens the spool to write. Fails: when another process holds it.
#pragma once

#include <string>

#include "config/result.h"

namespace sluice {

class SpoolLock {
 public:
  static Result<SpoolLock> take(const std::string& spool_path);
  SpoolLock(SpoolLock&& other) noexcept;
  SpoolLock& operator=(SpoolLock&& other) noexcept;
  ~SpoolLock();

 private:
  explicit SpoolLock(int fd) : fd_(fd) {}
  int fd_;
};

}  // namespace sluice
