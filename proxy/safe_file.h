// safe_file: small files that are there whole or not at all: written beside their place, flushed onto the
// disk and moved there. Thread: any; one writer of a path at a time. Fails: with the path and the system's
// reason; what stood there before stays.
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>

#include "config/result.h"

namespace sluice {

// Refuses when the path exists.
Result<void> create_file(const std::string& path, std::string_view content, mode_t mode);
Result<void> replace_file(const std::string& path, std::string_view content, mode_t mode);

// A file under way that appears at its path when it is finished, and leaves nothing when it is not.
class PendingFile {
 public:
  static Result<PendingFile> begin(const std::string& path, mode_t mode);
  PendingFile(PendingFile&& other) noexcept;
  PendingFile& operator=(PendingFile&& other) = delete;
  ~PendingFile();
  Result<void> write(std::string_view content);
  Result<void> finish();         // replaces what is there
  Result<void> finish_as_new();  // refuses when the path exists

 private:
  PendingFile(std::string path, std::string pending, int fd)
      : path_(std::move(path)), pending_(std::move(pending)), fd_(fd) {}
  Error failed(const char* doing) const;
  Result<void> flush();

  std::string path_;
  std::string pending_;
  int fd_;
};

// Onto the disk: that a path is there, or gone.
void sync_folder_of(const std::string& path);

}  // namespace sluice
