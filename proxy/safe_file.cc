#include "proxy/safe_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

namespace sluice {

Result<PendingFile> PendingFile::begin(const std::string& path, mode_t mode) {
  std::string pending = path + ".new";
  ::unlink(pending.c_str());  // of a process that ended half way
  const int fd = ::open(pending.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
  if (fd < 0) return Error{path + ": cannot make it: " + std::strerror(errno)};
  ::fchmod(fd, mode);  // whatever the umask
  return PendingFile(path, std::move(pending), fd);
}

PendingFile::PendingFile(PendingFile&& other) noexcept
    : path_(std::move(other.path_)), pending_(std::move(other.pending_)), fd_(std::exchange(other.fd_, -1)) {}

PendingFile::~PendingFile() {
  if (fd_ < 0) return;
  ::close(fd_);
  ::unlink(pending_.c_str());
}

Error PendingFile::failed(const char* doing) const {
  return {path_ + ": cannot " + doing + ": " + std::strerror(errno)};
}

Result<void> PendingFile::write(std::string_view content) {
  while (!content.empty()) {
    const ssize_t count = ::write(fd_, content.data(), content.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return failed("write it");
    content.remove_prefix(static_cast<size_t>(count));
  }
  return {};
}

Result<void> PendingFile::flush() {
  if (::fsync(fd_) != 0) return failed("write it");
  return {};
}

Result<void> PendingFile::finish() {
  if (auto done = flush(); !done) return done;
  if (::rename(pending_.c_str(), path_.c_str()) != 0) return failed("put it in place");
  ::close(std::exchange(fd_, -1));
  sync_folder_of(path_);
  return {};
}

Result<void> PendingFile::finish_as_new() {
  if (auto done = flush(); !done) return done;
  if (::link(pending_.c_str(), path_.c_str()) != 0) return failed("put it in place");
  ::unlink(pending_.c_str());
  ::close(std::exchange(fd_, -1));
  sync_folder_of(path_);
  return {};
}

Result<void> create_file(const std::string& path, std::string_view content, mode_t mode) {
  auto file = PendingFile::begin(path, mode);
  if (!file) return file.error();
  if (auto done = file->write(content); !done) return done;
  return file->finish_as_new();
}

Result<void> replace_file(const std::string& path, std::string_view content, mode_t mode) {
  auto file = PendingFile::begin(path, mode);
  if (!file) return file.error();
  if (auto done = file->write(content); !done) return done;
  return file->finish();
}

void sync_folder_of(const std::string& path) {
  const size_t slash = path.rfind('/');
  const std::string folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  const int fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return;
  ::fsync(fd);
  ::close(fd);
}

}  // namespace sluice
