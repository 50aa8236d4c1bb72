#include "proxy/audit/spool_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

namespace sluice {
namespace {

// The same for every way that leads to the spool, links included.
std::string lock_path(const std::string& spool_path) {
  std::error_code error;
  const std::filesystem::path real = std::filesystem::weakly_canonical(spool_path, error);
  return (error ? spool_path : real.string()) + ".lock";
}

}  // namespace

Result<SpoolLock> SpoolLock::take(const std::string& spool_path) {
  const std::string path = lock_path(spool_path);
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0)
    return Error{"audit spool " + spool_path + ": cannot open " + path + ": " + std::strerror(errno) +
                 ": the folder must exist and be writable"};
  if (::flock(fd, LOCK_EX | LOCK_NB) == 0) return SpoolLock(fd);
  const int error = errno;
  ::close(fd);
  if (error == EWOULDBLOCK)
    return Error{"audit spool " + spool_path +
                 " is in use by another gate: stop it, or name another file in audit.spool"};
  return Error{"audit spool " + spool_path + ": cannot lock " + path + ": " + std::strerror(error)};
}

SpoolLock::SpoolLock(SpoolLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

SpoolLock& SpoolLock::operator=(SpoolLock&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}

SpoolLock::~SpoolLock() {
  if (fd_ >= 0) ::close(fd_);
}

}  // namespace sluice
