#include "proxy/net/file_stamp.h"

#include <sys/stat.h>

namespace sluice {

namespace {

int64_t to_nanoseconds(const timespec& time) { return int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec; }

}  // namespace

FileStamp stamp_file(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) return {};
  return {true,
          info.st_dev,
          info.st_ino,
          info.st_size,
          to_nanoseconds(info.st_mtim),
          to_nanoseconds(info.st_ctim)};
}

std::vector<FileStamp> stamp_files(std::span<const std::string> paths) {
  std::vector<FileStamp> stamps;
  for (const std::string& path : paths) stamps.push_back(stamp_file(path));
  return stamps;
}

}  // namespace sluice
