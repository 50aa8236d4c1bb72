#include "proxy/gate/file_watcher.h"

namespace sluice {

namespace {

constexpr Millis kLookInterval{1'000};

}  // namespace

void FileWatcher::watch(std::vector<std::string> files, std::vector<FileStamp> stamps) {
  files_ = std::move(files);
  told_ = std::move(stamps);
  seen_ = told_;
  deadline_.set(loop_.deadlines(), kLookInterval);
}

void FileWatcher::on_deadline() {
  deadline_.set(loop_.deadlines(), kLookInterval);
  std::vector<FileStamp> now = stamp_files(files_);
  if (now != seen_) {  // still being written, perhaps
    seen_ = std::move(now);
    return;
  }
  if (now == told_) return;
  told_ = std::move(now);
  on_change_();
}

}  // namespace sluice
