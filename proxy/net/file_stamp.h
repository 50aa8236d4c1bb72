// FileStamp: what tells that a file has become another: which inode, how long, and when it was written.
// Follows symbolic links, so that a link that is turned to another folder (Kubernetes' ..data) counts as a
// change. Costs one stat(). Thread: any. Fails: a file that is not there has a stamp of its own, equal to no
// other.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace sluice {

struct FileStamp {
  bool exists = false;
  uint64_t device = 0, inode = 0;
  int64_t size = 0;
  int64_t modified_ns = 0, changed_ns = 0;  // since 1970; of the content, and of the inode
  bool operator==(const FileStamp&) const = default;
};

FileStamp stamp_file(const std::string& path);
std::vector<FileStamp> stamp_files(std::span<const std::string> paths);

}  // namespace sluice
