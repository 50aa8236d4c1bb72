#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "proxy/keys/sealed_store.h"

namespace sluice {

Result<StoreLock> StoreLock::wait(const std::string& store_path) {
  const std::string path = store_path + ".lock";
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0)
    return Error{"sealed key store " + store_path + ": cannot open " + path + ": " + std::strerror(errno) +
                 ": the folder must exist and be writable"};
  int done = 0;
  do {
    done = ::flock(fd, LOCK_EX);
  } while (done != 0 && errno == EINTR);
  if (done == 0) return StoreLock(fd);
  const int error = errno;
  ::close(fd);
  return Error{"sealed key store " + store_path + ": cannot lock " + path + ": " + std::strerror(error)};
}

StoreLock::StoreLock(StoreLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

StoreLock::~StoreLock() {
  if (fd_ >= 0) ::close(fd_);
}

}  // namespace sluice
